(* bin_prot, written out as its ppx would: its own compact format, without the
   checks of ours. *)

open Shapes
open Bin_prot.Read
open Bin_prot.Write

let write_text buffer ~pos t =
  let pos = bin_write_string buffer ~pos t.sender in
  let pos = bin_write_string buffer ~pos t.content in
  bin_write_int64 buffer ~pos t.timestamp

let read_text buffer ~pos_ref =
  let sender = bin_read_string buffer ~pos_ref in
  let content = bin_read_string buffer ~pos_ref in
  let timestamp = bin_read_int64 buffer ~pos_ref in
  { sender; content; timestamp }

let write_counter buffer ~pos t =
  let pos = bin_write_int64 buffer ~pos t.counter_id in
  let pos = bin_write_int buffer ~pos t.value in
  bin_write_int buffer ~pos t.delta

let read_counter buffer ~pos_ref =
  let counter_id = bin_read_int64 buffer ~pos_ref in
  let value = bin_read_int buffer ~pos_ref in
  let delta = bin_read_int buffer ~pos_ref in
  { counter_id; value; delta }

let write_batch buffer ~pos t =
  let pos = bin_write_int64 buffer ~pos t.operation_id in
  let pos = bin_write_array bin_write_string buffer ~pos t.items in
  bin_write_int buffer ~pos t.total_count

let read_batch buffer ~pos_ref =
  let operation_id = bin_read_int64 buffer ~pos_ref in
  let items = bin_read_array bin_read_string buffer ~pos_ref in
  let total_count = bin_read_int buffer ~pos_ref in
  { operation_id; items; total_count }

let write_side buffer ~pos side =
  bin_write_int_8bit buffer ~pos (match side with Buy -> 0 | Sell -> 1)

let read_side buffer ~pos_ref =
  match bin_read_int_8bit buffer ~pos_ref with
  | 0 -> Buy
  | 1 -> Sell
  | _ ->
      Bin_prot.Common.raise_read_error (Sum_tag "side") !pos_ref

let write_price buffer ~pos { mantissa; exponent } =
  let pos = bin_write_int64 buffer ~pos mantissa in
  bin_write_int buffer ~pos exponent

let read_price buffer ~pos_ref =
  let mantissa = bin_read_int64 buffer ~pos_ref in
  let exponent = bin_read_int buffer ~pos_ref in
  { mantissa; exponent }

let write_order buffer ~pos t =
  let pos = bin_write_string buffer ~pos t.client_order_id in
  let pos = bin_write_string buffer ~pos t.symbol in
  let pos = write_side buffer ~pos t.side in
  let pos = bin_write_option write_price buffer ~pos t.limit in
  let pos = bin_write_int64 buffer ~pos t.quantity in
  let pos = bin_write_array bin_write_string buffer ~pos t.tags in
  bin_write_option bin_write_string buffer ~pos t.notional_wei

let read_order buffer ~pos_ref =
  let client_order_id = bin_read_string buffer ~pos_ref in
  let symbol = bin_read_string buffer ~pos_ref in
  let side = read_side buffer ~pos_ref in
  let limit = bin_read_option read_price buffer ~pos_ref in
  let quantity = bin_read_int64 buffer ~pos_ref in
  let tags = bin_read_array bin_read_string buffer ~pos_ref in
  let notional_wei = bin_read_option bin_read_string buffer ~pos_ref in
  { client_order_id; symbol; side; limit; quantity; tags; notional_wei }

(* {1 Lanes} *)

let name = "bin_prot"
let name_with_utf8 = "bin_prot + UTF-8"
let opaque = Sys.opaque_identity
let arena () = Bin_prot.Common.create_buf Rounds.(offset places)

let[@inline always] encode write value =
  let buffer = arena () in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      ignore (opaque (write (opaque buffer) ~pos (opaque value)))
    done
  in
  [ { Rounds.name; bytes = write buffer ~pos:0 value; run } ]

let[@inline always] decode_as name write read value =
  let buffer = arena () in
  for place = 0 to Rounds.places - 1 do
    ignore (write buffer ~pos:(Rounds.offset place) value)
  done;
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      let pos_ref = ref pos in
      ignore (opaque (read (opaque buffer) ~pos_ref))
    done
  in
  { Rounds.name; bytes = write buffer ~pos:0 value; run }

let[@inline always] decode write read value =
  [ decode_as name write read value ]

let check_utf8 s = if not (Mycelium_wire.Utf8.is_valid s) then failwith "UTF-8"

(* What a program needs that is to have text and not just bytes. *)
let read_text_checked buffer ~pos_ref =
  let t = read_text buffer ~pos_ref in
  check_utf8 t.sender;
  check_utf8 t.content;
  t

let encode_text value = encode write_text value

let decode_text value =
  [
    decode_as name write_text read_text value;
    decode_as name_with_utf8 write_text read_text_checked value;
  ]

let encode_counter value = encode write_counter value
let decode_counter value = decode write_counter read_counter value
let encode_batch value = encode write_batch value
let decode_batch value = decode write_batch read_batch value
let encode_order value = encode write_order value
let decode_order value = decode write_order read_order value
