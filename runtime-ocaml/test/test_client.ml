module Backoff = Mycelium.Backoff
module Bounded = Mycelium.Bounded
module Client = Mycelium.Client
module Codec = Mycelium.Codec
module Connection = Mycelium.Connection
module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module R = Reference_messages
module Subscription = Mycelium.Subscription
open Protocol

let int = Alcotest.(check int)
let bool = Alcotest.(check bool)
let string = Alcotest.(check string)
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)
let texts = (module R.Text_message : Mycelium.Message.S with type t = _)

(* {1 A driver without sockets} *)

type driver = {
  client : Client.t;
  mutable now : float;
  mutable turn : Client.turn;
  mutable resumed : int;
  mutable room : int;
}

let again = Backoff.make ~jitter:0. ~initial:1. ~max:8. ()

let driver ?reconnect ?(while_disconnected = `Buffer) ?(send_limit = 1_000_000)
    ?(config = config ()) () =
  let client =
    Client.create ~config ~address:"test" ~reconnect ~send_limit
      ~while_disconnected
  in
  let d = { client; now = 0.; turn = Waiting; resumed = 0; room = 0 } in
  Client.set_hooks client
    {
      changed = ignore;
      room = (fun () -> d.room <- d.room + 1);
      output = ignore;
      look = ignore;
      resumed = (fun () -> d.resumed <- d.resumed + 1);
      notice =
        (fun notice ->
          ignore (Client.is_warning notice : bool);
          ignore (Client.to_string client notice : string));
    };
  d

let connection d = Option.get d.client.connection

let pump d =
  d.turn <- Client.pump d.client (connection d) ~now:d.now;
  match d.turn with
  | Over failure -> Client.lost d.client ~now:d.now failure
  | Waiting | Stalled -> ()

let feed d s =
  Connection.input (connection d) ~now:d.now s;
  pump d

(* Up to [limit] bytes of what may be written. *)
let write ?(limit = max_int) d =
  let o = d.client.outbox and b = Buffer.create 100 in
  let left () = limit - Buffer.length b in
  while left () > 0 && Client.has_output d.client && Outbox.take o do
    let n = min (left ()) (Outbox.len o) in
    Buffer.add_subbytes b (Outbox.bytes o) (Outbox.pos o) n;
    Client.wrote d.client n
  done;
  Buffer.contents b

let connect ?max_payload ?interval_ms d =
  ignore (Client.connect d.client ~now:d.now : Connection.t);
  ignore (write d : string);
  feed d (welcome ?max_payload ?interval_ms ());
  bool "accepted" true (Client.is_open d.client)

let opened ?reconnect ?while_disconnected ?send_limit () =
  let d = driver ?reconnect ?while_disconnected ?send_limit () in
  connect d;
  d

let hang_up d =
  Inbox.prepare (Connection.inbox (connection d));
  Connection.received (connection d) ~now:d.now 0;
  pump d

let publish d n =
  match Client.publish d.client counters (counter_update n) with
  | Queued -> "queued"
  | Dropped -> "dropped"
  | No_room -> "no room"
  | Refused failure -> Failure.to_string failure

let published d n = string "published" "queued" (publish d n)
let stats d = Client.stats d.client
let frame_size = String.length (counter 0)

let subscription = function
  | Ok (s, (_ : Client.request)) -> s
  | Error failure -> Alcotest.fail (Failure.to_string failure)

let subscribe ?frames ?policy d message =
  let settings = Subscription.settings ?frames ?policy () in
  Subscription.one d.client ~now:d.now settings ~wake:ignore message
  |> subscription

let subscribed d =
  feed d (Protocol.subscribed d.client.asked);
  bool "answered" true (d.client.acknowledged = d.client.asked)

let take s = Subscription.take s ~now:(fun () -> 0.)
let value (m : R.Counter_update.t) = Int32.to_int (Int32.of_int m.value)

let counters_from n m =
  String.concat "" (List.init (m - n + 1) (fun i -> counter (n + i)))

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
  subscribed d;
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
  subscribed d;
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
  subscribed d;
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
  subscribed d;
  (match feed d (counters_from 1 4) with
  | () -> Alcotest.fail "a signal's exception is the program's"
  | exception Sys.Break -> ());
  pump d;
  bool "goes on" true (d.turn = Waiting);
  int "rejected" 2 s.rejected;
  int "the fourth" 4 (take s)

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
  let d = driver ~reconnect:again () in
  let delay () = Client.next_delay d.client ~random:0. in
  let delays =
    List.init 5 (fun _ ->
        connect d;
        ignore (subscribe d counters : R.Counter_update.t Subscription.t);
        subscribed d;
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
  subscribed d;
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

(* {1 Any bytes, at any time} *)

type op =
  | Feed of string
  | Hang_up
  | Reset
  | Write of int
  | Publish of int
  | Fail_output
  | Wait of float
  | Subscribe of bool
  | Unsubscribe
  | Take
  | Stop
  | Close

let op =
  let open QCheck2.Gen in
  frequency
    [
      (30, Test_connection.part >|= fun s -> Feed s);
      (2, pure Hang_up);
      (1, pure Reset);
      (8, int_bound 3000 >|= fun n -> Write n);
      (8, int_bound 20 >|= fun n -> Publish n);
      (1, pure Fail_output);
      (4, float_bound_inclusive 8. >|= fun s -> Wait s);
      (3, bool >|= fun all -> Subscribe all);
      (2, pure Unsubscribe);
      (4, pure Take);
      (1, pure Stop);
      (1, pure Close);
    ]

let print_op = function
  | Feed s -> "feed " ^ Check.hex s
  | Hang_up -> "hang up"
  | Reset -> "reset"
  | Write n -> Printf.sprintf "write %d" n
  | Publish n -> Printf.sprintf "publish %d" n
  | Fail_output -> "fail output"
  | Wait s -> Printf.sprintf "wait %g" s
  | Subscribe all -> Printf.sprintf "subscribe %b" all
  | Unsubscribe -> "unsubscribe"
  | Take -> "take"
  | Stop -> "stop"
  | Close -> "close"

let sessions =
  let open QCheck2.Gen in
  let setting = oneofl [ `Buffer; `Drop; `Error ] in
  let version = oneofl [ (Connection.V1, false); (V2, false); (V2, true) ] in
  triple version setting (list_size (int_bound 60) op)

let print_sessions (_, _, ops) = String.concat "\n" (List.map print_op ops)

(* Frames that were queued, and what became of them. *)
let balances d ~written =
  let s = stats d in
  let left = Outbox.data d.client.outbox / frame_size in
  s.frames_out - s.unsent - left <= written
  && s.unsent + left <= s.frames_out

let frames_of_data s =
  let rec count pos n =
    if pos + Codec.header_size > String.length s then n
    else
      let b = Bytes.unsafe_of_string s in
      let len = Int32.to_int (Bytes.get_int32_le b (pos + 2)) in
      let n = if Bytes.get_uint16_le b pos >= 100 then n + 1 else n in
      count (pos + Codec.header_size + len) n
  in
  count 0 0

(* No exception, no turn without end; every message that was queued is written,
   counted or waiting; and the end comes when it is asked for. *)
let survives ((version, shared), while_disconnected, ops) =
  let config = config ~version ~shared () in
  let d =
    driver ~reconnect:again ~while_disconnected ~send_limit:3000 ~config ()
  in
  let subscriptions = ref [] and written = ref 0 in
  let stream = Buffer.create 100 in
  let hello = String.length config.first_bytes in
  let count () =
    let s = Buffer.contents stream in
    let skip = min hello (String.length s) in
    let s = String.sub s skip (String.length s - skip) in
    written := !written + frames_of_data s;
    Buffer.clear stream
  in
  let settle f =
    if Option.is_some d.client.connection then begin
      f (connection d);
      if not d.client.stalled || Connection.failure (connection d) <> None then
        pump d
    end;
    if Option.is_none d.client.connection then count ()
  in
  let run = function
    | Feed s -> settle (fun c -> if not d.client.stalled then
        Connection.input c ~now:d.now s)
    | Hang_up ->
        settle (fun c ->
            Inbox.prepare (Connection.inbox c);
            if not d.client.stalled then Connection.received c ~now:d.now 0)
    | Reset -> settle (fun c -> Connection.abort c (Lost "reset"))
    | Write limit -> Buffer.add_string stream (write d ~limit)
    | Publish n ->
        for i = 1 to n do
          ignore (publish d i : string)
        done
    | Fail_output -> settle (Connection.output_failed ~now:d.now)
    | Wait seconds ->
        d.now <- d.now +. seconds;
        settle (Connection.handle_timeout ~now:d.now)
    | Subscribe all -> (
        let settings = Subscription.settings ~frames:3 () in
        let type_ids = if all then None else Some [ 1001; 1002 ] in
        match
          Subscription.any d.client ~now:d.now settings ~wake:ignore ~type_ids
            R.Any_message.decode
        with
        | Ok (s, _) -> subscriptions := s :: !subscriptions
        | Error _ -> ())
    | Unsubscribe ->
        List.iter (Subscription.close ~now:d.now) !subscriptions;
        subscriptions := []
    | Take ->
        List.iter
          (fun s ->
            if not (Subscription.is_empty s) then
              ignore (take s : R.Any_message.t))
          !subscriptions;
        settle ignore
    | Stop -> Client.stop d.client ~now:d.now
    | Close -> Client.close d.client ~now:d.now
  in
  let step op =
    if (not (Client.is_over d.client)) && Option.is_none d.client.connection
    then begin
      ignore (Client.next_delay d.client ~random:0.5 : float);
      ignore (Client.connect d.client ~now:d.now : Connection.t)
    end;
    run op;
    Outbox.core d.client.outbox < 20_000
  in
  let bounded = List.for_all step ops in
  Client.close d.client ~now:d.now;
  (* It may wait for the handshake, then for their end: no longer. *)
  List.iter (fun () -> run (Wait 8.)) [ (); () ];
  if Option.is_some d.client.connection then count ();
  bounded && Client.is_over d.client && balances d ~written:!written

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
    Check.case "what the bridge has dropped" dropped_by_bridge;
    Check.case "waits grow" backoff_grows;
    Check.case "subscribes again" subscribes_again;
    Check.case "allocation" allocation;
    Check.property "any bytes, at any time" ~count:2000 sessions
      ~print:print_sessions survives;
  ]
