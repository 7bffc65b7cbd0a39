(** A clock that never goes back. *)

external now : unit -> (float[@unboxed])
  = "mycelium_clock" "mycelium_clock_unboxed"
  [@@noalloc]
(** [now ()] is seconds since some moment. *)
