(** Lists of messages that two sides exchange to find what they have alike. *)

val of_messages :
  Mycelium_wire.Message.info list -> Core_messages.Schema_summary.t list
(** [of_messages messages] is what to send: in ascending type id, 32 a frame,
    at least one frame. *)

val batches : size:int -> 'a list -> 'a list list
(** [batches ~size l] is [l] in lists of at most [size]; none is empty. *)

(** {1 Receiving} *)

type t
(** What was received of a list. *)

val create : unit -> t
(** [create ()] is nothing yet. *)

val add : t -> Core_messages.Schema_summary.t -> bool
(** [add t s] takes the next frame. [false] if the list is longer than 4,096
    messages or not in ascending order. *)

val is_complete : t -> bool
(** [is_complete t] is [true] iff the last frame was taken. *)

val entries : t -> Differences.entry list
(** [entries t] is all of it. *)
