(** Which subscribers get a frame, and what that asks of the bridge.

    Not for use by two threads at once. *)

type 'a t
(** A table of subscribers. *)

(** What a subscriber wants. *)
type interest = All | Types of int list

val create : unit -> 'a t
(** [create ()] has no subscriber. *)

val add : 'a t -> interest -> 'a -> unit
(** [add t interest v] adds a subscriber. *)

val remove : 'a t -> 'a -> interest option
(** [remove t v] takes [v] out (compared by address). It is what the bridge
    need not send any more, if anything: once all was asked for, everything, and
    only when nobody is left. *)

val find : 'a t -> int -> 'a list
(** [find t type_id] is who gets frames of this type. *)

val iter : 'a t -> ('a -> unit) -> unit
(** [iter t f] is [f] of every subscriber. *)

val wanted : 'a t -> interest
(** [wanted t] is what all of them want, to be asked for on a new connection. *)
