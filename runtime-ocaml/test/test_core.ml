open Mycelium.Core_messages

let entry type_id =
  Message_summary.make_exn ~type_id ~fingerprint:"12345678" ~name:"TextMessage"

let summary n =
  Schema_summary.make_exn ~entries:(Array.init n entry) ~last:true

(* Errors of nested values have the path to them. *)
let nested_paths () =
  let bytes = Schema_summary.encode (summary 4) in
  let size = Message_summary.size in
  let at i offset = 8 + (i * size) + offset in
  let check pos byte code path =
    Check.error ~code ~path
      (Schema_summary.decode_string (Check.patch bytes pos byte))
  in
  check (at 3 10) "\065" "count" "entries[3].name";
  check (at 0 12) "\001" "padding" "entries[0].name";
  check (at 2 18) "\xff" "utf8" "entries[2].name";
  check (at 4 0) "\001" "padding" "entries";
  check 0 "\033" "count" "entries";
  check (Schema_summary.size - 2) "\002" "bool" "last"

(* Elements that are numbers can be written to, and are checked again. *)
let mutated_numbers () =
  let subscribe =
    Subscribe.make_exn ~all:false ~type_ids:[| 1001; 65535 |]
      ~request:(Check.u64 "1")
  in
  subscribe.type_ids.(0) <- 0;
  let back = Check.ok (Subscribe.decode_string (Subscribe.encode subscribe)) in
  Alcotest.(check (array int)) "written to" [| 0; 65535 |] back.type_ids;
  List.iter
    (fun wrong ->
      subscribe.type_ids.(1) <- wrong;
      Check.refused "encode" (fun () -> Subscribe.encode subscribe))
    [ -1; 0x10000; min_int ];
  Check.error ~code:"range" ~path:"type_ids[1]"
    (Subscribe.make ~all:false ~type_ids:[| 1; 0x10000 |]
       ~request:(Check.u64 "1"))

let enums () =
  let goodbye reason = Goodbye.make_exn ~reason ~detail:"" in
  let bytes = Goodbye.encode (goodbye Goodbye_reason.Slow_consumer) in
  Alcotest.(check string) "number" "0200" (Check.hex (String.sub bytes 0 2));
  Check.error ~code:"enum" ~path:"reason"
    (Goodbye.decode_string (Check.patch bytes 0 "\009"));
  Check.error ~code:"enum" ~path:"reason"
    (Goodbye.decode_string (Check.patch bytes 0 "\000"));
  let all = List.init 10 Goodbye_reason.of_int in
  Alcotest.(check (list (option string)))
    "names"
    [
      None; Some "Shutdown"; Some "SlowConsumer"; Some "ProtocolError";
      Some "FrameTooLarge"; Some "Idle"; Some "HeartbeatMissed";
      Some "Replaced"; Some "ClientDone"; None;
    ]
    (List.map (Option.map Goodbye_reason.to_string) all);
  List.iter
    (fun reason ->
      Alcotest.(check bool) "back" true
        (Goodbye_reason.of_string (Goodbye_reason.to_string reason)
        = Some reason))
    (List.filter_map Fun.id all);
  Alcotest.(check bool) "all" true
    (Goodbye_reason.all = List.filter_map Fun.id all);
  Alcotest.(check bool) "unknown" true
    (Goodbye_reason.of_string "shutdown" = None);
  Alcotest.(check bool) "order" true
    (Goodbye_reason.compare Idle Shutdown > 0)

let rules () =
  Check.error ~code:"rule:min" ~path:"protocol_version"
    (Client_hello.make ~schema_digest:(String.make 32 'x') ~protocol_version:1
       ~capabilities:0 ~client_name:"" ~worker_id:""
       ~worker_token:(String.make 16 '\000'))

let tests =
  [
    Check.case "paths of nested values" nested_paths;
    Check.case "numbers that are written to" mutated_numbers;
    Check.case "enums" enums;
    Check.case "rules" rules;
  ]
