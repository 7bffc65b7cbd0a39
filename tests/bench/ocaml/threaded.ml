(* The messages in the style of {!Threaded_values}: the same layout and the same
   checks as everywhere. *)

open Shapes
open Threaded_values

let decode read size b ~pos ~len =
  match
    if len <> size then fail "length" "";
    let value, offset = read (Bytes.unsafe_to_string b) pos in
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

let read_text s offset =
  let sender, offset = read_string 32 "sender" s offset in
  if sender = "" then fail "rule:not_empty" "sender";
  let content, offset = read_string 256 "content" s offset in
  if content = "" then fail "rule:not_empty" "content";
  let timestamp, offset = read_i64 s offset in
  ({ sender; content; timestamp }, offset)

let decode_text b ~pos ~len = decode read_text 312 b ~pos ~len

let encode_counter t b ~pos =
  let b, offset = write_i64 b pos t.counter_id in
  let b, offset = write_i32 b offset t.value in
  let b, offset = write_i32 b offset t.delta in
  assert (Bytes.length b >= offset && offset = pos + 16)

let read_counter s offset =
  let counter_id, offset = read_i64 s offset in
  let value, offset = read_i32 s offset in
  let delta, offset = read_i32 s offset in
  ( { counter_id; value = Int32.to_int value; delta = Int32.to_int delta },
    offset )

let decode_counter b ~pos ~len = decode read_counter 16 b ~pos ~len

let encode_batch t b ~pos =
  let b, offset = write_i64 b pos t.operation_id in
  let b, offset = write_slots 20 10 b offset t.items in
  let b, offset = write_i32 b offset t.total_count in
  let b, offset = write_zeros 4 b offset in
  assert (Bytes.length b >= offset && offset = pos + 224)

let read_batch s offset =
  let operation_id, offset = read_i64 s offset in
  let items, offset = read_slots 20 10 "items" s offset in
  if Array.length items < 1 then fail "rule:min_length" "items";
  let total_count, offset = read_i32 s offset in
  let (), offset = read_zeros 4 "total_count" s offset in
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

let read_price s offset =
  let mantissa, offset = read_i64 s offset in
  let exponent, offset = read_i8 s offset in
  if exponent > 18 then fail "rule:max" "limit.exponent";
  if exponent < -18 then fail "rule:min" "limit.exponent";
  let (), offset = read_zeros 7 "limit.exponent" s offset in
  ({ mantissa; exponent }, offset)

let read_side s offset =
  let side, offset = read_u8 s offset in
  match side with
  | 1 -> (Buy, offset)
  | 2 -> (Sell, offset)
  | _ -> fail "enum" "side"

let read_order s offset =
  let client_order_id, offset = read_octets 16 s offset in
  if client_order_id = String.make 16 '\000' then
    fail "rule:not_zero" "client_order_id";
  let symbol, offset = read_string 12 "symbol" s offset in
  let side, offset = read_side s offset in
  let (), offset = read_zeros 3 "side" s offset in
  let limit, offset = read_option read_price 7 16 "limit" s offset in
  let quantity, offset = read_i64 s offset in
  if quantity < 0L || quantity > 1_000_000_000L then
    fail "rule:max" "quantity";
  if quantity = 0L then fail "rule:min" "quantity";
  let tags, offset = read_slots 3 3 "tags" s offset in
  let (), offset = read_zeros 1 "tags" s offset in
  let notional_wei, offset =
    read_option (read_octets 32) 0 32 "notional_wei" s offset
  in
  let (), offset = read_zeros 5 "notional_wei" s offset in
  ( { client_order_id; symbol; side; limit; quantity; tags; notional_wei },
    offset )

let decode_order b ~pos ~len = decode read_order 128 b ~pos ~len
