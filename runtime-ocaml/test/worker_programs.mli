(** What {!Test_worker.main} runs, with threads. *)

val programs : (string * (unit -> int)) list
