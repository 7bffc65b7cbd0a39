type lane = { name : string; bytes : int; run : place:int -> int -> unit }
type cost = { nanoseconds : float; minor_words : float }

external clock : unit -> int = "bench_clock" [@@noalloc]

let batch = 100_000 (* nanoseconds *)

let places = 16

(* All alignments to 8 bytes within a cache line, spread over some pages. *)
let offset place = place * (1024 + 72)

let time lane ~place count =
  let start = clock () in
  lane.run ~place count;
  clock () - start

(* How many operations take about a batch. The fastest of some tries: one that
   was interrupted would make batches so short that reading the clock is most
   of them. *)
let rec calibrate lane count =
  let tries = List.init 5 (fun place -> time lane ~place count) in
  let taken = List.fold_left min max_int tries in
  if taken < batch / 4 then calibrate lane (2 * count)
  else max 1 (count * batch / max 1 taken)

let words lane =
  let count = 1_000 in
  let before = Gc.minor_words () in
  lane.run ~place:0 count;
  let after = Gc.minor_words () in
  (* The boxed float of [Gc.minor_words] itself is three words. *)
  Float.max 0. ((after -. before -. 3.) /. float_of_int count)

let minima ~rounds lanes =
  let lanes = Array.of_list lanes in
  let lane_count = Array.length lanes in
  let counts = Array.map (fun lane -> calibrate lane 1) lanes in
  let best = Array.make lane_count infinity in
  for round = 1 to rounds do
    for step = 0 to lane_count - 1 do
      let i = (round + step) mod lane_count in
      let place = round mod places in
      let taken = float_of_int (time lanes.(i) ~place counts.(i)) in
      best.(i) <- Float.min best.(i) (taken /. float_of_int counts.(i))
    done
  done;
  Array.to_list
    (Array.mapi
       (fun i lane ->
         { nanoseconds = best.(i); minor_words = words lane })
       lanes)
