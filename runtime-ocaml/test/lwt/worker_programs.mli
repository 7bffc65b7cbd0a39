(** What {!Test_worker.main} runs, with Lwt. *)

val programs : (string * (unit -> int)) list
