(** The log source [mycelium]. *)

include Logs.LOG

val src : Logs.src
(** [src] is the source. *)
