type t = int64

external of_int64 : int64 -> t = "%identity"
external to_int64 : t -> int64 = "%identity"

let zero = 0L
let one = 1L
let max_value = -1L

(* Adding 2^63 turns the unsigned order into the signed one. *)
let ge (a : t) (b : t) = Int64.sub a Int64.min_int >= Int64.sub b Int64.min_int
let equal (a : t) (b : t) = a = b
let compare (a : t) (b : t) = if equal a b then 0 else if ge a b then 1 else -1
let hash (t : t) = Hashtbl.hash t
let of_int i = if i < 0 then None else Some (Int64.of_int i)

let of_int_exn i =
  if i < 0 then invalid_arg "Mycelium_wire.U64.of_int_exn: negative";
  Int64.of_int i

let to_int (t : t) =
  if t >= 0L && t <= Int64.of_int max_int then Some (Int64.to_int t) else None

let all_from start is_digit s =
  let ok = ref (String.length s > start) in
  for i = start to String.length s - 1 do
    ok := !ok && is_digit s.[i]
  done;
  !ok

let is_decimal = function '0' .. '9' -> true | _ -> false

let is_hexadecimal = function
  | '0' .. '9' | 'a' .. 'f' | 'A' .. 'F' -> true
  | _ -> false

let of_string s =
  if String.length s > 2 && s.[0] = '0' && s.[1] = 'x' then
    if all_from 2 is_hexadecimal s then Int64.of_string_opt s else None
  else if all_from 0 is_decimal s then Int64.of_string_opt ("0u" ^ s)
  else None

let to_string t = Printf.sprintf "%Lu" t
let to_hex t = Printf.sprintf "0x%Lx" t
let pp ppf t = Format.pp_print_string ppf (to_string t)
