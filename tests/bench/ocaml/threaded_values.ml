(* The style that passes an offset along, in pairs: a reader gives the value and
   the offset behind it, a writer the buffer and the offset behind what it
   wrote, each with the bounds checks of the standard library. A module of its
   own, as a program of that style has it; what ocamlopt inlines of it, it may.
   *)

let fail = By_hand.fail

(* {1 Readers} *)

let read_u8 s offset = (String.get_uint8 s offset, offset + 1)
let read_i8 s offset = (String.get_int8 s offset, offset + 1)
let read_u16 s offset = (String.get_uint16_le s offset, offset + 2)
let read_i32 s offset = (String.get_int32_le s offset, offset + 4)
let read_i64 s offset = (String.get_int64_le s offset, offset + 8)
let read_octets n s offset = (String.sub s offset n, offset + n)

let read_zeros n path s offset =
  for i = offset to offset + n - 1 do
    if s.[i] <> '\000' then fail "padding" path
  done;
  ((), offset + n)

let is_utf8 s =
  By_hand.utf8 (Bytes.unsafe_of_string s) 0 (String.length s)

let read_length bound path s offset =
  let length, offset = read_u16 s offset in
  if length > bound then fail "count" path;
  let (), offset = read_zeros 6 path s offset in
  (length, offset)

let read_string bound path s offset =
  let length, offset = read_length bound path s offset in
  let text, offset = read_octets length s offset in
  if not (is_utf8 text) then fail "utf8" path;
  let (), offset = read_zeros (bound - length) path s offset in
  (text, offset)

let read_list read count s offset =
  let rec go items count offset =
    if count = 0 then (Array.of_list (List.rev items), offset)
    else
      let item, offset = read s offset in
      go (item :: items) (count - 1) offset
  in
  go [] count offset

let read_slots slot bound path s offset =
  let count, offset = read_length bound path s offset in
  let items, offset = read_list (read_octets slot) count s offset in
  let (), offset = read_zeros ((bound - count) * slot) path s offset in
  (items, offset)

let read_option read gap size path s offset =
  let presence, offset = read_u8 s offset in
  if presence > 1 then fail "presence" path;
  let (), offset = read_zeros gap path s offset in
  if presence = 0 then
    let (), offset = read_zeros size path s offset in
    (None, offset)
  else
    let value, offset = read s offset in
    (Some value, offset)

(* {1 Writers} *)

let write_u8 b offset v =
  Bytes.set_uint8 b offset v;
  (b, offset + 1)

let write_i8 b offset v =
  Bytes.set_int8 b offset v;
  (b, offset + 1)

let write_u16 b offset v =
  Bytes.set_uint16_le b offset v;
  (b, offset + 2)

let write_i32 b offset v =
  Bytes.set_int32_le b offset (Int32.of_int v);
  (b, offset + 4)

let write_i64 b offset v =
  Bytes.set_int64_le b offset v;
  (b, offset + 8)

let write_zeros n b offset =
  Bytes.fill b offset n '\000';
  (b, offset + n)

let write_octets b offset s =
  Bytes.blit_string s 0 b offset (String.length s);
  (b, offset + String.length s)

let write_string bound b offset s =
  let b, offset = write_u16 b offset (String.length s) in
  let b, offset = write_zeros 6 b offset in
  let b, offset = write_octets b offset s in
  write_zeros (bound - String.length s) b offset

let write_slots slot bound b offset items =
  let count = Array.length items in
  let b, offset = write_u16 b offset count in
  let b, offset = write_zeros 6 b offset in
  let write (b, offset) item = write_octets b offset item in
  let b, offset = Array.fold_left write (b, offset) items in
  write_zeros ((bound - count) * slot) b offset

let write_option write gap size b offset = function
  | None -> write_zeros (1 + gap + size) b offset
  | Some value ->
      let b, offset = write_u8 b offset 1 in
      let b, offset = write_zeros gap b offset in
      write b offset value
