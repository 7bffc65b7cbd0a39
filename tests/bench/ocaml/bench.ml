(* [bench [--quick] [--strict] [FILTER]]: every lane of the matrix in
   interleaved rounds, as Markdown: nanoseconds, words allocated, ours as a
   ratio of each, and the goals. [--strict] fails when a goal is not met. *)

open Rounds
open Lanes

let verdict ~noise ratio goal =
  if ratio <= goal then "met"
  else if ratio <= goal *. (1. +. noise) then "met within noise"
  else "not met"

(* About a clock cycle, in nanoseconds. *)
let cycle = 0.3

(* Two lanes of the same code differ by chance (where the linker puts them,
   what the machine does), and times come in clock cycles: a ratio is as good
   as it gets to that precision. *)
let noise times own =
  Float.max (cycle /. own) @@
  match (List.assoc_opt by_hand times, List.assoc_opt by_hand_again times) with
  | Some one, Some other ->
      let spread = Float.max (one /. other) (other /. one) -. 1. in
      Float.min 0.1 (Float.max 0.02 spread)
  | _ -> 0.02

let report group costs =
  let rows = List.combine group.lanes costs in
  let time ((lane : lane), cost) = (lane.name, cost.nanoseconds) in
  let times = List.map time rows in
  let own = List.assoc ours times in
  let noise = noise times own in
  Printf.printf "### %s\n\n" group.name;
  print_string "| lane | bytes | ns | words | ours / lane | goal | |\n";
  print_string "| --- | ---: | ---: | ---: | ---: | ---: | --- |\n";
  let row unmet ((lane : lane), cost) =
    let ratio = own /. cost.nanoseconds in
    let goal, verdict =
      match List.find_opt (fun g -> g.against = lane.name) group.goals with
      | None -> ("", "")
      | Some goal ->
          (Printf.sprintf "%.2f" goal.ratio, verdict ~noise ratio goal.ratio)
    in
    Printf.printf "| %s | %d | %.2f | %.1f | %.2f | %s | %s |\n" lane.name
      lane.bytes cost.nanoseconds cost.minor_words ratio goal verdict;
    if verdict = "not met" then unmet + 1 else unmet
  in
  let unmet = List.fold_left row 0 rows in
  print_newline ();
  unmet

let contains s part =
  let last = String.length s - String.length part in
  let rec at i =
    i <= last && (String.sub s i (String.length part) = part || at (i + 1))
  in
  at 0

(* Reads through a view may not allocate where the values are [int]s. *)
let report_views () =
  print_string "### View reads\n\n";
  print_string "| read | ns | words | |\n| --- | ---: | ---: | --- |\n";
  let unmet = ref 0 in
  List.iter2
    (fun (lane : lane) cost ->
      let met = cost.minor_words = 0. in
      if not met then incr unmet;
      Printf.printf "| %s | %.2f | %.1f | %s |\n" lane.name cost.nanoseconds
        cost.minor_words
        (if met then "met: no allocation" else "not met: allocates"))
    Views.lanes
    (minima ~rounds:50 Views.lanes);
  print_newline ();
  !unmet

let () =
  let rounds = ref 1_000 and strict = ref false and filter = ref "" in
  Array.iteri
    (fun i argument ->
      match argument with
      | _ when i = 0 -> ()
      | "--quick" -> rounds := 100
      | "--strict" -> strict := true
      | _ -> filter := argument)
    Sys.argv;
  let unmet =
    List.fold_left
      (fun unmet group ->
        if contains group.name !filter then
          unmet + report group (minima ~rounds:!rounds group.lanes)
        else unmet)
      0 Matrix.groups
  in
  let unmet = unmet + report_views () in
  Printf.printf "OCaml: %d goals not met.\n" unmet;
  if !strict && unmet > 0 then exit 1
