val tests : unit Alcotest.test_case list

val main : unit -> unit
(** [main ()] is the worker, if this process was made to be one. *)
