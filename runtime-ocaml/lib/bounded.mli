(** A queue that is bounded in frames and in bytes.

    Pure: waiting is left to whoever uses it. Not for use by two threads at
    once. *)

(** What happens when there is no room. *)
type policy =
  | Block
      (** Nothing more is read from the connection until there is: it slows
          the bridge, and every subscriber of the same connection. *)
  | Drop_oldest  (** The oldest frame is dropped, and counted. *)
  | Drop_newest  (** The new frame is dropped, and counted. *)
  | Disconnect  (** The subscriber is closed. *)

type 'a t
(** A queue. *)

val create : frames:int -> bytes:int -> policy -> 'a t
(** [create ~frames ~bytes policy] is empty.
    @raise Invalid_argument unless both bounds are positive. *)

val has_room : 'a t -> size:int -> bool
(** [has_room t ~size] is [true] iff one more of [size] bytes is within the
    bounds. One that is larger than the bound has room in an empty queue. *)

val push : 'a t -> size:int -> 'a -> unit
(** [push t ~size v] adds [v], whether there is room or not. *)

val make_room : 'a t -> size:int -> unit
(** [make_room t ~size] drops the oldest until there is room, and counts
    them. *)

val count_dropped : 'a t -> unit
(** [count_dropped t] counts one that was not pushed. *)

val take : 'a t -> 'a
(** [take t] is the oldest, and takes it.
    @raise Invalid_argument if [t] is empty. *)

val is_empty : 'a t -> bool
(** [is_empty t] is [true] iff [length t = 0]. *)

val length : 'a t -> int
(** [length t] is the number of values in it. *)

val bytes : 'a t -> int
(** [bytes t] is the sum of their sizes. *)

val dropped : 'a t -> int
(** [dropped t] is how many were dropped by now. *)

val policy : 'a t -> policy
(** [policy t] is as it was created with. *)

val limit : 'a t -> int
(** [limit t] is the bound in frames. *)
