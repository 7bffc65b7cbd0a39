(** The log source [mycelium.lwt]. *)

include Logs.LOG
