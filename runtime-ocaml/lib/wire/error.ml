type code =
  | Length
  | Presence
  | Padding
  | Count
  | Utf8
  | Bool
  | Enum
  | Nan
  | Range
  | Rule of string

let code_to_string = function
  | Length -> "length"
  | Presence -> "presence"
  | Padding -> "padding"
  | Count -> "count"
  | Utf8 -> "utf8"
  | Bool -> "bool"
  | Enum -> "enum"
  | Nan -> "nan"
  | Range -> "range"
  | Rule name -> "rule:" ^ name

type t = { code : code; path : string }

exception Invalid of t

let equal a b =
  String.equal a.path b.path
  && String.equal (code_to_string a.code) (code_to_string b.code)

let to_string { code; path } =
  if path = "" then code_to_string code
  else code_to_string code ^ " at " ^ path

let pp ppf e = Format.pp_print_string ppf (to_string e)

let () =
  Printexc.register_printer (function
    | Invalid e -> Some ("Mycelium_wire.Error.Invalid: " ^ to_string e)
    | _ -> None)

let[@inline never] fail code path = raise_notrace (Invalid { code; path })

(* [inner] is empty, begins with an index, or begins with a field. *)
let join outer inner =
  if inner = "" || inner.[0] = '[' || outer = "" then outer ^ inner
  else outer ^ "." ^ inner

let[@inline never] fail_under path { code; path = inner } =
  fail code (join path inner)

let[@inline never] fail_at path i { code; path = inner } =
  fail code (join (path ^ "[" ^ string_of_int i ^ "]") inner)
