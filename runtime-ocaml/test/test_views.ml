module Text = Reference_messages.Text_message
module Counter = Reference_messages.Counter_update
module Batch = Reference_messages.Batch_operation
module Core = Mycelium.Core_messages

let at pos bytes =
  Bytes.of_string (String.make pos '\xFF' ^ bytes ^ String.make 9 '\xFF')

let reads () =
  let pos = 3 in
  let text =
    Text.make_exn ~sender:"alice" ~content:"hello"
      ~timestamp:Mycelium.U64.max_value
  in
  let b = at pos (Text.encode text) in
  Alcotest.(check bool) "valid" true (Text.View.check b ~pos ~len:312 = Ok ());
  Alcotest.(check string) "sender" "alice" (Text.View.sender b ~pos);
  Alcotest.(check int) "its length" 5 (Text.View.sender_length b ~pos);
  Alcotest.(check string) "timestamp" "18446744073709551615"
    (Mycelium.U64.to_string (Text.View.timestamp b ~pos));
  let items = [| String.make 20 'a'; String.make 20 'b' |] in
  let batch =
    Batch.make_exn ~operation_id:Mycelium.U64.one ~items
      ~total_count:4_000_000_000
  in
  let b = at pos (Batch.encode batch) in
  Alcotest.(check int) "items" 2 (Batch.View.items_length b ~pos);
  Alcotest.(check string) "second" items.(1) (Batch.View.items b ~pos 1);
  Alcotest.(check int) "count" 4_000_000_000 (Batch.View.total_count b ~pos);
  List.iter
    (fun i -> Check.refused "index" (fun () -> Batch.View.items b ~pos i))
    [ -1; 2; 10; max_int; min_int ]

let nested () =
  let entry type_id =
    Core.Message_summary.make_exn ~type_id ~fingerprint:"12345678" ~name:"Abc"
  in
  let t =
    Core.Schema_summary.make_exn ~entries:(Array.init 3 entry) ~last:true
  in
  let b = at 3 (Core.Schema_summary.encode t) in
  let pos = Core.Schema_summary.View.entries b ~pos:3 2 in
  Alcotest.(check int) "type id" 2 (Core.Message_summary.View.type_id b ~pos);
  Alcotest.(check string) "name" "Abc" (Core.Message_summary.View.name b ~pos)

(* Bytes that nobody checked, or that changed since, may give nonsense. They may
   not be read outside of. *)
let unchecked () =
  let b = Bytes.make 312 '\xFF' in
  Check.refused "length over the bound" (fun () -> Text.View.sender b ~pos:0);
  List.iter
    (fun pos ->
      Check.refused "u64" (fun () -> Text.View.timestamp b ~pos);
      Check.refused "i32" (fun () -> Counter.View.delta b ~pos))
    [ -400; 312; 309; max_int; max_int - 12; min_int ];
  let short = Bytes.make 12 '\000' in
  Bytes.set short 0 '\032';
  Check.refused "string past the end" (fun () -> Text.View.sender short ~pos:0);
  let b = Bytes.make Core.Goodbye.size '\000' in
  Check.refused "enum" (fun () -> Core.Goodbye.View.reason b ~pos:0)

(* Before the bytes, though the field itself would lie in them. *)
let before_the_bytes () =
  let b = Bytes.make 1024 '\000' in
  Bytes.set b 0 '\001';
  List.iter
    (fun pos ->
      let refused what f =
        Check.refused what (fun () -> ignore (Sys.opaque_identity (f ())))
      in
      refused "text" (fun () -> Text.View.content b ~pos);
      refused "its length" (fun () -> Text.View.content_length b ~pos);
      refused "u64" (fun () -> Text.View.timestamp b ~pos);
      refused "i32" (fun () -> Counter.View.delta b ~pos);
      refused "first field" (fun () -> Counter.View.counter_id b ~pos);
      refused "element" (fun () -> Batch.View.items b ~pos 0);
      refused "struct" (fun () -> Core.Schema_summary.View.entries b ~pos 0);
      refused "check" (fun () -> Text.View.check b ~pos ~len:312))
    [ -1; -8; -16; min_int; min_int + 8 ]

(* One box for what [Gc.minor_words] returns. *)
let words f =
  let before = Gc.minor_words () in
  f ();
  let middle = Gc.minor_words () in
  ignore (Sys.opaque_identity ());
  let after = Gc.minor_words () in
  middle -. before -. (after -. middle)

let no_allocation () =
  let counter =
    Counter.make_exn ~counter_id:Mycelium.U64.one ~value:1 ~delta:2
  in
  let b = Bytes.of_string (Counter.encode counter) in
  let sum = ref 0 in
  let read () =
    for _ = 1 to 1000 do
      sum := !sum + Counter.View.value b ~pos:0 + Counter.View.delta b ~pos:0
    done
  in
  Alcotest.(check (float 0.)) "words of reads" 0. (words read);
  Alcotest.(check int) "and they read" 3000 !sum;
  let text =
    Text.make_exn ~sender:"é" ~content:"b" ~timestamp:Mycelium.U64.one
  in
  let room = Bytes.create 312 in
  let write () =
    for _ = 1 to 1000 do
      Text.encode_into text room ~pos:0
    done
  in
  Alcotest.(check (float 0.)) "words of encode_into" 0. (words write);
  let check () =
    for _ = 1 to 1000 do
      match Text.View.check room ~pos:0 ~len:312 with
      | Ok () -> ()
      | Error _ -> assert false
    done
  in
  Alcotest.(check (float 0.)) "words of checks" 0. (words check)

let tests =
  [
    Check.case "reads" reads;
    Check.case "structs in vectors" nested;
    Check.case "unchecked bytes" unchecked;
    Check.case "before the bytes" before_the_bytes;
    Check.case "no allocation" no_allocation;
  ]
