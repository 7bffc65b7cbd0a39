module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_unix
open Protocol

let ok = Failure.exn
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)
let bool = Alcotest.(check bool)
let int = Alcotest.(check int)

let connect ?version ?handshake_timeout ?drain_timeout ?send_limit ?reconnect
    ?shared bridge =
  Transport.connect ?version ?handshake_timeout ?drain_timeout ?send_limit
    ?reconnect ?shared
    ~client_name:"test" ~schema_digest:digest ~messages
    (Bridge.address bridge)

let number (m : R.Counter_update.t) = Int32.to_int (Int32.of_int m.value)

let failed what expected = function
  | Ok _ -> Alcotest.failf "%s: no failure" what
  | Error failure ->
      if not (expected failure) then
        Alcotest.failf "%s: %s" what (Failure.to_string failure)

let is_lost = function Failure.Lost _ -> true | _ -> false

(* {1 Connecting} *)

let round_trip bridge () =
  let bridge = bridge () in
  let script () =
    let c = Bridge.welcome bridge in
    let asked = Bridge.subscribed c in
    bool "types" true (asked.type_ids = [| R.Counter_update.type_id |]);
    for n = 1 to 3 do
      Bridge.expect c n;
      Bridge.send c (counter (10 * n))
    done;
    Bridge.say_goodbye c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect bridge) in
      let subscriber = Subscriber.create_exn t counters in
      let publisher = Publisher.create_exn t counters in
      for n = 1 to 3 do
        Publisher.publish_exn publisher (counter_update n);
        int "answer" (10 * n) (number (Subscriber.recv_exn subscriber))
      done;
      let session = Option.get (Transport.session t) in
      bool "exact" true (session.mode = Exact);
      Transport.close t;
      Transport.close t;
      bool "closed" true (Transport.failure t = Some Closed);
      failed "publish" (( = ) Failure.Closed)
        (Publisher.publish publisher (counter_update 4));
      failed "recv" (( = ) Failure.Closed) (Subscriber.recv subscriber))

(* The system refuses to wait so long. *)
let no_hurry bridge () =
  let patient seconds =
    let bridge = bridge () in
    let script () = Bridge.say_goodbye (Bridge.welcome bridge) in
    Bridge.play bridge script (fun () ->
        connect ~handshake_timeout:seconds ~drain_timeout:seconds bridge
        |> ok |> Transport.close)
  in
  List.iter patient [ 1e10; 1e300; infinity ]

let unreachable () =
  let attempt address =
    Transport.connect ~schema_digest:digest ~messages address
  in
  let says what part address =
    match attempt address with
    | Error (Unreachable { problem; _ }) ->
        let n = String.length part in
        let rec found i =
          i + n <= String.length problem
          && (String.sub problem i n = part || found (i + 1))
        in
        if not (found 0) then Alcotest.failf "%s: %s" what problem
    | Ok _ -> Alcotest.failf "%s: connected" what
    | Error failure -> Alcotest.failf "%s: %s" what (Failure.to_string failure)
  in
  let path = Filename.temp_file "mycelium" ".sock" in
  let stale = Unix.(socket ~cloexec:true PF_UNIX SOCK_STREAM 0) in
  List.iter (says "no socket" "is no socket") [ Path path; Path "/" ];
  Unix.unlink path;
  Unix.(bind stale (ADDR_UNIX path); close stale);
  says "a socket whose server is gone" "a stale one" (Path path);
  Unix.unlink path;
  says "no file" "nothing at this path" (Path path);
  failed "too long" Failure.is_permanent (attempt (Path (String.make 108 'x')));
  let bridge = Bridge.on_tcp Unix.inet_addr_loopback in
  let address = Bridge.address bridge in
  Bridge.play bridge ignore ignore;
  says "a closed port" "nobody listens" address;
  says "no host" "no such host" (Tcp { host = "nowhere.invalid"; port = 1 })

(* A system without IPv6 has no sockets for the first address of many names. *)
let next_address () =
  let address = Address.Tcp { host = "both"; port = 1 } in
  let connect result ~until:_ = result () in
  let no_such_family () =
    raise (Unix.Unix_error (EAFNOSUPPORT, "socket", ""))
  in
  let refused () = Error (Failure.Lost "refused") in
  let first infos =
    Socket.connect_any address infos ~until:(Clock.now () +. 1.) connect
  in
  bool "the third" true
    (first [ no_such_family; refused; (fun () -> Ok 3); refused ] = Ok 3);
  failed "none"
    (function Unreachable _ -> true | _ -> false)
    (first [ refused; no_such_family ]);
  failed "none" is_lost (first [ no_such_family; refused ]);
  let shares = ref [] in
  let note () ~until =
    shares := (until -. Clock.now ()) :: !shares;
    refused ()
  in
  let (_ : (unit, Failure.t) result) =
    Socket.connect_any address [ (); () ] ~until:(Clock.now () +. 60.) note
  in
  match !shares with
  | [ last; first ] ->
      bool "one that never answers leaves time" true (first < 31. && last > 50.)
  | _ -> Alcotest.fail "not two"

let refused_by script expected () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.accept bridge in
    script c;
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      failed "connect" expected (connect bridge))

let mismatch =
  refused_by
    (fun c ->
      Bridge.send c
        (reject Schema_mismatch "" ^ summary [ (1001, "12345678", "Other") ]
       ^ goodbye Protocol_error))
    (function
      | Schema_mismatch { complete = true; differences; _ } ->
          differences.differ = [ "TextMessage" ]
          && differences.unknown_to_bridge
             = [ "CounterUpdate"; "BatchOperation" ]
      | _ -> false)

let cut_short =
  let w = welcome () in
  refused_by
    (fun c -> Bridge.send c (String.sub w 0 (String.length w - 1)))
    (function Lost _ -> true | _ -> false)

let garbage =
  refused_by
    (fun c -> Bridge.send c "HTTP/1.1 400 Bad Request\r\n\r\n")
    (function Protocol _ -> true | _ -> false)

let oversized =
  refused_by
    (fun c -> Bridge.send c "\002\000\255\255\255\127")
    (function Protocol _ -> true | _ -> false)

let no_answer () =
  let bridge = Bridge.on_path () in
  let over = Bridge.event () in
  let script () =
    let c = Bridge.accept bridge in
    Bridge.await over;
    bool "given up" true (Bridge.at_end c)
  in
  Bridge.play bridge script (fun () ->
      failed "connect"
        (function Handshake_timeout { seconds = 0.05; _ } -> true | _ -> false)
        (connect ~handshake_timeout:0.05 bridge);
      Bridge.set over)

let version_1 () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.accept bridge in
    Alcotest.(check string) "digest" (Check.hex digest)
      (Check.hex (Bridge.hello c));
    Bridge.send c (counter 1);
    Bridge.expect c 2;
    bool "no goodbye" true (Bridge.at_end c);
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect ~version:V1 bridge) in
      let publisher = Publisher.create_exn t counters in
      Publisher.publish_exn publisher (counter_update 2);
      Transport.close t)

let other_contract () =
  let bridge = Bridge.on_path () in
  let script () = Bridge.say_goodbye (Bridge.welcome bridge) in
  Bridge.play bridge script (fun () ->
      let t =
        ok
          (Transport.connect ~schema_digest:(String.make 32 'o') ~messages
             (Bridge.address bridge))
      in
      let other = function
        | Failure.Other_contract { name = "CounterUpdate" } -> true
        | _ -> false
      in
      failed "publisher" other (Publisher.create t counters);
      failed "subscriber" other (Subscriber.create t counters);
      Transport.close t)

(* {1 Waiting costs nothing}

   Each of these waits a while for a bridge that does nothing. *)

let idle what f =
  let start = Sys.time () in
  f ();
  let used = Sys.time () -. start in
  if used > 0.015 then Alcotest.failf "%s: %g s of computing" what used

let silent_bridge () =
  let bridge = Bridge.on_path () in
  let over = Bridge.event () in
  let script () =
    let c = Bridge.accept bridge in
    Bridge.send c (String.sub (welcome ()) 0 20);
    Bridge.await over;
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      idle "handshake" (fun () ->
          failed "connect"
            (function Handshake_timeout _ -> true | _ -> false)
            (connect ~handshake_timeout:0.4 bridge));
      Bridge.set over)

(* [last_words] make the connection wait for its end. *)
let silent_end what ~queued last_words () =
  let bridge = Bridge.on_path () in
  let published = Bridge.event () and over = Bridge.event () in
  let script () =
    let c = Bridge.welcome bridge in
    Bridge.await published;
    Bridge.send c last_words;
    Bridge.await over;
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect ~drain_timeout:0.4 ~send_limit:10_000_000 bridge) in
      let publisher = Publisher.create_exn t counters in
      for n = 1 to queued do
        Publisher.publish_exn publisher (counter_update n)
      done;
      Bridge.set published;
      idle what (fun () -> Transport.close t);
      Bridge.set over)

(* Threads that wait for the next connection. *)
let nobody_there () =
  let bridge = Bridge.on_path () in
  let script () = Bridge.hang_up (Bridge.welcome bridge) in
  Bridge.play bridge script (fun () ->
      let slow = Mycelium.Backoff.make ~initial:3600. ~max:3600. () in
      let t = ok (connect ~reconnect:slow ~send_limit:10 bridge) in
      let publisher = Publisher.create_exn t counters in
      Bridge.until "the loss" (fun () -> Transport.session t = None);
      Publisher.publish_exn publisher (counter_update 1);
      idle "publish and flush" (fun () ->
          failed "publish" (( = ) (Failure.Timeout 0.2))
            (Publisher.publish_timeout publisher ~seconds:0.2
               (counter_update 2));
          failed "flush" (( = ) (Failure.Timeout 0.2))
            (Transport.flush ~timeout:0.2 t));
      Transport.close t)

(* {1 Logs} *)

(* It may write to a file that is full. *)
let reporter_raises () =
  let bridge = Bridge.on_path () in
  let calls = ref 0 in
  let report _ _ ~over:_ _ _ =
    incr calls;
    failwith "disk full"
  in
  let before = Logs.reporter () and level = Logs.level () in
  Logs.set_reporter { report };
  Logs.set_level (Some Info);
  let finally () =
    Logs.set_reporter before;
    Logs.set_level level
  in
  let script () =
    let c = Bridge.welcome bridge in
    Bridge.hang_up c;
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.send c (counter 1);
    Bridge.say_goodbye c
  in
  Fun.protect ~finally (fun () ->
      Bridge.play bridge script (fun () ->
          let fast = Mycelium.Backoff.make ~initial:0.001 ~max:0.002 () in
          let t = ok (connect ~reconnect:fast bridge) in
          Bridge.until "another" (fun () -> (Transport.stats t).connections = 2);
          let s = Subscriber.create_exn t counters in
          int "goes on" 1 (number (Subscriber.recv_exn s));
          Transport.close t));
  bool "it was called" true (!calls >= 3)

(* {1 Losing the connection} *)

let lost_by hang_up expected () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.expect c 1;
    hang_up c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect bridge) in
      let subscriber = Subscriber.create_exn t counters in
      let publisher = Publisher.create_exn t counters in
      Publisher.publish_exn publisher (counter_update 1);
      failed "recv" expected (Subscriber.recv subscriber);
      failed "publish" expected
        (Publisher.publish publisher (counter_update 2));
      Transport.close t)

let mid_frame c =
  Bridge.send c (String.sub (counter 1) 0 9);
  Bridge.hang_up c

let later_garbage c =
  Bridge.send c "\000\000\000\000\000\000";
  Bridge.say_goodbye c

(* The system kills a process that writes to a closed socket, unless told not
   to: the test would not come back. *)
let closed_under_writer () =
  let before = Sys.signal Sys.sigpipe Signal_default in
  let bridge = Bridge.on_path () in
  let script () = Bridge.hang_up (Bridge.welcome bridge) in
  Bridge.play bridge script (fun () ->
      let t = ok (connect bridge) in
      let publisher = Publisher.create_exn t counters in
      let rec publish () =
        match Publisher.publish publisher (counter_update 1) with
        | Ok () -> publish ()
        | Error failure -> failure
      in
      bool "lost" true (is_lost (publish ()));
      Transport.close t);
  Sys.set_signal Sys.sigpipe before

(* Unread bytes make the system reset the connection. *)
let reset () =
  let bridge = Bridge.on_tcp Unix.inet_addr_loopback in
  let published = Bridge.event () in
  let script () =
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.await published;
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect bridge) in
      let subscriber = Subscriber.create_exn t counters in
      let publisher = Publisher.create_exn t counters in
      for n = 1 to 100 do
        Publisher.publish_exn publisher (counter_update n)
      done;
      ok (Transport.flush t);
      Bridge.set published;
      failed "recv" is_lost (Subscriber.recv subscriber);
      Transport.close t)

let fast = Mycelium.Backoff.make ~initial:0.001 ~max:0.002 ()

(* Subscriptions and what was not sent go to the next connection; a receiver
   notices nothing. *)
let reconnects () =
  let bridge = Bridge.on_path () in
  let gone = Bridge.event () in
  let script () =
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.send c (counter 1 ^ goodbye Shutdown);
    bool "the client closes" true (Bridge.at_end c);
    Bridge.hang_up c;
    Bridge.hang_up (Bridge.accept bridge);
    Bridge.await gone;
    let c = Bridge.welcome bridge in
    let asked = Bridge.subscribed c in
    bool "again" true (asked.type_ids = [| R.Counter_update.type_id |]);
    Bridge.expect c 7;
    Bridge.send c (counter 2);
    Bridge.say_goodbye c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect ~reconnect:fast bridge) in
      let subscriber = Subscriber.create_exn t counters in
      let publisher = Publisher.create_exn t counters in
      int "before" 1 (number (Subscriber.recv_exn subscriber));
      Bridge.until "the loss" (fun () -> Transport.session t = None);
      Publisher.publish_exn publisher (counter_update 7);
      Bridge.set gone;
      int "after" 2 (number (Subscriber.recv_exn subscriber));
      int "connections" 2 (Transport.stats t).connections;
      Transport.close t)

(* Trying again cannot help: the receiver is told. *)
let reconnects_to_another_contract () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.hang_up c;
    let c = Bridge.accept bridge in
    Bridge.send c (reject Schema_mismatch "" ^ summary []);
    bool "the client closes" true (Bridge.at_end c);
    Bridge.hang_up c
  in
  Bridge.play bridge script (fun () ->
      let t = ok (connect ~reconnect:fast bridge) in
      let subscriber = Subscriber.create_exn t counters in
      failed "recv"
        (function Schema_mismatch _ -> true | _ -> false)
        (Subscriber.recv subscriber);
      Transport.close t)

(* A transport that is connecting again can be closed, and wakes who waits. *)
let closed_while_down () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.welcome bridge in
    ignore (Bridge.subscribed c : Core.Subscribe.t);
    Bridge.hang_up c
  in
  let t, thread =
    Bridge.play bridge script (fun () ->
        let slow = Mycelium.Backoff.make ~initial:3600. ~max:3600. () in
        let t = ok (connect ~reconnect:slow bridge) in
        let subscriber = Subscriber.create_exn t counters in
        (t, Thread.create (fun () ->
            failed "recv" (( = ) Failure.Closed) (Subscriber.recv subscriber))
            ()))
  in
  Transport.close t;
  Thread.join thread

let tests =
  [
    Check.case "over a Unix socket" (round_trip Bridge.on_path);
    Check.case "over IPv4"
      (round_trip (fun () -> Bridge.on_tcp Unix.inet_addr_loopback));
    Check.case "over IPv6"
      (round_trip (fun () -> Bridge.on_tcp Unix.inet6_addr_loopback));
    Check.case "in no hurry" (no_hurry Bridge.on_path);
    Check.case "in no hurry, over IPv4"
      (no_hurry (fun () -> Bridge.on_tcp Unix.inet_addr_loopback));
    Check.case "unreachable" unreachable;
    Check.case "another contract" mismatch;
    Check.case "an answer cut short" cut_short;
    Check.case "no bridge at all" garbage;
    Check.case "an answer that is too long" oversized;
    Check.case "no answer" no_answer;
    Check.case "version 1" version_1;
    Check.case "modules of another contract" other_contract;
    Check.case "the next address" next_address;
    Check.case "idle in the handshake" silent_bridge;
    Check.case "idle at the end" (silent_end "leaving" ~queued:0 "");
    Check.case "idle at the end, with more to write"
      (silent_end "leaving" ~queued:40_000 "");
    Check.case "idle after garbage"
      (silent_end "refusing" ~queued:0 "\000\000\000\000\000\000");
    Check.case "idle after a goodbye"
      (silent_end "draining" ~queued:40_000 (goodbye Idle));
    Check.case "idle while the bridge is away" nobody_there;
    Check.case "a log reporter that raises" reporter_raises;
    Check.case "the bridge hangs up" (lost_by Bridge.hang_up is_lost);
    Check.case "in the middle of a frame" (lost_by mid_frame is_lost);
    Check.case "later garbage"
      (lost_by later_garbage (function Protocol _ -> true | _ -> false));
    Check.case "no SIGPIPE" closed_under_writer;
    Check.case "reset" reset;
    Check.case "connects again" reconnects;
    Check.case "connects again to another contract"
      reconnects_to_another_contract;
    Check.case "closed while connecting again" closed_while_down;
  ]
