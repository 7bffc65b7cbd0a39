(* Long because every case is a conversation, to be read in one piece. *)

module Connection = Mycelium.Connection
module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module Handshake = Mycelium.Handshake
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module R = Reference_messages
open Protocol

let start ?(config = config ()) () =
  Connection.create config ~address:"test" ~now:0. ~outbox:(Outbox.create ())

(* Everything that waits to be sent. *)
let sent c =
  let o = Connection.outbox c in
  let b = Buffer.create 256 in
  while Connection.has_output c && Outbox.take o do
    let n = min 7 (Outbox.len o) in
    Buffer.add_subbytes b (Outbox.bytes o) (Outbox.pos o) n;
    Outbox.wrote o n
  done;
  Buffer.contents b

let describe c = function
  | Connection.Await -> "await"
  | Data ->
      let i = Connection.inbox c in
      let m =
        R.Counter_update.decode_exn (Inbox.buffer i) ~pos:(Inbox.pos i)
          ~len:(Inbox.len i)
      in
      Printf.sprintf "data %ld" (Int32.of_int m.value)
  | Unshared -> Printf.sprintf "unshared %d" (Inbox.type_id (Connection.inbox c))
  | Accepted { version = V1; _ } -> "accepted 1"
  | Accepted { mode; _ } ->
      "accepted " ^ String.lowercase_ascii (Core.Schema_mode.to_string mode)
  | Subscribed { request; _ } -> Printf.sprintf "subscribed %d" request
  | Dropped n -> "dropped " ^ Mycelium.U64.to_string n
  | Closed failure -> "closed: " ^ Failure.to_string failure

(* What happens until nothing more does. *)
let rec events ?(now = 0.) c =
  match Connection.next c ~now with
  | Await -> []
  | Closed _ as e -> [ describe c e ]
  | e ->
      let e = describe c e in
      e :: events ~now c

let feed ?(now = 0.) c s =
  Connection.input c ~now s;
  events ~now c

let finish ?(now = 0.) c =
  Inbox.prepare (Connection.inbox c);
  Connection.received c ~now 0;
  events ~now c

let check = Alcotest.(check (list string))
let string = Alcotest.(check string)

(* A client that was accepted. *)
let opened ?config ?interval_ms () =
  let c = start ?config () in
  ignore (sent c : string);
  check "accepted" [ "accepted exact" ] (feed c (welcome ?interval_ms ()));
  c

let hello () =
  let c = start () in
  let expected =
    Handshake.hello ~client_name:"test" ~schema_digest:digest () |> Check.ok
  in
  string "version 2" (Check.hex (Handshake.v2 expected)) (Check.hex (sent c));
  let c = start ~config:(config ~version:V1 ()) () in
  string "version 1"
    (Check.hex (Handshake.v1 ~schema_digest:digest))
    (Check.hex (sent c));
  check "at once" [ "accepted 1" ] (events c)

let session = welcome () ^ subscribed 1 ^ counter 1 ^ ping 9 ^ counter 2
              ^ dropped 4 ^ goodbye Shutdown

let session_events =
  [
    "accepted exact"; "subscribed 1"; "data 1"; "data 2"; "dropped 4";
    "closed: the bridge said goodbye: it is shutting down";
  ]

(* Sockets cut a stream anywhere. *)
let every_split () =
  for cut = 0 to String.length session do
    let c = start () in
    ignore (Connection.subscribe c ~now:0. ~all:true [] : int);
    let before = String.sub session 0 cut in
    let after = String.sub session cut (String.length session - cut) in
    let first = feed c before in
    let answers = sent c in
    let second = feed c after in
    let answers = answers ^ sent c in
    let last = if cut = String.length session then events c else events c in
    let all = first @ second @ last in
    let rec once = function
      | a :: b :: rest when a = b -> once (b :: rest)
      | a :: rest -> a :: once rest
      | [] -> []
    in
    check (Printf.sprintf "cut at %d" cut) session_events (once all);
    let tail = String.length answers - String.length (pong 9) in
    string "pong" (Check.hex (pong 9))
      (Check.hex (String.sub answers tail (String.length (pong 9))))
  done

let mismatch () =
  let c = start () in
  let fingerprint m =
    List.find (fun (i : Mycelium.Message.info) -> i.name = m) messages
  in
  let counter = fingerprint "CounterUpdate" in
  check "nothing yet" [] (feed c (reject Schema_mismatch "other contract"));
  check "not all of it" []
    (feed c
       (summary ~last:false
          [ (1001, "12345678", "TextMessage");
            (1002, counter.fingerprint, "CounterUpdate") ]));
  check "what differs"
    [
      "closed: TextMessage differs; BatchOperation is unknown to the bridge; \
       NewOrder is unknown to this client; regenerate with `myc-schema \
       compile` and rebuild";
    ]
    (feed c (summary [ (1100, "12345678", "NewOrder") ]))

let incomplete_mismatch () =
  let c = start () in
  check "nothing yet" [] (feed c (reject Schema_mismatch ""));
  match finish c with
  | [ e ] ->
      Alcotest.(check bool) e true
        (String.length e > 60 && String.sub e 0 27 = "closed: the bridge was buil")
  | _ -> Alcotest.fail "not closed"

let rejected () =
  let c = start () in
  check "rejected"
    [
      "closed: the bridge refuses: it has as many clients as it takes: raise \
       its limit (full)";
    ]
    (feed c (reject Capacity "full"))

(* In mode Shared nothing may pass that both sides do not have alike. *)
let shared () =
  let c = start ~config:(config ~shared:true ()) () in
  ignore (sent c : string);
  check "their summary is awaited" []
    (feed c (welcome ~mode:Shared ()));
  let entry (i : Mycelium.Message.info) = (i.type_id, i.fingerprint, i.name) in
  string "our summary"
    (Check.hex (summary (List.map entry messages)))
    (Check.hex (sent c));
  let theirs (i : Mycelium.Message.info) =
    if i.name = "TextMessage" then (i.type_id, "12345678", i.name) else entry i
  in
  check "accepted" [ "accepted shared" ]
    (feed c (summary (List.map theirs messages)));
  let admits type_id = Connection.admits c ~type_id ~size:16 in
  Alcotest.(check bool) "sent" true (admits 1002 = Admitted);
  Alcotest.(check bool) "not sent" true (admits 1001 = Unknown_to_bridge);
  Alcotest.(check bool) "nobody's" true (admits 1005 = Unknown_to_bridge);
  check "received" [ "unshared 1001"; "data 3" ]
    (feed c (Mycelium.Codec.frame ~type_id:1001 "" ^ counter 3))

let summaries_of_many () =
  let info i : Mycelium.Message.info =
    { type_id = 100 + i; name = String.make 70 'n'; topic = "t"; size = 0;
      fingerprint = "12345678" }
  in
  let messages = List.init 70 info in
  let c = start ~config:(config ~shared:true ~messages ()) () in
  ignore (sent c : string);
  ignore (feed c (welcome ~mode:Shared ()) : string list);
  Alcotest.(check int) "three frames"
    (3 * (Mycelium.Codec.header_size + Core.Schema_summary.size))
    (String.length (sent c))

let subscriptions () =
  let c = opened () in
  Alcotest.(check int) "one" 1 (Connection.subscribe c ~now:0. ~all:false [ 1001 ]);
  Alcotest.(check int) "in two frames" 3
    (Connection.subscribe c ~now:0. ~all:false (List.init 300 (fun i -> 100 + i)));
  Alcotest.(check int) "bytes"
    (3 * (Mycelium.Codec.header_size + Core.Subscribe.size))
    (String.length (sent c));
  check "answers" [ "subscribed 3" ] (feed c (subscribed 3));
  let v1 = start ~config:(config ~version:V1 ()) () in
  ignore (sent v1 : string);
  Alcotest.(check int) "not in version 1" 0
    (Connection.subscribe v1 ~now:0. ~all:true []);
  string "nothing sent" "" (sent v1)

let protocol_errors () =
  let wrong what ?(config = config ()) ?(before = "") bytes expected =
    let c = start ~config () in
    ignore (sent c : string);
    if before <> "" then ignore (feed c before : string list);
    let found = feed c bytes in
    ignore (sent c : string);
    match List.rev (found @ finish c) with
    | last :: _ ->
        string what
          ("closed: the bridge sent what makes no sense: " ^ expected
         ^ "; is it another version?")
          last
    | [] -> Alcotest.failf "%s: accepted" what
  in
  let w = welcome () in
  let frame type_id = Mycelium.Codec.frame ~type_id in
  wrong "type 0" ~before:w "\000\000\000\000\000\000" "a frame of type 0";
  wrong "too long" ~before:w ~config:(config ~max_payload:100 ())
    "\100\001\101\000\000\000"
    "a frame of type 356 with 101 bytes, over the limit of 100";
  wrong "over 4 MiB" ~before:w "\100\001\255\255\255\255"
    "a frame of type 356 with 4294967295 bytes, over the limit of 4194304";
  wrong "data first" (counter 1) "data before the end of the handshake";
  wrong "a second welcome" ~before:w w "a frame of type 2 where none was due";
  wrong "the client's" ~before:w (frame 1 "") "a frame of type 1: length";
  wrong "unknown" ~before:w (frame 77 "") "a frame of type 77";
  wrong "version" (welcome ~version:3 ()) "it speaks protocol version 3";
  wrong "unasked" ~before:w (subscribed 1) "an answer to what was not asked";
  wrong "summary" ~before:w (summary [])
    "a list of its messages where none was due";
  wrong "summary out of order" ~before:(reject Schema_mismatch "")
    (summary [ (5, "12345678", "A"); (5, "12345678", "B") ])
    "the list of its messages is too long or not in order";
  wrong "core frames in version 1"
    ~config:(config ~version:V1 ())
    (ping 1) "a frame of type 5 in version 1"

(* The bridge is told, after the frame that was begun; other data waits for the
   next connection. To close at once would reset the connection, and destroy
   what is on its way there. *)
let says_why () =
  let why what bytes (reason : Core.Goodbye_reason.t) =
    let c = opened () in
    let o = Connection.outbox c in
    List.iter (fun n -> Outbox.add o (module R.Counter_update) (counter_update n))
      [ 1; 2; 3 ];
    Alcotest.(check bool) "a part" true (Outbox.take o);
    Outbox.wrote o 30;
    check "not over yet" [] (feed c bytes);
    let rest = String.sub (counter 2) 8 (String.length (counter 2) - 8) in
    let out = sent c in
    let n = String.length rest in
    string "the rest of a frame" (Check.hex rest) (Check.hex (String.sub out 0 n));
    let header = Mycelium.Codec.header_size in
    let payload = String.sub out (n + header) (String.length out - n - header) in
    let said = Check.ok (Core.Goodbye.decode_string payload) in
    Alcotest.(check bool) what true (said.reason = reason);
    Alcotest.(check bool) "half closed" true (Connection.half_close c);
    check "nothing is looked at any more" []
      (feed c (counter 1 ^ ping 1 ^ "\000\000\000\000\000\000" ^ bytes));
    string "nor answered" "" (sent c);
    Alcotest.(check int) "over at their end" 1 (List.length (finish c));
    Alcotest.(check int) "all written" 0 (Outbox.rewind o);
    Outbox.add o (module R.Counter_update) (counter_update 4);
    string "for the next" (Check.hex (counter 3 ^ counter 4))
      (Check.hex (Test_queues.take_all o))
  in
  why "garbage" "\000\000\000\000\000\000" Protocol_error;
  why "too long" "\100\000\255\255\255\127" Frame_too_large;
  let c = opened () in
  check "not over yet" [] (feed ~now:1. c "\000\000\000\000\000\000");
  ignore (sent c : string);
  Alcotest.(check (float 0.)) "within the limit" 6. (Connection.deadline c);
  Alcotest.(check int) "who sends on does not hold it up" 1
    (List.length (feed ~now:6. c (counter 1)))

let close () =
  let c = opened () in
  Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update 1);
  Connection.close c ~now:1.;
  Alcotest.(check bool) "not admitted any more" true
    (Connection.admits c ~type_id:1002 ~size:16 = Not_open);
  Alcotest.(check bool) "still to write" false (Connection.half_close c);
  string "data, then goodbye"
    (Check.hex (counter 1 ^ goodbye Client_done))
    (Check.hex (sent c));
  Alcotest.(check bool) "all written" true (Connection.half_close c);
  check "what was under way" [ "data 5" ] (feed c (counter 5));
  check "the end" [ "closed: the connection is closed" ] (finish c);
  let c = opened () in
  ignore (sent c : string);
  Connection.close c ~now:1.;
  ignore (sent c : string);
  check "who sends on does not hold it up"
    [ "closed: the connection is closed" ]
    (feed ~now:6. c (counter 1))

(* What was published while the connection was being made is not given up for
   want of a moment. *)
let close_while_connecting () =
  let c = start () in
  Connection.close c ~now:1.;
  check "nothing to send" [ "closed: the connection is closed" ] (events c);
  let c = start () in
  Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update 1);
  Connection.close c ~now:1.;
  ignore (sent c : string);
  check "accepted" [ "accepted exact" ] (feed c (welcome ()));
  Connection.close c ~now:2.;
  string "data, then goodbye"
    (Check.hex (counter 1 ^ goodbye Client_done))
    (Check.hex (sent c))

(* Both sides say goodbye at once: what was queued is still written. *)
let goodbyes_cross () =
  let c = opened () in
  Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update 1);
  Connection.close c ~now:1.;
  check "not over yet" [] (feed c (goodbye Shutdown));
  string "data, then goodbye"
    (Check.hex (counter 1 ^ goodbye Client_done))
    (Check.hex (sent c));
  check "the end" [ "closed: the connection is closed" ] (events c);
  let c = opened () in
  Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update 1);
  Connection.close c ~now:1.;
  check "to no purpose" [ "closed: the connection is closed" ]
    (feed c (goodbye Protocol_error))

(* What is published after their goodbye would be lost: it waits for the next
   connection, as does all of it where the bridge does not listen any more. *)
let drains_at_goodbye () =
  let publish c n =
    Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update n)
  in
  let left c =
    let o = Connection.outbox c in
    let cut = Outbox.rewind o in
    (cut, Check.hex (Test_queues.take_all o))
  in
  let c = opened () in
  publish c 1;
  check "writes first" [] (feed c (goodbye Shutdown));
  Alcotest.(check bool) "no more to read" false (Connection.wants_input c);
  publish c 2;
  string "what was queued" (Check.hex (counter 1)) (Check.hex (sent c));
  Alcotest.(check (float 0.)) "now" neg_infinity (Connection.deadline c);
  check "then it is over"
    [ "closed: the bridge said goodbye: it is shutting down" ]
    (events c);
  Alcotest.(check (pair int string)) "the rest" (0, Check.hex (counter 2)) (left c);
  List.iter
    (fun reason ->
      let c = opened () in
      List.iter (publish c) [ 1; 2 ];
      Alcotest.(check bool) "a part" true (Outbox.take (Connection.outbox c));
      Outbox.wrote (Connection.outbox c) 5;
      Alcotest.(check int) "over at once" 1 (List.length (feed c (goodbye reason)));
      Alcotest.(check bool) "nothing more" false (Connection.has_output c);
      publish c 3;
      Alcotest.(check (pair int string))
        "all but what was begun"
        (1, Check.hex (counter 2 ^ counter 3))
        (left c))
    [ Core.Goodbye_reason.Protocol_error; Frame_too_large ]

(* Nothing can be written: what the bridge still says is heard, for a while, and
   what was queued is left for the next connection. *)
let output_fails () =
  let publish c =
    Outbox.add (Connection.outbox c) (module R.Counter_update) (counter_update 1)
  in
  let c = opened () in
  publish c;
  Connection.output_failed c ~now:1.;
  Alcotest.(check bool) "nothing to write" false (Connection.has_output c);
  check "but to read" [ "data 7" ] (feed ~now:2. c (counter 7));
  Alcotest.(check (float 0.)) "not for ever" 6. (Connection.deadline c);
  Connection.handle_timeout c ~now:6.;
  check "over"
    [
      "closed: the connection to the bridge is lost: the bridge takes nothing \
       any more";
    ]
    (events c);
  Alcotest.(check int) "left" 22 (Outbox.data (Connection.outbox c));
  let c = opened () in
  publish c;
  Connection.close c ~now:1.;
  Connection.output_failed c ~now:1.;
  Alcotest.(check bool) "no half close" false (Connection.half_close c);
  check "their end" [ "closed: the connection is closed" ] (finish c);
  Alcotest.(check int) "left, without a goodbye" 22
    (Outbox.data (Connection.outbox c));
  Alcotest.(check int) "one frame is lost" 1 (Outbox.clear (Connection.outbox c));
  let c = opened () in
  publish c;
  check "not over yet" [] (feed c (goodbye Shutdown));
  Connection.output_failed c ~now:1.;
  check "over" [ "closed: the bridge said goodbye: it is shutting down" ]
    (events c);
  Alcotest.(check int) "left" 22 (Outbox.data (Connection.outbox c))

(* Nobody waits for ever for a bridge that does not answer. *)
let answers_overdue () =
  let c = opened () in
  ignore (Connection.subscribe c ~now:5. ~all:true [] : int);
  ignore (Connection.subscribe c ~now:10. ~all:false [ 1001 ] : int);
  Alcotest.(check (float 0.)) "the first" 35. (Connection.deadline c);
  check "answered" [ "subscribed 1" ] (feed ~now:20. c (subscribed 1));
  Alcotest.(check (float 0.)) "the second" 50. (Connection.deadline c);
  Connection.handle_timeout c ~now:49.;
  check "in time" [] (events c);
  Connection.handle_timeout c ~now:50.;
  check "too late"
    [
      "closed: the connection to the bridge is lost: a subscription had no \
       answer within 30 s";
    ]
    (events c);
  let c = opened () in
  ignore (Connection.unsubscribe c ~now:5. ~all:true [] : int);
  check "answered" [ "subscribed 1" ] (feed ~now:20. c (subscribed 1));
  Alcotest.(check bool) "none" true (Connection.deadline c = infinity)

let time () =
  let c = start () in
  Alcotest.(check (float 0.)) "handshake" 5. (Connection.deadline c);
  Connection.handle_timeout c ~now:4.9;
  check "in time" [] (events c);
  Connection.handle_timeout c ~now:5.;
  Alcotest.(check bool) "too late" true
    (match Connection.failure c with
    | Some (Handshake_timeout { seconds = 5.; _ }) -> true
    | _ -> false);
  let c = opened ~interval_ms:1000 () in
  Alcotest.(check (float 0.)) "silence" 3. (Connection.deadline c);
  check "a byte is life" [] (feed ~now:2. c "\001");
  Alcotest.(check (float 0.)) "later" 5. (Connection.deadline c);
  Connection.handle_timeout c ~now:5.;
  check "silent"
    [ "closed: the bridge was silent for 3 s, longer than its heartbeats \
       allow" ]
    (events c);
  let c = opened () in
  Alcotest.(check bool) "no heartbeats" true (Connection.deadline c = infinity);
  ignore (sent c : string);
  Connection.close c ~now:1.;
  Connection.handle_timeout c ~now:6.;
  check "the bridge does not end its side"
    [ "closed: the connection is closed" ]
    (events c)

(* While nothing is read, pings are not seen: the bridge must not think that
   this side is dead, nor this side that the bridge is. *)
let paused () =
  let c = opened ~interval_ms:1000 () in
  check "ping" [] (feed c (ping 8));
  ignore (sent c : string);
  Connection.pause c ~now:10.;
  Alcotest.(check (float 0.)) "a sign of life is due" 11. (Connection.deadline c);
  Connection.handle_timeout c ~now:11.;
  string "it has the last nonce" (Check.hex (pong 8)) (Check.hex (sent c));
  Alcotest.(check (float 0.)) "and the next" 12. (Connection.deadline c);
  Connection.resume c ~now:60.;
  Alcotest.(check (float 0.)) "silence starts anew" 63. (Connection.deadline c);
  check "open" [] (events c)

let flood () =
  let c = opened () in
  let pings = String.concat "" (List.init 2000 ping) in
  ignore (feed c pings : string list);
  Alcotest.(check bool) "bounded" true
    (Outbox.core (Connection.outbox c) < 17_000);
  ignore (sent c : string);
  check "closed"
    [
      "closed: the bridge sent what makes no sense: it asks for more signs of \
       life than it reads; is it another version?";
    ]
    (finish c)

let ends () =
  let lost what c expected =
    check what [ "closed: the connection to the bridge is lost: " ^ expected ]
      (finish c)
  in
  lost "handshake" (start ()) "the bridge closed it during the handshake";
  lost "open" (opened ()) "the bridge closed it without a word";
  let c = opened () in
  check "half a frame" [] (feed c (String.sub (counter 1) 0 10));
  lost "cut" c "the stream ended in the middle of a frame";
  let v1 = start ~config:(config ~version:V1 ()) () in
  check "accepted" [ "accepted 1" ] (events v1);
  lost "version 1" v1
    "the bridge closed it before it sent anything: if it does so each time, \
     its contract is another one (handshake version 1 cannot say so)"

let limits () =
  let c = start () in
  ignore (feed c (welcome ~max_payload:100 ()) : string list);
  Alcotest.(check bool) "100" true
    (Connection.admits c ~type_id:1002 ~size:100 = Admitted);
  Alcotest.(check bool) "101" true
    (Connection.admits c ~type_id:1002 ~size:101 = Over_limit 100);
  Alcotest.(check bool) "core" true
    (Connection.admits c ~type_id:5 ~size:8 = Unknown_to_bridge)

(* Data frames cost nothing but what the program makes of them. *)
let no_allocation () =
  let c = opened () in
  let i = Connection.inbox c in
  let s = String.concat "" (List.init 1000 counter) in
  Inbox.prepare i;
  Bytes.blit_string s 0 (Inbox.buffer i) (Inbox.fill_pos i) (String.length s);
  Connection.received c ~now:1. (String.length s);
  let count = ref 0 and now = 1. in
  let before = Gc.minor_words () in
  while Connection.next c ~now == Data do
    incr count
  done;
  let words = Gc.minor_words () -. before in
  Alcotest.(check int) "frames" 1000 !count;
  if words > 100. then Alcotest.failf "%g words for 1000 frames" words

let bad_config () =
  match
    Connection.config ~schema_digest:"short" ~messages ()
  with
  | Error (Configuration { key = "schema_digest"; _ }) -> ()
  | _ -> Alcotest.fail "a digest of 5 bytes"

let tests =
  [
    Check.case "what the client says first" hello;
    Check.case "a session cut at every byte" every_split;
    Check.case "what differs is named" mismatch;
    Check.case "a mismatch half explained" incomplete_mismatch;
    Check.case "rejections" rejected;
    Check.case "mode Shared" shared;
    Check.case "summaries of many messages" summaries_of_many;
    Check.case "subscriptions" subscriptions;
    Check.case "what makes no sense" protocol_errors;
    Check.case "the bridge is told why" says_why;
    Check.case "closing" close;
    Check.case "closing while connecting" close_while_connecting;
    Check.case "goodbyes that cross" goodbyes_cross;
    Check.case "their goodbye" drains_at_goodbye;
    Check.case "nothing can be written" output_fails;
    Check.case "answers that do not come" answers_overdue;
    Check.case "deadlines and silence" time;
    Check.case "paused" paused;
    Check.case "a flood of pings" flood;
    Check.case "ends of streams" ends;
    Check.case "limits" limits;
    Check.case "no allocation" no_allocation;
    Check.case "bad settings" bad_config;
  ]
