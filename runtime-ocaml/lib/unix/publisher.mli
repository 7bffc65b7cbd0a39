(** Sending messages of one type.

    Messages of one thread arrive in the order in which it published them.
    Publishing one by one is fast: messages that follow each other closely go
    out in one write, and one that comes alone goes out at once. *)

type 'a t
(** A publisher of messages of type ['a]. May be shared by threads. *)

val create :
  Transport.t ->
  (module Mycelium.Message.S with type t = 'a) ->
  ('a t, Mycelium.Failure.t) result
(** [create transport (module Messages.Text_message)] is a publisher. The errors
    are {!Mycelium.Failure.Other_contract}, [Not_shared], [Too_large], and why
    [transport] has ended. *)

val create_exn :
  Transport.t -> (module Mycelium.Message.S with type t = 'a) -> 'a t
(** [create_exn] is {!create}.
    @raise Mycelium.Failure.Failed where that has an error. *)

val publish : 'a t -> 'a -> (unit, Mycelium.Failure.t) result
(** [publish t m] sends [m]. It blocks while as much as may be is waiting to be
    sent, and so also while the connection is lost for long. [Ok] says that [m]
    was queued in order, not that the bridge has it.
    @raise Invalid_argument
      if an array of [m] was written to and is not valid any more. *)

val publish_exn : 'a t -> 'a -> unit
(** [publish_exn] is {!publish}.
    @raise Mycelium.Failure.Failed where that has an error. *)

val publish_timeout :
  'a t -> seconds:float -> 'a -> (unit, Mycelium.Failure.t) result
(** [publish_timeout t ~seconds m] is {!publish} that blocks so long at most;
    the error is then {!Mycelium.Failure.Timeout}, and [m] was not sent. *)

val try_publish : 'a t -> 'a -> (unit, Mycelium.Failure.t) result
(** [try_publish t m] is {!publish} that does not block; the error is then
    {!Mycelium.Failure.Full}, and [m] was not sent. *)
