module Message = Mycelium_wire.Message

type t = {
  differ : string list;
  unknown_to_bridge : string list;
  unknown_to_client : string list;
}

type entry = { type_id : int; fingerprint : string; name : string }

(* What one side has, by type id. *)
let table entries =
  let found = Hashtbl.create 64 in
  List.iter (fun (type_id, fingerprint) ->
      Hashtbl.replace found type_id fingerprint)
    entries;
  found

let of_infos client =
  table (List.map (fun (i : Message.info) -> (i.type_id, i.fingerprint)) client)

let of_entries bridge =
  table (List.map (fun e -> (e.type_id, e.fingerprint)) bridge)

let sorted_infos client =
  let order (a : Message.info) (b : Message.info) =
    Int.compare a.type_id b.type_id
  in
  List.sort order client

let between ~client ~bridge =
  let ours = of_infos client and theirs = of_entries bridge in
  let client = sorted_infos client in
  let name (i : Message.info) = i.name in
  let differs (i : Message.info) =
    match Hashtbl.find_opt theirs i.type_id with
    | Some fingerprint -> fingerprint <> i.fingerprint
    | None -> false
  in
  let unknown (i : Message.info) = not (Hashtbl.mem theirs i.type_id) in
  let order (a : entry) b = Int.compare a.type_id b.type_id in
  {
    differ = List.map name (List.filter differs client);
    unknown_to_bridge = List.map name (List.filter unknown client);
    unknown_to_client =
      List.sort order bridge
      |> List.filter (fun (e : entry) -> not (Hashtbl.mem ours e.type_id))
      |> List.map (fun (e : entry) -> e.name);
  }

let shared ~client ~bridge =
  let theirs = of_entries bridge in
  sorted_infos client
  |> List.filter (fun (i : Message.info) ->
         Hashtbl.find_opt theirs i.type_id = Some i.fingerprint)
  |> List.map (fun (i : Message.info) -> i.type_id)

let is_empty t =
  t.differ = [] && t.unknown_to_bridge = [] && t.unknown_to_client = []

let spelled_out = 8

let rec first n = function
  | x :: rest when n > 0 -> x :: first (n - 1) rest
  | _ -> []

let part names words =
  let each = List.map (fun name -> name ^ words) (first spelled_out names) in
  match List.length names - spelled_out with
  | more when more > 0 -> each @ [ Printf.sprintf "%d more%s" more words ]
  | _ -> each

let to_string t =
  if is_empty t then "no message differs, only the digest of the contract does"
  else
    String.concat "; "
      (part t.differ " differs"
      @ part t.unknown_to_bridge " is unknown to the bridge"
      @ part t.unknown_to_client " is unknown to this client")
