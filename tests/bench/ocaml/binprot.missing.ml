(* Where bin_prot is not installed: the benchmark still compiles, without its
   lanes. *)

let name = "bin_prot"
let no_lanes _ : Rounds.lane list = []
let encode_text = no_lanes
let decode_text = no_lanes
let encode_counter = no_lanes
let decode_counter = no_lanes
let encode_batch = no_lanes
let decode_batch = no_lanes
let encode_order = no_lanes
let decode_order = no_lanes
