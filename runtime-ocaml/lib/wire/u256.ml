(* 32 bytes, least significant first. *)
type t = string

let size = 32
let zero = String.make size '\000'
let one = "\001" ^ String.make (size - 1) '\000'
let max_value = String.make size '\255'
let equal = String.equal
let hash (t : t) = Hashtbl.hash t

let compare_at b p s =
  let s = Bytes.unsafe_of_string s in
  let i = ref (size - 8) in
  while !i > 0 && Runtime.get_i64 b (p + !i) = Runtime.get_i64 s !i do
    i := !i - 8
  done;
  U64.compare (Runtime.get_u64 b (p + !i)) (Runtime.get_u64 s !i)

let compare_bytes t s = compare_at (Bytes.unsafe_of_string t) 0 s
let compare = compare_bytes
let get b p = Runtime.get_octets b p ~len:size
let peek b p = Runtime.peek_octets b p ~len:size
let set b p t = Runtime.set_octets b p t
let of_bytes_le s = if String.length s = size then Some s else None
let to_bytes_le t = t

let of_u64 v =
  let b = Bytes.make size '\000' in
  Runtime.set_u64 b 0 v;
  Bytes.unsafe_to_string b

let to_u64 t =
  let b = Bytes.unsafe_of_string t in
  if Runtime.is_zero b 8 (size - 8) then Some (Runtime.get_u64 b 0) else None

let of_int i = Option.map of_u64 (U64.of_int i)

let of_int_exn i =
  if i < 0 then invalid_arg "Mycelium_wire.U256.of_int_exn: negative";
  of_u64 (U64.of_int_exn i)

let to_int t = Option.bind (to_u64 t) U64.to_int

(* [b] times [base] plus [digit], in place; what does not fit. *)
let push b base digit =
  let carry = ref digit in
  for i = 0 to (size / 4) - 1 do
    let v = (Runtime.get_u32 b (4 * i) * base) + !carry in
    Runtime.set_u32 b (4 * i) v;
    carry := v lsr 32
  done;
  !carry

let digit base c =
  let v =
    match c with
    | '0' .. '9' -> Char.code c - Char.code '0'
    | 'a' .. 'f' -> Char.code c - Char.code 'a' + 10
    | 'A' .. 'F' -> Char.code c - Char.code 'A' + 10
    | _ -> base
  in
  if v < base then Some v else None

let of_digits base start s =
  let b = Bytes.make size '\000' in
  let rec go i =
    if i = String.length s then Some (Bytes.unsafe_to_string b)
    else
      match digit base s.[i] with
      | Some d when push b base d = 0 -> go (i + 1)
      | _ -> None
  in
  if start < String.length s then go start else None

let of_string s =
  if String.length s >= 2 && s.[0] = '0' && s.[1] = 'x' then of_digits 16 2 s
  else of_digits 10 0 s

(* [b] divided by [base], in place; the remainder. *)
let pop b base =
  let remainder = ref 0 in
  for i = (size / 4) - 1 downto 0 do
    let v = (!remainder lsl 32) lor Runtime.get_u32 b (4 * i) in
    Runtime.set_u32 b (4 * i) (v / base);
    remainder := v mod base
  done;
  !remainder

let to_digits base t =
  let b = Bytes.of_string t in
  let rec go digits =
    let digits = String.make 1 "0123456789abcdef".[pop b base] :: digits in
    if Runtime.is_zero b 0 size then String.concat "" digits else go digits
  in
  go []

let to_string t = to_digits 10 t
let to_hex t = "0x" ^ to_digits 16 t
let pp ppf t = Format.pp_print_string ppf (to_string t)
