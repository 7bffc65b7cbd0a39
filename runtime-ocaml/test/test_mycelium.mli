(** Runs all suites; exports nothing. *)
