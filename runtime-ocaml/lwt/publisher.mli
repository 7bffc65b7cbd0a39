(** Sending messages of one type. Messages that are published before Lwt waits
    for something go out in one write. *)

type 'a t
(** A publisher of messages of type ['a]. *)

val create :
  Transport.t ->
  (module Mycelium.Message.S with type t = 'a) ->
  ('a t, Mycelium.Failure.t) result
(** [create transport (module Messages.Text_message)] is a publisher. The errors
    are {!Mycelium.Failure.Other_contract}, [Not_shared], [Too_large], and why
    [transport] has ended. *)

val publish : 'a t -> 'a -> (unit, Mycelium.Failure.t) result Lwt.t
(** [publish t m] sends [m]. It waits while as much as may be is waiting to be
    sent. [Ok] says that [m] was queued in order, not that the bridge has it. A
    wait that is cancelled has sent nothing. *)

val publish_timeout :
  'a t -> seconds:float -> 'a -> (unit, Mycelium.Failure.t) result Lwt.t
(** [publish_timeout t ~seconds m] is {!publish} that waits so long at most; the
    error is then {!Mycelium.Failure.Timeout}, and [m] was not sent. *)

val try_publish : 'a t -> 'a -> (unit, Mycelium.Failure.t) result
(** [try_publish t m] is {!publish} that does not wait; the error is then
    {!Mycelium.Failure.Full}, and [m] was not sent. *)
