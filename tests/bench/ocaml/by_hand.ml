(* The floor: what a careful programmer writes for these four messages alone.
   One bounds check a message, then loads and stores at constant offsets, with
   every check of the protocol. For little-endian machines. *)

open Shapes

type fault = { code : string; path : string }

exception Invalid of fault

let fail code path = raise_notrace (Invalid { code; path })

external get8 : bytes -> int -> int = "%bytes_unsafe_get"
external get16 : bytes -> int -> int = "%caml_bytes_get16u"
external get32 : bytes -> int -> int32 = "%caml_bytes_get32u"
external get64 : bytes -> int -> int64 = "%caml_bytes_get64u"
external set8 : bytes -> int -> int -> unit = "%bytes_unsafe_set"
external set16 : bytes -> int -> int -> unit = "%caml_bytes_set16u"
external set32 : bytes -> int -> int32 -> unit = "%caml_bytes_set32u"
external set64 : bytes -> int -> int64 -> unit = "%caml_bytes_set64u"

let room b pos size =
  if pos < 0 || pos > Bytes.length b - size then invalid_arg "encode"

let payload b pos len size =
  if pos < 0 || len < 0 || pos > Bytes.length b - len then
    invalid_arg "decode";
  if len <> size then fail "length" ""

(* {1 UTF-8 and zeros} *)

let rec ascii b i stop =
  if stop - i >= 8 then
    Int64.logand (get64 b i) 0x8080_8080_8080_8080L = 0L
    && ascii b (i + 8) stop
  else i >= stop || (get8 b i < 0x80 && ascii b (i + 1) stop)

let continuation b i = get8 b i land 0xC0 = 0x80

let rec utf8 b i stop =
  if i >= stop then true
  else
    let lead = get8 b i in
    if lead < 0x80 then utf8 b (i + 1) stop
    else if lead < 0xC2 then false
    else if lead < 0xE0 then
      stop - i >= 2 && continuation b (i + 1) && utf8 b (i + 2) stop
    else if lead < 0xF0 then
      stop - i >= 3
      && continuation b (i + 1)
      && continuation b (i + 2)
      && (lead <> 0xE0 || get8 b (i + 1) >= 0xA0)
      && (lead <> 0xED || get8 b (i + 1) < 0xA0)
      && utf8 b (i + 3) stop
    else
      lead < 0xF5
      && stop - i >= 4
      && continuation b (i + 1)
      && continuation b (i + 2)
      && continuation b (i + 3)
      && (lead <> 0xF0 || get8 b (i + 1) >= 0x90)
      && (lead <> 0xF4 || get8 b (i + 1) < 0x90)
      && utf8 b (i + 4) stop

let rec zeros b i stop =
  if stop - i >= 8 then get64 b i = 0L && zeros b (i + 8) stop
  else i >= stop || (get8 b i = 0 && zeros b (i + 1) stop)

let check_zeros b i stop path = if not (zeros b i stop) then fail "padding" path

(* {1 Strings and vectors} *)

let put_string b at room s =
  let length = String.length s in
  set64 b at (Int64.of_int length);
  Bytes.unsafe_blit_string s 0 b (at + 8) length;
  Bytes.unsafe_fill b (at + 8 + length) (room - length) '\000'

let get_length b at bound path =
  let length = get16 b at in
  if length > bound then fail "count" path;
  if Int64.shift_right_logical (get64 b at) 16 <> 0L then fail "padding" path;
  length

let get_string b at bound path =
  let length = get_length b at bound path in
  let start = at + 8 in
  let stop = start + length in
  if not (ascii b start stop || utf8 b start stop) then fail "utf8" path;
  check_zeros b stop (start + bound) path;
  Bytes.sub_string b start length

let put_slots b at slot bound items =
  let count = Array.length items in
  set64 b at (Int64.of_int count);
  for i = 0 to count - 1 do
    let item = Array.unsafe_get items i in
    if String.length item <> slot then invalid_arg "items";
    Bytes.unsafe_blit_string item 0 b (at + 8 + (i * slot)) slot
  done;
  Bytes.unsafe_fill b (at + 8 + (count * slot)) ((bound - count) * slot) '\000'

let get_slots b at slot bound path =
  let count = get_length b at bound path in
  let start = at + 8 in
  check_zeros b (start + (count * slot)) (start + (bound * slot)) path;
  if count = 0 then [||]
  else begin
    let items = Array.make count "" in
    for i = 0 to count - 1 do
      Array.unsafe_set items i (Bytes.sub_string b (start + (i * slot)) slot)
    done;
    items
  end

(* {1 TextMessage} *)

let encode_text t b ~pos =
  room b pos 312;
  put_string b pos 32 t.sender;
  put_string b (pos + 40) 256 t.content;
  set64 b (pos + 304) t.timestamp

let decode_text b ~pos ~len =
  match
    payload b pos len 312;
    let sender = get_string b pos 32 "sender" in
    if String.length sender = 0 then fail "rule:not_empty" "sender";
    let content = get_string b (pos + 40) 256 "content" in
    if String.length content = 0 then fail "rule:not_empty" "content";
    { sender; content; timestamp = get64 b (pos + 304) }
  with
  | t -> Ok t
  | exception Invalid fault -> Error fault

(* {1 CounterUpdate} *)

let encode_counter t b ~pos =
  room b pos 16;
  set64 b pos t.counter_id;
  set32 b (pos + 8) (Int32.of_int t.value);
  set32 b (pos + 12) (Int32.of_int t.delta)

let decode_counter b ~pos ~len =
  match
    payload b pos len 16;
    {
      counter_id = get64 b pos;
      value = Int32.to_int (get32 b (pos + 8));
      delta = Int32.to_int (get32 b (pos + 12));
    }
  with
  | t -> Ok t
  | exception Invalid fault -> Error fault

(* {1 BatchOperation} *)

let encode_batch t b ~pos =
  room b pos 224;
  set64 b pos t.operation_id;
  put_slots b (pos + 8) 20 10 t.items;
  set32 b (pos + 216) (Int32.of_int t.total_count);
  set32 b (pos + 220) 0l

let decode_batch b ~pos ~len =
  match
    payload b pos len 224;
    let items = get_slots b (pos + 8) 20 10 "items" in
    if Array.length items < 1 then fail "rule:min_length" "items";
    if get32 b (pos + 220) <> 0l then fail "padding" "total_count";
    {
      operation_id = get64 b pos;
      items;
      total_count = Int32.to_int (get32 b (pos + 216)) land 0xFFFF_FFFF;
    }
  with
  | t -> Ok t
  | exception Invalid fault -> Error fault

(* {1 NewOrder} *)

let encode_order t b ~pos =
  room b pos 128;
  Bytes.unsafe_blit_string t.client_order_id 0 b pos 16;
  put_string b (pos + 16) 12 t.symbol;
  set32 b (pos + 36) (match t.side with Buy -> 1l | Sell -> 2l);
  begin
    match t.limit with
    | None ->
        set64 b (pos + 40) 0L;
        set64 b (pos + 48) 0L;
        set64 b (pos + 56) 0L
    | Some { mantissa; exponent } ->
        set64 b (pos + 40) 1L;
        set64 b (pos + 48) mantissa;
        set64 b (pos + 56) (Int64.of_int (exponent land 0xFF))
  end;
  set64 b (pos + 64) t.quantity;
  put_slots b (pos + 72) 3 3 t.tags;
  set8 b (pos + 89) 0;
  begin
    match t.notional_wei with
    | None -> Bytes.unsafe_fill b (pos + 90) 33 '\000'
    | Some value ->
        set8 b (pos + 90) 1;
        Bytes.unsafe_blit_string value 0 b (pos + 91) 32
  end;
  set8 b (pos + 123) 0;
  set32 b (pos + 124) 0l

let signed8 byte = (byte lsl (Sys.int_size - 8)) asr (Sys.int_size - 8)

let decode_order b ~pos ~len =
  match
    payload b pos len 128;
    if get64 b pos = 0L && get64 b (pos + 8) = 0L then
      fail "rule:not_zero" "client_order_id";
    let client_order_id = Bytes.sub_string b pos 16 in
    let symbol = get_string b (pos + 16) 12 "symbol" in
    let side =
      match get8 b (pos + 36) with
      | 1 -> Buy
      | 2 -> Sell
      | _ -> fail "enum" "side"
    in
    check_zeros b (pos + 37) (pos + 40) "side";
    let presence = get64 b (pos + 40) in
    if Int64.to_int presence land 0xFF > 1 then fail "presence" "limit";
    if Int64.shift_right_logical presence 8 <> 0L then fail "padding" "limit";
    let limit =
      if presence = 0L then begin
        check_zeros b (pos + 48) (pos + 64) "limit";
        None
      end
      else begin
        let exponent = signed8 (get8 b (pos + 56)) in
        if exponent > 18 then fail "rule:max" "limit.exponent";
        if exponent < -18 then fail "rule:min" "limit.exponent";
        check_zeros b (pos + 57) (pos + 64) "limit.exponent";
        Some { mantissa = get64 b (pos + 48); exponent }
      end
    in
    let quantity = get64 b (pos + 64) in
    if quantity < 0L || quantity > 1_000_000_000L then
      fail "rule:max" "quantity";
    if quantity = 0L then fail "rule:min" "quantity";
    let tags = get_slots b (pos + 72) 3 3 "tags" in
    if get8 b (pos + 89) <> 0 then fail "padding" "tags";
    let notional_wei =
      match get8 b (pos + 90) with
      | 0 ->
          check_zeros b (pos + 91) (pos + 123) "notional_wei";
          None
      | 1 -> Some (Bytes.sub_string b (pos + 91) 32)
      | _ -> fail "presence" "notional_wei"
    in
    check_zeros b (pos + 123) (pos + 128) "notional_wei";
    { client_order_id; symbol; side; limit; quantity; tags; notional_wei }
  with
  | t -> Ok t
  | exception Invalid fault -> Error fault
