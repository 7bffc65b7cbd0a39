external now : unit -> (float[@unboxed])
  = "mycelium_clock" "mycelium_clock_unboxed"
  [@@noalloc]
