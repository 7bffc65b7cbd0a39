(** Waiting, reading, and what is done with what was read.

    Whoever waits for a message waits for the socket itself: a thread in
    {!await} reads, hands out what came, and returns when its own wish is
    fulfilled (a leader); others that wait meanwhile (followers) are woken by
    it, and one of them leads next. So a message costs no switch of threads.

    The background thread reads while nobody waits, so that heartbeats are
    answered whatever the program does. It leaves the socket to leaders as long
    as there was one in the last hundredth of a second, then takes over; while
    a leader waits it does not run. *)

val await : Link.t -> Condition.t -> (unit -> bool) -> until:float -> bool
(** [await t c ready ~until] waits until [ready ()], and is [false] iff that
    took longer than [until]. [c] is signalled when [ready] may have changed.
    The lock is held before, after, and in [ready]. *)

val start : Link.t -> (unit, Mycelium.Failure.t) result
(** [start t] connects. The handshake is still to be made: {!await} does.
    Nothing holds the lock. *)

val background : Link.t -> unit
(** [background t] is what the background thread does, until the end. *)

val close : Link.t -> unit
(** [close t] begins the end. The lock is held. *)
