module Table = Hashtbl.Make (struct
  type t = int

  let equal = Int.equal
  let hash (i : int) = i
end)

type interest = All | Types of int list

type 'a t = {
  mutable members : (interest * 'a) list;  (* The newest one first. *)
  by_type : 'a list Table.t;  (* Of the types that any asked for by id. *)
  mutable of_all : 'a list;
  mutable asked_all : bool;  (* The bridge sends everything. *)
  mutable last : int;  (* A cache of the last look-up. *)
  mutable last_found : 'a list;
}

let create () =
  {
    members = [];
    by_type = Table.create 16;
    of_all = [];
    asked_all = false;
    last = -1;
    last_found = [];
  }

let types_of t =
  List.concat_map
    (function All, _ -> [] | Types ids, _ -> ids)
    t.members
  |> List.sort_uniq Int.compare

let index t =
  let oldest_first = List.rev t.members in
  let wants type_id (interest, _) =
    match interest with All -> true | Types ids -> List.mem type_id ids
  in
  let get keep = List.map snd (List.filter keep oldest_first) in
  Table.reset t.by_type;
  List.iter
    (fun type_id -> Table.replace t.by_type type_id (get (wants type_id)))
    (types_of t);
  t.of_all <- get (fun (interest, _) -> interest = All);
  t.last <- -1

let wanted t =
  t.asked_all <- t.of_all <> [];
  if t.asked_all then All else Types (types_of t)

let add t interest v =
  t.members <- (interest, v) :: t.members;
  if interest = All then t.asked_all <- true;
  index t

(* To give up All is to give up everything, and what is published before types
   are asked for again would be missed. So All goes on until nothing is left. *)
let remove t v =
  let types = types_of t in
  t.members <- List.filter (fun (_, member) -> member != v) t.members;
  index t;
  if t.asked_all then
    if t.members = [] then begin
      t.asked_all <- false;
      Some All
    end
    else None
  else
    let left = types_of t in
    match List.filter (fun id -> not (List.mem id left)) types with
    | [] -> None
    | gone -> Some (Types gone)

let find t type_id =
  if type_id = t.last then t.last_found
  else begin
    let found =
      match Table.find t.by_type type_id with
      | found -> found
      | exception Not_found -> t.of_all
    in
    t.last <- type_id;
    t.last_found <- found;
    found
  end

let iter t f = List.iter (fun (_, v) -> f v) t.members
