module Core = Core_messages
module Message = Mycelium_wire.Message

let per_frame = 32
let max_entries = 4096

let rec batches ~size = function
  | [] -> []
  | all ->
      let rec split k taken = function
        | x :: rest when k > 0 -> split (k - 1) (x :: taken) rest
        | rest -> (List.rev taken, rest)
      in
      let batch, rest = split size [] all in
      batch :: batches ~size rest

(* A name longer than 64 bytes is cut at a character. *)
let cut name =
  if String.length name <= 64 then name
  else
    let rec boundary i =
      if i > 0 && Char.code name.[i] land 0xC0 = 0x80 then boundary (i - 1)
      else i
    in
    String.sub name 0 (boundary 64)

let of_messages (messages : Message.info list) =
  let order (a : Message.info) (b : Message.info) =
    Int.compare a.type_id b.type_id
  in
  let entry (i : Message.info) =
    Core.Message_summary.make ~type_id:i.type_id ~fingerprint:i.fingerprint
      ~name:(cut i.name)
    |> Result.to_option
  in
  let batches =
    match batches ~size:per_frame (List.filter_map entry (List.sort order messages)) with
    | [] -> [ [] ]
    | batches -> batches
  in
  let count = List.length batches in
  List.mapi
    (fun i batch ->
      let entries = Array.of_list batch and last = i = count - 1 in
      Core.Schema_summary.make_exn ~entries ~last)
    batches

type t = {
  mutable received : Differences.entry list;  (* The last one first. *)
  mutable count : int;
  mutable complete : bool;
}

let create () = { received = []; count = 0; complete = false }
let is_complete t = t.complete
let entries t = List.rev t.received

(* In ascending order each type id is there once. *)
let add_entry t (e : Core.Message_summary.t) =
  let ascending =
    match t.received with
    | last :: _ -> e.type_id > last.type_id
    | [] -> true
  in
  ascending && t.count < max_entries
  && begin
       let { Core.Message_summary.type_id; fingerprint; name } = e in
       t.count <- t.count + 1;
       t.received <- { Differences.type_id; fingerprint; name } :: t.received;
       true
     end

let add t (s : Core.Schema_summary.t) =
  let fine = Array.for_all (add_entry t) s.entries in
  t.complete <- s.last;
  fine
