(* The style that passes an offset along, in pairs: a reader gives the value and
   the offset behind it, a writer the buffer and the offset behind what it
   wrote, each with the bounds checks of [Bytes]. The same layout and the same
   checks. *)

open Shapes

let fail = By_hand.fail

(* {1 Readers} *)

let read_u8 b offset = (Bytes.get_uint8 b offset, offset + 1)
let read_i8 b offset = (Bytes.get_int8 b offset, offset + 1)
let read_u16 b offset = (Bytes.get_uint16_le b offset, offset + 2)
let read_i32 b offset = (Bytes.get_int32_le b offset, offset + 4)
let read_i64 b offset = (Bytes.get_int64_le b offset, offset + 8)
let read_octets n b offset = (Bytes.sub_string b offset n, offset + n)

let read_zeros n path b offset =
  for i = offset to offset + n - 1 do
    if Bytes.get b i <> '\000' then fail "padding" path
  done;
  ((), offset + n)

let is_utf8 s =
  By_hand.utf8 (Bytes.unsafe_of_string s) 0 (String.length s)

let read_length bound path b offset =
  let length, offset = read_u16 b offset in
  if length > bound then fail "count" path;
  let (), offset = read_zeros 6 path b offset in
  (length, offset)

let read_string bound path b offset =
  let length, offset = read_length bound path b offset in
  let s, offset = read_octets length b offset in
  if not (is_utf8 s) then fail "utf8" path;
  let (), offset = read_zeros (bound - length) path b offset in
  (s, offset)

let read_list read count b offset =
  let rec go items count offset =
    if count = 0 then (Array.of_list (List.rev items), offset)
    else
      let item, offset = read b offset in
      go (item :: items) (count - 1) offset
  in
  go [] count offset

let read_slots slot bound path b offset =
  let count, offset = read_length bound path b offset in
  let items, offset = read_list (read_octets slot) count b offset in
  let (), offset = read_zeros ((bound - count) * slot) path b offset in
  (items, offset)

let read_option read gap size path b offset =
  let presence, offset = read_u8 b offset in
  if presence > 1 then fail "presence" path;
  let (), offset = read_zeros gap path b offset in
  if presence = 0 then
    let (), offset = read_zeros size path b offset in
    (None, offset)
  else
    let value, offset = read b offset in
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

(* {1 Messages} *)

let decode read size b ~pos ~len =
  match
    if len <> size then fail "length" "";
    let value, offset = read b pos in
    assert (offset = pos + size);
    value
  with
  | value -> Ok value
  | exception By_hand.Invalid fault -> Error fault

let encode_text t b ~pos =
  let b, offset = write_string 32 b pos t.sender in
  let b, offset = write_string 256 b offset t.content in
  let b, offset = write_i64 b offset t.timestamp in
  assert (Bytes.length b >= offset && offset = pos + 312)

let read_text b offset =
  let sender, offset = read_string 32 "sender" b offset in
  if sender = "" then fail "rule:not_empty" "sender";
  let content, offset = read_string 256 "content" b offset in
  if content = "" then fail "rule:not_empty" "content";
  let timestamp, offset = read_i64 b offset in
  ({ sender; content; timestamp }, offset)

let decode_text b ~pos ~len = decode read_text 312 b ~pos ~len

let encode_counter t b ~pos =
  let b, offset = write_i64 b pos t.counter_id in
  let b, offset = write_i32 b offset t.value in
  let b, offset = write_i32 b offset t.delta in
  assert (Bytes.length b >= offset && offset = pos + 16)

let read_counter b offset =
  let counter_id, offset = read_i64 b offset in
  let value, offset = read_i32 b offset in
  let delta, offset = read_i32 b offset in
  ( { counter_id; value = Int32.to_int value; delta = Int32.to_int delta },
    offset )

let decode_counter b ~pos ~len = decode read_counter 16 b ~pos ~len

let encode_batch t b ~pos =
  let b, offset = write_i64 b pos t.operation_id in
  let b, offset = write_slots 20 10 b offset t.items in
  let b, offset = write_i32 b offset t.total_count in
  let b, offset = write_zeros 4 b offset in
  assert (Bytes.length b >= offset && offset = pos + 224)

let read_batch b offset =
  let operation_id, offset = read_i64 b offset in
  let items, offset = read_slots 20 10 "items" b offset in
  if Array.length items < 1 then fail "rule:min_length" "items";
  let total_count, offset = read_i32 b offset in
  let (), offset = read_zeros 4 "total_count" b offset in
  let total_count = Int32.to_int total_count land 0xFFFF_FFFF in
  ({ operation_id; items; total_count }, offset)

let decode_batch b ~pos ~len = decode read_batch 224 b ~pos ~len

let write_price b offset { mantissa; exponent } =
  let b, offset = write_i64 b offset mantissa in
  let b, offset = write_i8 b offset exponent in
  write_zeros 7 b offset

let encode_order t b ~pos =
  let b, offset = write_octets b pos t.client_order_id in
  let b, offset = write_string 12 b offset t.symbol in
  let b, offset = write_u8 b offset (match t.side with Buy -> 1 | Sell -> 2) in
  let b, offset = write_zeros 3 b offset in
  let b, offset = write_option write_price 7 16 b offset t.limit in
  let b, offset = write_i64 b offset t.quantity in
  let b, offset = write_slots 3 3 b offset t.tags in
  let b, offset = write_zeros 1 b offset in
  let b, offset = write_option write_octets 0 32 b offset t.notional_wei in
  let b, offset = write_zeros 5 b offset in
  assert (Bytes.length b >= offset && offset = pos + 128)

let read_price b offset =
  let mantissa, offset = read_i64 b offset in
  let exponent, offset = read_i8 b offset in
  if exponent > 18 then fail "rule:max" "limit.exponent";
  if exponent < -18 then fail "rule:min" "limit.exponent";
  let (), offset = read_zeros 7 "limit.exponent" b offset in
  ({ mantissa; exponent }, offset)

let read_side b offset =
  let side, offset = read_u8 b offset in
  match side with
  | 1 -> (Buy, offset)
  | 2 -> (Sell, offset)
  | _ -> fail "enum" "side"

let read_order b offset =
  let client_order_id, offset = read_octets 16 b offset in
  if client_order_id = String.make 16 '\000' then
    fail "rule:not_zero" "client_order_id";
  let symbol, offset = read_string 12 "symbol" b offset in
  let side, offset = read_side b offset in
  let (), offset = read_zeros 3 "side" b offset in
  let limit, offset = read_option read_price 7 16 "limit" b offset in
  let quantity, offset = read_i64 b offset in
  if quantity < 0L || quantity > 1_000_000_000L then
    fail "rule:max" "quantity";
  if quantity = 0L then fail "rule:min" "quantity";
  let tags, offset = read_slots 3 3 "tags" b offset in
  let (), offset = read_zeros 1 "tags" b offset in
  let notional_wei, offset =
    read_option (read_octets 32) 0 32 "notional_wei" b offset
  in
  let (), offset = read_zeros 5 "notional_wei" b offset in
  ( { client_order_id; symbol; side; limit; quantity; tags; notional_wei },
    offset )

let decode_order b ~pos ~len = decode read_order 128 b ~pos ~len
