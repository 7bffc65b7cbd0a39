open Reference_messages

let text ?(sender = "alice") ?(content = "hello") ?(timestamp = "1700000000") ()
    =
  Text_message.make ~sender ~content ~timestamp:(Check.u64 timestamp)

let zeros n = String.make n '\000'

(* The worked cases of the wire format. *)
let layout () =
  let bytes = Text_message.encode (Check.ok (text ())) in
  let expected =
    "\005\000" ^ zeros 6 ^ "alice" ^ zeros 27 ^ "\005\000" ^ zeros 6 ^ "hello"
    ^ zeros 251 ^ "\x00\xf1\x53\x65" ^ zeros 4
  in
  Alcotest.(check string) "bytes" (Check.hex expected) (Check.hex bytes);
  Alcotest.(check (list int)) "sizes" [ 312; 16; 224 ]
    [ Text_message.size; Counter_update.size; Batch_operation.size ];
  Alcotest.(check string) "digest"
    "5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2"
    (Check.hex schema_digest);
  Alcotest.(check (list string)) "fingerprints"
    [ "8a482d2d48c962d0"; "644507ed29350875"; "7d3b8ec266b07a36" ]
    (List.map Check.hex
       [
         Text_message.fingerprint;
         Counter_update.fingerprint;
         Batch_operation.fingerprint;
       ])

let patched pos bytes =
  Text_message.decode_string
    (Check.patch (Text_message.encode (Check.ok (text ()))) pos bytes)

let rejected_bytes () =
  let check pos bytes code path = Check.error ~code ~path (patched pos bytes) in
  check 0 "\033\000" "count" "sender";
  check 0 "\255\255" "count" "sender";
  check 2 "\001" "padding" "sender";
  check 7 "\128" "padding" "sender";
  check 8 "\xff" "utf8" "sender";
  check 13 "x" "padding" "sender";
  check 39 "\128" "padding" "sender";
  check 0 ("\000\000" ^ zeros 11) "rule:not_empty" "sender";
  check 40 "\001\001" "count" "content";
  check 47 "\001" "padding" "content";
  check 48 "\xed\xa0\x80" "utf8" "content";
  check 303 "\001" "padding" "content";
  (* The first failure in the order of the bytes' meaning. *)
  check 0 "\033\000\001" "count" "sender";
  check 2 "\001\000\000\000\000\000\xff" "padding" "sender";
  Check.error ~code:"length" ~path:"" (Text_message.decode_string "");
  Check.error ~code:"length" ~path:""
    (Text_message.decode_string (zeros 311));
  Check.error ~code:"length" ~path:""
    (Text_message.decode_string (zeros 313))

let rejected_values () =
  Check.error ~code:"count" ~path:"sender"
    (text ~sender:(String.make 33 'x') ());
  Check.error ~code:"utf8" ~path:"sender" (text ~sender:"\xC0\x80" ());
  Check.error ~code:"rule:not_empty" ~path:"content" (text ~content:"" ());
  let counter value delta =
    Counter_update.make ~counter_id:(Check.u64 "1") ~value ~delta
  in
  Check.error ~code:"range" ~path:"value" (counter 0x8000_0000 0);
  Check.error ~code:"range" ~path:"delta" (counter 0 (-0x8000_0001));
  let batch ?(total_count = 0) items =
    Batch_operation.make ~operation_id:(Check.u64 "1") ~items ~total_count
  in
  let item = String.make 20 'i' in
  Check.error ~code:"rule:min_length" ~path:"items" (batch [||]);
  Check.error ~code:"count" ~path:"items" (batch (Array.make 11 item));
  Check.error ~code:"count" ~path:"items[2]" (batch [| item; item; "short" |]);
  Check.error ~code:"range" ~path:"total_count"
    (batch ~total_count:(-1) [| item |]);
  Check.error ~code:"range" ~path:"total_count"
    (batch ~total_count:0x1_0000_0000 [| item |]);
  match Text_message.make_exn ~sender:"" ~content:"c" ~timestamp:(Check.u64 "1")
  with
  | _ -> Alcotest.fail "accepted"
  | exception Mycelium.Error.Invalid e ->
      Check.error ~code:"rule:not_empty" ~path:"sender" (Error e)

(* An array is copied in, but its elements stay writable. *)
let mutated_arrays () =
  let item = String.make 20 'i' in
  let items = [| item; item |] in
  let batch =
    Batch_operation.make_exn ~operation_id:(Check.u64 "1") ~items ~total_count:2
  in
  let before = Batch_operation.encode batch in
  items.(0) <- "the caller's";
  Alcotest.(check string) "copied" before (Batch_operation.encode batch);
  batch.items.(1) <- String.make 20 'j';
  Alcotest.(check bool) "another valid element" true
    (Batch_operation.decode_string (Batch_operation.encode batch)
    = Ok batch);
  List.iter
    (fun wrong ->
      batch.items.(1) <- wrong;
      Check.refused "encode" (fun () -> Batch_operation.encode batch);
      Check.refused "encode_into" (fun () ->
          Batch_operation.encode_into batch (Bytes.create 224) ~pos:0))
    [ ""; String.make 19 'j'; String.make 21 'j'; String.make 1_000_000 'j' ]

let positions = [ -1; min_int; max_int; max_int - 311; 1; 2 ]

let ranges () =
  let t = Check.ok (text ()) in
  let b = Bytes.make 312 '\xFF' in
  List.iter
    (fun pos ->
      Check.refused "encode_into" (fun () -> Text_message.encode_into t b ~pos);
      Check.refused "decode" (fun () -> Text_message.decode b ~pos ~len:312);
      Check.refused "check" (fun () -> Text_message.View.check b ~pos ~len:312))
    positions;
  List.iter
    (fun len ->
      Check.refused "decode" (fun () -> Text_message.decode b ~pos:0 ~len))
    [ -1; min_int; 313; max_int ];
  Alcotest.(check string) "untouched" (String.make 312 '\xFF')
    (Bytes.to_string b);
  let b = Bytes.make 400 '\xFF' in
  Text_message.encode_into t b ~pos:51;
  Alcotest.(check string) "only its range"
    (String.make 51 '\xFF' ^ Text_message.encode t ^ String.make 37 '\xFF')
    (Bytes.to_string b);
  Alcotest.(check bool) "decoded there" true
    (Text_message.decode b ~pos:51 ~len:312 = Ok t);
  match Text_message.decode_exn b ~pos:51 ~len:311 with
  | _ -> Alcotest.fail "accepted"
  | exception Mycelium.Error.Invalid e ->
      Check.error ~code:"length" ~path:"" (Error e)

let values =
  let open QCheck2.Gen in
  let string n =
    map (String.concat "")
      (list_size (int_range 1 (n / 4))
         (oneofl [ "a"; "é"; "\xE2\x82\xAC"; "\xF0\x9F\x90\xAB" ]))
  in
  triple (string 32) (string 256) ui64

let print_value (sender, content, timestamp) =
  Printf.sprintf "%S %S %Lu" sender content timestamp

let round_trip (sender, content, timestamp) =
  let timestamp = Mycelium.U64.of_int64 timestamp in
  let t = Check.ok (Text_message.make ~sender ~content ~timestamp) in
  let bytes = Text_message.encode t in
  let back = Check.ok (Text_message.decode_string bytes) in
  Text_message.equal t back && Text_message.encode back = bytes

(* Whatever is in the bytes: an error, or a value with these very bytes. *)
let any_bytes =
  let open QCheck2.Gen in
  let patch = pair (int_bound 311) (map (String.make 1) char) in
  list_size (int_range 1 4) patch

let print_patches patches =
  String.concat " "
    (List.map (fun (pos, s) -> Printf.sprintf "%d:%S" pos s) patches)

let one_encoding patches =
  let patch s (pos, byte) = Check.patch s pos byte in
  let bytes =
    List.fold_left patch (Text_message.encode (Check.ok (text ()))) patches
  in
  match Text_message.decode_string bytes with
  | Ok t -> Text_message.encode t = bytes
  | Error _ -> true

let printing () =
  Alcotest.(check string) "printed"
    "TextMessage { sender = \"a\\\"\"; content = \"hello\"; timestamp = 1; }"
    (Format.asprintf "%a" Text_message.pp
       (Check.ok (text ~sender:"a\"" ~timestamp:"1" ())))

let dispatch () =
  let m = Any_message.Text_message (Check.ok (text ())) in
  let bytes = Bytes.of_string (Any_message.encode m) in
  let decode type_id = Any_message.decode ~type_id bytes ~pos:0 ~len:312 in
  (match decode 1001 with
  | Some (Ok found) ->
      Alcotest.(check bool) "equal" true (Any_message.equal m found);
      Alcotest.(check int) "type id" 1001 (Any_message.type_id found);
      Alcotest.(check string) "name" "TextMessage" (Any_message.name found);
      Alcotest.(check string) "topic" "examples" (Any_message.topic found)
  | _ -> Alcotest.fail "not decoded");
  (match decode 1002 with
  | Some result -> Check.error ~code:"length" ~path:"" result
  | None -> Alcotest.fail "known id");
  Alcotest.(check bool) "unknown id" true (decode 1004 = None);
  let known { Mycelium.Message.type_id; name; topic; size; fingerprint } =
    Printf.sprintf "%d %s %s %d %s" type_id name topic size
      (Check.hex fingerprint)
  in
  Alcotest.(check (list string))
    "messages"
    [
      "1001 TextMessage examples 312 8a482d2d48c962d0";
      "1002 CounterUpdate examples 16 644507ed29350875";
      "1003 BatchOperation examples 224 7d3b8ec266b07a36";
    ]
    (List.map known Any_message.messages)

let tests =
  [
    Check.case "layout, digest and fingerprints" layout;
    Check.case "bytes that are rejected" rejected_bytes;
    Check.case "values that are rejected" rejected_values;
    Check.case "arrays that are written to" mutated_arrays;
    Check.case "ranges" ranges;
    Check.property "round trip" values ~print:print_value round_trip;
    Check.property "one encoding" ~count:20_000 any_bytes ~print:print_patches
      one_encoding;
    Check.case "printing" printing;
    Check.case "any message" dispatch;
  ]
