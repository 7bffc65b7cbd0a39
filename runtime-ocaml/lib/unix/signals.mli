(** [SIGTERM] and [SIGINT] as something that can be waited for.

    {!Worker.run} uses it, and that of [mycelium-lwt]. It does not matter which
    thread the system gives a signal to, nor what that thread is waiting for. *)

type t
(** Both signals, caught. *)

val catch : unit -> (t, string) result
(** [catch ()] catches the next one of them; the one after that ends the process
    as if nothing had been caught. The error is the system's, for want of files.
    @raise Invalid_argument if they are caught already: it is for a whole
    process. *)

val output : t -> Unix.file_descr
(** [output t] can be read once a signal has come, or {!interrupt} was called. *)

val interrupt : t -> unit
(** [interrupt t] makes {!output} readable. *)

val release : t -> unit
(** [release t] gives the signals back what they did before, and closes
    {!output}. *)
