(* Reads through views: the whole check, and fields that fit an [int]. *)

open Messages

let opaque = Sys.opaque_identity

(* Inlined where it is used, so that [f] is a direct call. *)
let[@inline always] read name payload f =
  let arena = Lanes.everywhere payload in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      ignore (opaque (f (opaque arena) ~pos))
    done
  in
  { Rounds.name; bytes = Bytes.length payload; run }

let payload size encode value =
  let bytes = Bytes.create size in
  encode value bytes ~pos:0;
  bytes

let text = payload 312 By_hand.encode_text (List.assoc "typical" Shapes.texts)
let counter = payload 16 By_hand.encode_counter Shapes.counter
let batch = payload 224 By_hand.encode_batch Shapes.batch
let order = payload 128 By_hand.encode_order Shapes.order

let lanes =
  [
    read "Text_message.View.check" text (fun b ~pos ->
        Text_message.View.check b ~pos ~len:312);
    read "Text_message.View.sender_length" text Text_message.View.sender_length;
    read "Text_message.View.content_length" text
      Text_message.View.content_length;
    read "Counter_update.View.value" counter Counter_update.View.value;
    read "Counter_update.View.delta" counter Counter_update.View.delta;
    read "Batch_operation.View.check" batch (fun b ~pos ->
        Batch_operation.View.check b ~pos ~len:224);
    read "Batch_operation.View.items_length" batch
      Batch_operation.View.items_length;
    read "Batch_operation.View.total_count" batch
      Batch_operation.View.total_count;
    read "New_order.View.check" order (fun b ~pos ->
        New_order.View.check b ~pos ~len:128);
    read "New_order.View.symbol_length" order New_order.View.symbol_length;
    read "New_order.View.side" order New_order.View.side;
    read "New_order.View.has_limit" order New_order.View.has_limit;
    read "New_order.View.limit, exponent" order (fun b ~pos ->
        Price.View.exponent b ~pos:(New_order.View.limit b ~pos));
    read "New_order.View.tags_length" order New_order.View.tags_length;
  ]
