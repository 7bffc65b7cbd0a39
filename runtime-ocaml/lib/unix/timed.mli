(** Waiting for a condition, up to a moment.

    [Condition] has no such wait, and
    waking up now and then to look would poll. One thread of the process, made
    when it is first needed, sleeps until the next moment that any waiter gave
    and wakes that one. *)

val start : unit -> (unit, string) result
(** [start ()] makes the thread if there is none. The error is that of the
    system, which may lack files or threads. *)

val wait : Condition.t -> Mutex.t -> until:float -> unit
(** [wait c m ~until] is [Condition.wait c m] that also returns soon after
    {!Clock.now} is [until], if that is finite. As with that one, the caller
    looks again at what it waits for. {!start} must have been called. *)
