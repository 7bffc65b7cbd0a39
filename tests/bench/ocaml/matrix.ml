(* What is measured: every message, encode and decode, a lane for each format. *)

open Lanes
open Messages

(* The payload, which every way to write it must agree on: a floor that writes
   something else would be no floor. *)
let payload size encode t by_hand threaded value =
  let write encode value =
    let bytes = Bytes.make size '\255' in
    encode value bytes ~pos:0;
    bytes
  in
  let payload = write encode t in
  if write by_hand value <> payload || write threaded value <> payload then
    failwith "the floors write other bytes than the generated code";
  payload

(* A floor that skips a check would be no floor either: what is refused, and
   why, has to be the same for every byte that is set to something else. *)
let agree name payload ours by_hand threaded =
  let len = Bytes.length payload in
  let verdict decode b =
    match decode b ~pos:0 ~len with
    | Ok _ -> None
    | Error { By_hand.code; path } -> Some (code, path)
  in
  let own b =
    match ours b ~pos:0 ~len with
    | Ok _ -> None
    | Error e ->
        Some Mycelium_wire.Error.(code_to_string e.code, e.path)
  in
  for at = 0 to len - 1 do
    List.iter
      (fun value ->
        let b = Bytes.copy payload in
        Bytes.set_uint8 b at value;
        let expected = own b in
        if verdict by_hand b <> expected || verdict threaded b <> expected then
          failwith (Printf.sprintf "%s: byte %d = %d" name at value))
      [ 0; 1; 2; 4; 18; 19; 0x7F; 0x80; 0xC3; 0xEE; 0xFF ]
  done

let text (case, (value : Shapes.text)) =
  let t =
    Text_message.make_exn ~sender:value.sender ~content:value.content
      ~timestamp:(Mycelium_wire.U64.of_int64 value.timestamp)
  in
  let payload =
    payload 312 Text_message.encode_into t By_hand.encode_text
      Threaded.encode_text value
  in
  agree "Text_message" payload Text_message.decode By_hand.decode_text
    Threaded.decode_text;
  [
    {
      name = "Text_message " ^ case ^ " encode_into";
      goals = goals 1.1;
      lanes =
        [
          encode ours 312 Text_message.encode_into t;
          encode by_hand 312 By_hand.encode_text value;
          encode by_hand_again 312 By_hand.encode_text value;
          encode threaded 312 Threaded.encode_text value;
        ]
        @ Binprot.encode_text value
        @ [ marshal_encode value ];
    };
    {
      name = "Text_message " ^ case ^ " decode";
      goals = goals 1.2;
      lanes =
        [
          decode ours payload Text_message.decode;
          decode by_hand payload By_hand.decode_text;
          decode by_hand_again payload By_hand.decode_text;
          decode threaded payload Threaded.decode_text;
        ]
        @ Binprot.decode_text value
        @ [ marshal_decode value ];
    };
  ]

let counter =
  let value = Shapes.counter in
  let t =
    Counter_update.make_exn
      ~counter_id:(Mycelium_wire.U64.of_int64 value.counter_id)
      ~value:value.value ~delta:value.delta
  in
  let payload =
    payload 16 Counter_update.encode_into t By_hand.encode_counter
      Threaded.encode_counter value
  in
  agree "Counter_update" payload Counter_update.decode By_hand.decode_counter
    Threaded.decode_counter;
  [
    {
      name = "Counter_update encode_into";
      goals = goals 1.1;
      lanes =
        [
          encode ours 16 Counter_update.encode_into t;
          encode by_hand 16 By_hand.encode_counter value;
          encode by_hand_again 16 By_hand.encode_counter value;
          encode threaded 16 Threaded.encode_counter value;
        ]
        @ Binprot.encode_counter value
        @ [ marshal_encode value ];
    };
    {
      name = "Counter_update decode";
      goals = goals 1.2;
      lanes =
        [
          decode ours payload Counter_update.decode;
          decode by_hand payload By_hand.decode_counter;
          decode by_hand_again payload By_hand.decode_counter;
          decode threaded payload Threaded.decode_counter;
        ]
        @ Binprot.decode_counter value
        @ [ marshal_decode value ];
    };
  ]

let batch =
  let value = Shapes.batch in
  let t =
    Batch_operation.make_exn
      ~operation_id:(Mycelium_wire.U64.of_int64 value.operation_id)
      ~items:value.items ~total_count:value.total_count
  in
  let payload =
    payload 224 Batch_operation.encode_into t By_hand.encode_batch
      Threaded.encode_batch value
  in
  agree "Batch_operation" payload Batch_operation.decode By_hand.decode_batch
    Threaded.decode_batch;
  [
    {
      name = "Batch_operation encode_into";
      goals = goals 1.1;
      lanes =
        [
          encode ours 224 Batch_operation.encode_into t;
          encode by_hand 224 By_hand.encode_batch value;
          encode by_hand_again 224 By_hand.encode_batch value;
          encode threaded 224 Threaded.encode_batch value;
        ]
        @ Binprot.encode_batch value
        @ [ marshal_encode value ];
    };
    {
      name = "Batch_operation decode";
      goals = goals 1.2;
      lanes =
        [
          decode ours payload Batch_operation.decode;
          decode by_hand payload By_hand.decode_batch;
          decode by_hand_again payload By_hand.decode_batch;
          decode threaded payload Threaded.decode_batch;
        ]
        @ Binprot.decode_batch value
        @ [ marshal_decode value ];
    };
  ]

let order =
  let value = Shapes.order in
  let price { Shapes.mantissa; exponent } = Price.make_exn ~mantissa ~exponent in
  let side = function Shapes.Buy -> Side.Buy | Sell -> Side.Sell in
  let t =
    New_order.make_exn ~client_order_id:value.client_order_id
      ~symbol:value.symbol ~side:(side value.side)
      ~limit:(Option.map price value.limit)
      ~quantity:(Mycelium_wire.U64.of_int64 value.quantity)
      ~tags:value.tags
      ~notional_wei:
        (Option.bind value.notional_wei Mycelium_wire.U256.of_bytes_le)
  in
  let payload =
    payload 128 New_order.encode_into t By_hand.encode_order
      Threaded.encode_order value
  in
  agree "New_order" payload New_order.decode By_hand.decode_order
    Threaded.decode_order;
  [
    {
      name = "New_order encode_into";
      goals = goals 1.1;
      lanes =
        [
          encode ours 128 New_order.encode_into t;
          encode by_hand 128 By_hand.encode_order value;
          encode by_hand_again 128 By_hand.encode_order value;
          encode threaded 128 Threaded.encode_order value;
        ]
        @ Binprot.encode_order value
        @ [ marshal_encode value ];
    };
    {
      name = "New_order decode";
      goals = goals 1.2;
      lanes =
        [
          decode ours payload New_order.decode;
          decode by_hand payload By_hand.decode_order;
          decode by_hand_again payload By_hand.decode_order;
          decode threaded payload Threaded.decode_order;
        ]
        @ Binprot.decode_order value
        @ [ marshal_decode value ];
    };
  ]

let groups =
  List.concat [ List.concat_map text Shapes.texts; counter; batch; order ]
