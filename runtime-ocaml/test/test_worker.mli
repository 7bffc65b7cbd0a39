(** The tests of [Worker], whichever: the worker is this very program with one
    argument. *)

val main : (string * (unit -> int)) list -> unit
(** [main programs] is one of these, and its exit code, if the argument names it:
    - ["worker"] answers each message, and says 99 when it is stopped;
    - ["shared"] the same, but another contract is fine;
    - ["threads"] the same, with more threads;
    - ["raises"] receives, and raises what fails;
    - ["floods"] publishes without end, ["flushes"] more than a socket holds and
      then waits for it to be written, both with a drain limit of 0.05 s;
    - ["stubborn"] answers, says 98 when it is stopped, and does not end. *)

val reconnect : Mycelium.Backoff.t
(** [reconnect] is for these. *)

val tests : unit Alcotest.test_case list
