module Bounded = Mycelium.Bounded
module Client = Mycelium.Client
module Codec = Mycelium.Codec
module Connection = Mycelium.Connection
module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module Inbox = Mycelium.Inbox
module R = Reference_messages
module Subscription = Mycelium.Subscription
open Protocol
open Driver

let int = Alcotest.(check int)
let bool = Alcotest.(check bool)
let string = Alcotest.(check string)
let texts = (module R.Text_message : Mycelium.Message.S with type t = _)

(* {1 What becomes of what is published} *)

let flushed d mark = Client.flushed d.client mark ~now:d.now
let unsent frames = Some (Error (Failure.Unsent { frames }))

(* [Ok] means written. *)
let flush_tells_of_losses () =
  let d = opened ~reconnect:again () in
  List.iter (published d) [ 1; 2; 3 ];
  let mark = Client.mark d.client in
  published d 4;
  bool "waits" true (flushed d mark = None);
  ignore (write d ~limit:(frame_size + 1) : string);
  hang_up d;
  int "the frame that was cut" 1 (stats d).unsent;
  bool "waits for the next connection" true (flushed d mark = None);
  connect d;
  string "the others" (Check.hex (counter 3)) (Check.hex (write d ~limit:frame_size));
  bool "told" true (flushed d mark = unsent 1);
  string "the last" (Check.hex (counter 4)) (Check.hex (write d));
  bool "told once" true (flushed d (Client.mark d.client) = Some (Ok ()));
  published d 5;
  let mark = Client.mark d.client in
  Client.close d.client ~now:0.;
  bool "waits" true (flushed d mark = None);
  Connection.abort (connection d) Closed;
  pump d;
  bool "the end" true (Client.is_over d.client);
  bool "told" true (flushed d mark = unsent 1);
  let d = opened () in
  published d 1;
  hang_up d;
  bool "also of what was before" true
    (flushed d (Client.mark d.client) = unsent 1)

(* A goodbye that was not sent is no message, and a message that nobody could
   write is. *)
let counts_what_is_lost () =
  let d = opened () in
  List.iter (published d) [ 1; 2 ];
  Client.close d.client ~now:0.;
  Connection.output_failed (connection d) ~now:0.;
  hang_up d;
  int "close" 2 (stats d).unsent;
  let d = opened () in
  List.iter (published d) [ 1; 2 ];
  ignore (write d ~limit:5 : string);
  feed d (goodbye Shutdown);
  Connection.output_failed (connection d) ~now:0.;
  pump d;
  bool "over" true (Client.is_over d.client);
  int "drain" 2 (stats d).unsent;
  let d = opened () in
  Client.close d.client ~now:0.;
  hang_up d;
  int "a goodbye" 0 (stats d).unsent

(* Nothing may go to a connection that is ending. *)
let while_draining () =
  let d = opened ~reconnect:again () in
  published d 1;
  feed d (goodbye Shutdown);
  published d 2;
  string "what was before" (Check.hex (counter 1)) (Check.hex (write d));
  pump d;
  published d 3;
  int "nothing is lost" 0 (stats d).unsent;
  connect d;
  string "the rest" (Check.hex (counter 2 ^ counter 3)) (Check.hex (write d));
  let d = opened () in
  published d 1;
  feed d (goodbye Shutdown);
  string "there will be no other" "the bridge said goodbye: it is shutting down"
    (publish d 2);
  ignore (write d : string);
  pump d;
  int "nothing is lost" 0 (stats d).unsent

let settings_while_disconnected () =
  let lose while_disconnected =
    let d = opened ~reconnect:again ~while_disconnected () in
    List.iter (published d) [ 1; 2 ];
    ignore (write d ~limit:(frame_size + 5) : string);
    hang_up d;
    d
  in
  let d = lose `Buffer in
  string "buffer" "queued" (publish d 3);
  int "what was cut" 1 (stats d).unsent;
  connect d;
  string "later" (Check.hex (counter 3)) (Check.hex (write d));
  let d = lose `Drop in
  string "drop" "dropped" (publish d 3);
  int "dropped" 1 (stats d).dropped;
  int "unsent" 1 (stats d).unsent;
  connect d;
  string "nothing" "" (Check.hex (write d));
  string "as before" "queued" (publish d 4);
  let d = lose `Error in
  bool "a publisher" true (Client.admit d.client counters = Ok ());
  string "error" (Failure.to_string Disconnected) (publish d 3);
  ignore (Client.connect d.client ~now:0. : Connection.t);
  string "before the handshake" (Failure.to_string Disconnected) (publish d 3);
  ignore (write d : string);
  feed d (welcome ());
  string "as before" "queued" (publish d 4);
  let s = stats d in
  Alcotest.(check (list int)) "counted" [ 3; 1; 0 ]
    [ s.frames_out; s.unsent; s.dropped ];
  List.iter
    (fun while_disconnected ->
      let d = opened ~reconnect:again ~while_disconnected () in
      published d 1;
      published d 2;
      hang_up d;
      int "what was queued" 2 (stats d).unsent)
    [ `Drop; `Error ]

(* The next bridge may take less. *)
let smaller_limit () =
  let d = opened ~reconnect:again () in
  let text =
    R.Text_message.make_exn ~sender:"a" ~content:"b" ~timestamp:Mycelium.U64.one
  in
  published d 1;
  bool "a text" true (Client.publish d.client texts text = Queued);
  published d 2;
  hang_up d;
  let rooms = d.room in
  connect d ~max_payload:R.Counter_update.size;
  bool "there is room" true (d.room > rooms);
  string "the small ones" (Check.hex (counter 1 ^ counter 2)) (Check.hex (write d));
  int "the other" 1 (stats d).unsent;
  bool "nor later" true
    (match Client.publish d.client texts text with
    | Refused (Too_large { limit = 16; _ }) -> true
    | _ -> false)

(* After [stop] nobody waits for ever, but what can be sent is. *)
let giving_up () =
  let d = opened ~reconnect:again ~send_limit:30 () in
  published d 1;
  string "full" "no room" (publish d 2);
  bool "waits" false (Client.gives_up d.client ~now:1e9);
  Client.stop d.client ~now:10.;
  bool "waits on" false (Client.gives_up d.client ~now:14.);
  bool "up to a limit" true (Client.wait_limit d.client = 15.);
  ignore (write d : string);
  string "room" "queued" (publish d 3);
  bool "given up" true (Client.gives_up d.client ~now:15.);
  (* Who has waited in vain need not wait again. *)
  Client.close d.client ~now:15.;
  pump d;
  bool "over" true (Client.is_over d.client);
  int "lost" 1 (stats d).unsent;
  let d = opened ~reconnect:again ~send_limit:30 () in
  published d 1;
  hang_up d;
  let mark = Client.mark d.client in
  bool "waits" true (flushed d mark = None);
  Client.stop d.client ~now:10.;
  bool "there is nobody to wait for" true (Client.gives_up d.client ~now:10.);
  bool "nor for flush" true (flushed d mark = Some (Error Closed))

(* {1 Receiving} *)

(* Who is about to leave does not take what is queued for it: it must not hold
   up the end, and what it misses is counted. *)
let closing_with_a_full_queue () =
  let d = opened () in
  let s = subscribe d counters ~frames:2 in
  answer d;
  feed d (counters_from 1 5);
  bool "full" true (d.turn = Stalled);
  Client.close d.client ~now:1.;
  int "reads on" 1 d.resumed;
  pump d;
  feed d (counters_from 6 9);
  bool "not held up" true (d.turn = Waiting);
  hang_up d;
  bool "the end" true (d.client.ended = Some Closed);
  Alcotest.(check (list int)) "what was there" [ 1; 2 ]
    (List.init 2 (fun _ -> value (take s)));
  int "missed" 7 (Bounded.dropped s.queue)

let stalls () =
  let d = opened ~reconnect:again () in
  let s = subscribe d counters ~frames:4 in
  answer d;
  feed d (counters_from 1 10);
  bool "full" true (d.turn = Stalled);
  int "first" 1 (value (take s));
  int "not yet" 0 d.resumed;
  int "second" 2 (value (take s));
  int "with half of the room" 1 d.resumed;
  pump d;
  bool "full again" true (d.turn = Stalled);
  hang_up d;
  bool "stalled" true d.client.stalled;
  Client.stop d.client ~now:0.;
  pump d;
  bool "gone" true (Option.is_none d.client.connection);
  Alcotest.(check (list int)) "in order" [ 3; 4; 5; 6 ]
    (List.init 4 (fun _ -> value (take s)))

(* The answer lies behind what a full queue holds up; but memory has an end. *)
let bounded_while_asking () =
  let d = opened () in
  let size = 4_000_000 in
  let big = Codec.frame ~type_id:5000 (String.make size 'x') in
  let settings = Subscription.settings ~frames:1 () in
  let count ~type_id:_ _ ~pos:_ ~len = Some (Ok len) in
  let s =
    Subscription.any d.client ~now:0. settings ~wake:ignore
      ~type_ids:(Some [ 5000 ]) count
    |> subscription
  in
  answer d;
  feed d (big ^ big);
  bool "full" true (d.turn = Stalled);
  ignore (subscribe d counters : R.Counter_update.t Subscription.t);
  pump d;
  bool "over its bound" true (d.turn = Waiting && Bounded.length s.queue = 2);
  let rec until_stalled n =
    if n > 50 then Alcotest.fail "without end";
    feed d big;
    if d.turn = Stalled then n else until_stalled (n + 1)
  in
  int "not without end" (1 + (67_108_864 / size)) (until_stalled 2);
  Connection.handle_timeout (connection d) ~now:30.;
  pump d;
  bool "nor for ever" true
    (match d.client.ended with Some (Lost _) -> true | _ -> false)

(* Whatever the program's function does, it is one frame that is left out. *)
let decode_raises () =
  let d = opened () in
  let calls = ref 0 in
  let decode ~type_id:_ _ ~pos:_ ~len:_ =
    incr calls;
    match !calls with
    | 1 -> failwith "no"
    | 2 -> raise Not_found
    | 3 -> raise Sys.Break
    | n -> Some (Ok n)
  in
  let s =
    Subscription.any d.client ~now:0. (Subscription.settings ()) ~wake:ignore
      ~type_ids:None decode
    |> subscription
  in
  answer d;
  (match feed d (counters_from 1 4) with
  | () -> Alcotest.fail "a signal's exception is the program's"
  | exception Sys.Break -> ());
  pump d;
  bool "goes on" true (d.turn = Waiting);
  int "rejected" 2 s.rejected;
  int "the fourth" 4 (take s)

(* This program was busy: the bridge has kept its heartbeats. *)
let late_is_not_silent () =
  let late arrived =
    let d = create () in
    connect d ~interval_ms:1000;
    d.now <- 60.;
    let read _ c ~now =
      if arrived then Connection.input c ~now (ping 1);
      arrived
    in
    Client.turn d.client (connection d) ~now:d.now ~read
  in
  bool "bytes were there" true (late true = Waiting);
  bool "none were" true
    (match late false with Over (Silent _) -> true | _ -> false)

let dropped_by_bridge () =
  let d = opened ~reconnect:again () in
  feed d (dropped 5);
  feed d (dropped 7);
  int "the sum" 7 (stats d).dropped_by_bridge;
  hang_up d;
  connect d;
  int "stays" 7 (stats d).dropped_by_bridge;
  feed d (dropped 2);
  int "and grows" 9 (stats d).dropped_by_bridge;
  let most =
    Core.Dropped.make_exn ~total:Mycelium.U64.max_value
    |> Codec.encode (module Core.Dropped)
  in
  feed d most;
  int "to a limit" max_int (stats d).dropped_by_bridge

(* {1 Connecting again} *)

(* A bridge that accepts and closes must not be dialled ten times a second. *)
let backoff_grows () =
  let d = create ~reconnect:again () in
  let delay () = Client.next_delay d.client ~random:0. in
  let delays =
    List.init 5 (fun _ ->
        connect d;
        ignore (subscribe d counters : R.Counter_update.t Subscription.t);
        answer d;
        hang_up d;
        delay ())
  in
  Alcotest.(check (list (float 0.))) "grows" [ 1.; 2.; 4.; 8.; 8. ] delays;
  connect d;
  feed d (counter 1);
  hang_up d;
  Alcotest.(check (float 0.)) "a message came" 1. (delay ());
  Client.failed d.client (Lost "refused");
  Alcotest.(check (float 0.)) "not reached" 2. (delay ());
  connect d;
  d.now <- 5.;
  hang_up d;
  Alcotest.(check (float 0.)) "it has stayed" 1. (delay ())

let subscribes_again () =
  let d = opened ~reconnect:again () in
  ignore (subscribe d counters : R.Counter_update.t Subscription.t);
  hang_up d;
  connect d;
  int "asked" 1 d.client.asked;
  let s = subscribe d texts in
  int "once more" 2 d.client.asked;
  Subscription.close s ~now:0.;
  int "and back" 3 d.client.asked;
  hang_up d;
  connect d;
  int "one of them" 1 d.client.asked

(* {1 Cost} *)

let words f =
  let before = Gc.minor_words () in
  let v = f () in
  let after = Gc.minor_words () in
  (v, int_of_float (after -. before))

(* A message costs its value and a cell of the queue, from the bytes that were
   read to the program's hands. *)
let allocation () =
  let d = opened () in
  let n = 1000 in
  let s = subscribe d counters in
  answer d;
  let bytes = counters_from 1 n in
  let inbox = Connection.inbox (connection d) in
  Inbox.prepare inbox;
  Bytes.blit_string bytes 0 (Inbox.buffer inbox) (Inbox.fill_pos inbox)
    (String.length bytes);
  Connection.received (connection d) ~now:0. (String.length bytes);
  let payload = Bytes.sub (Bytes.of_string (counter 1)) 6 16 in
  let _, overhead = words ignore in
  let decode () = R.Counter_update.decode_exn payload ~pos:0 ~len:16 in
  let value = snd (words decode) - overhead in
  let cell = 4 in
  let c = connection d in
  let turn, received =
    words (fun () -> Client.pump d.client c ~now:0.)
  in
  bool "all" true (turn = Waiting && Bounded.length s.queue = n);
  (* [now], once a turn, is a float of its own. *)
  let a_turn = 16 in
  let most = (n * (value + cell)) + a_turn + overhead in
  if received > most then
    Alcotest.failf "%d words for %d messages of %d and %d" received n value cell;
  let now () = 0. in
  let rec take_all left =
    if left > 0 then begin
      ignore (Subscription.take s ~now : R.Counter_update.t);
      take_all (left - 1)
    end
  in
  int "taking costs nothing" overhead (snd (words (fun () -> take_all n)))

let tests =
  [
    Check.case "flush tells of losses" flush_tells_of_losses;
    Check.case "what is lost is counted" counts_what_is_lost;
    Check.case "published to a connection that is ending" while_draining;
    Check.case "published while disconnected" settings_while_disconnected;
    Check.case "a bridge that takes less" smaller_limit;
    Check.case "giving up" giving_up;
    Check.case "closing with a full queue" closing_with_a_full_queue;
    Check.case "full queues" stalls;
    Check.case "memory while an answer is due" bounded_while_asking;
    Check.case "a function that raises" decode_raises;
    Check.case "late is not silent" late_is_not_silent;
    Check.case "what the bridge has dropped" dropped_by_bridge;
    Check.case "waits grow" backoff_grows;
    Check.case "subscribes again" subscribes_again;
    Check.case "allocation" allocation;
  ]
