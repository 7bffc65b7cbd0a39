module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_lwt
open Lwt.Syntax
open Protocol

let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)
let texts = (module R.Text_message : Mycelium.Message.S with type t = _)
let bool = Alcotest.(check bool)
let int = Alcotest.(check int)
let ok = Failure.exn
let ok_lwt p = Lwt.map ok p
let number (m : R.Counter_update.t) = Int32.to_int (Int32.of_int m.value)
let answer c = ignore (Bridge.subscribed c : Core.Subscribe.t)

let connect ?send_limit ?reconnect ?drain_timeout ?while_disconnected bridge =
  Transport.connect ?send_limit ?reconnect ?drain_timeout ?while_disconnected
    ~client_name:"test" ~schema_digest:digest ~messages
    (Bridge.address bridge)

(* [f transport] in Lwt against a script in a thread. *)
let with_bridge ?send_limit ?reconnect ?drain_timeout ?while_disconnected
    ?(on = Bridge.on_path) script f () =
  let bridge = on () in
  Bridge.play bridge
    (fun () -> script bridge)
    (fun () ->
      Lwt_main.run
        (let* t =
           ok_lwt
             (connect ?send_limit ?reconnect ?drain_timeout
                ?while_disconnected bridge)
         in
         f t))

let next s = Lwt.map number (ok_lwt (Subscriber.recv s))

let round_trip on =
  let script bridge =
    let c = Bridge.welcome bridge in
    answer c;
    for n = 1 to 1000 do
      Bridge.expect c n;
      Bridge.send c (counter n)
    done;
    Bridge.say_goodbye c
  in
  with_bridge ~on script (fun t ->
      let* s = ok_lwt (Subscriber.create t counters) in
      let p = ok (Publisher.create t counters) in
      let rec go n =
        if n > 1000 then Lwt.return_unit
        else
          let* () = ok_lwt (Publisher.publish p (counter_update n)) in
          let* found = next s in
          int "answer" n found;
          go (n + 1)
      in
      let* () = go 1 in
      let* () = Transport.close t in
      let* () = Transport.close t in
      bool "closed" true (Transport.failure t = Some Closed);
      let+ last = Subscriber.recv s in
      bool "recv" true (last = Error Failure.Closed))

let counters_from n m =
  String.concat "" (List.init (m - n + 1) (fun i -> counter (n + i)))

let n = 20_000

(* Full queues hold up the connection, and nothing is lost. *)
let bursts =
  let script bridge =
    let c = Bridge.welcome bridge in
    answer c;
    let sender =
      Thread.create (fun () -> Bridge.send c (counters_from 1 n)) ()
    in
    for i = 1 to n do
      Bridge.expect c i
    done;
    Thread.join sender;
    Bridge.say_goodbye c
  in
  with_bridge ~send_limit:10_000 script (fun t ->
      let* s = ok_lwt (Subscriber.create ~frames:100 t counters) in
      let p = ok (Publisher.create t counters) in
      let rec publish i =
        if i > n then Lwt.return_unit
        else
          let* () = ok_lwt (Publisher.publish p (counter_update i)) in
          publish (i + 1)
      in
      let rec receive i =
        if i > n then Lwt.return_unit
        else
          let* found = next s in
          if found <> i then Alcotest.failf "%d instead of %d" found i;
          receive (i + 1)
      in
      let* () = Lwt.join [ publish 1; receive 1 ] in
      Transport.close t)

let timeouts_and_closing =
  let script bridge =
    let c = Bridge.welcome bridge in
    answer c;
    answer c;
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let* a = ok_lwt (Subscriber.create t counters) in
      let* b = ok_lwt (Subscriber.create t texts) in
      let* late = Subscriber.recv_timeout a ~seconds:0.02 in
      bool "in vain" true (late = Error (Failure.Timeout 0.02));
      let closed p =
        let+ r = p in
        bool "closed" true (Result.map ignore r = Error Failure.Closed)
      in
      let waiters =
        [
          closed (Subscriber.recv a);
          closed (Subscriber.recv a);
          closed (Subscriber.recv_timeout b ~seconds:3600.);
          Lwt.map
            (fun r -> bool "iter" true (r = Ok ()))
            (Subscriber.iter b (fun _ -> Lwt.return_unit));
        ]
      in
      let* () = Transport.close t in
      Lwt.join waiters)

let reconnects =
  let script bridge =
    let c = Bridge.welcome bridge in
    answer c;
    Bridge.send c (counter 1 ^ goodbye Shutdown);
    bool "the client closes" true (Bridge.at_end c);
    Bridge.hang_up c;
    Bridge.hang_up (Bridge.accept bridge);
    let c = Bridge.welcome bridge in
    answer c;
    Bridge.send c (counter 2);
    Bridge.expect c 7;
    Bridge.say_goodbye c
  in
  let reconnect = Mycelium.Backoff.make ~initial:0.001 ~max:0.002 () in
  with_bridge ~reconnect script (fun t ->
      let* s = ok_lwt (Subscriber.create t counters) in
      let p = ok (Publisher.create t counters) in
      let* first = next s in
      int "before" 1 first;
      let* second = next s in
      int "after" 2 second;
      let* () = ok_lwt (Publisher.publish p (counter_update 7)) in
      Transport.close t)

let lost =
  let script bridge =
    let c = Bridge.welcome bridge in
    answer c;
    Bridge.hang_up c
  in
  with_bridge script (fun t ->
      let* s = ok_lwt (Subscriber.create t counters) in
      let p = ok (Publisher.create t counters) in
      let* r = Subscriber.recv s in
      bool "recv" true
        (match r with Error (Failure.Lost _) -> true | _ -> false);
      let* r = Publisher.publish p (counter_update 1) in
      bool "publish" true
        (match r with Error (Failure.Lost _) -> true | _ -> false);
      Transport.close t)

(* A bridge that does not end its side. *)
let idle_at_the_end =
  let over = Bridge.event () in
  let script bridge =
    let c = Bridge.welcome bridge in
    Bridge.await over;
    Bridge.hang_up c
  in
  with_bridge ~drain_timeout:0.4 script (fun t ->
      let start = Sys.time () in
      let+ () = Transport.close t in
      let used = Sys.time () -. start in
      Bridge.set over;
      if used > 0.015 then Alcotest.failf "%g s of computing" used)

(* Nor reads: nothing is to be done meanwhile, and nothing waits longer than it
   was told to. *)
let idle =
  let over = Bridge.event () in
  let script bridge =
    let c = Bridge.welcome bridge in
    Bridge.await over;
    Bridge.hang_up c
  in
  with_bridge ~send_limit:10_000_000 ~drain_timeout:0.4 script (fun t ->
      let p = ok (Publisher.create t counters) in
      let rec publish n =
        if n = 0 then Lwt.return_unit
        else
          let* () = ok_lwt (Publisher.publish p (counter_update n)) in
          publish (n - 1)
      in
      let* () = publish 40_000 in
      let start = Sys.time () in
      let* late = Transport.flush ~timeout:0.2 t in
      bool "flush" true (late = Error (Failure.Timeout 0.2));
      let* () = Transport.close t in
      let used = Sys.time () -. start in
      Bridge.set over;
      if used > 0.05 then Alcotest.failf "%g s of computing" used;
      let stats = Transport.stats t in
      int "published" 40_000 stats.frames_out;
      bool "written" true (stats.writes > 0);
      (* A frame that was cut is one of both. *)
      let size = String.length (counter 0) in
      let hello = String.length (config ()).first_bytes in
      let written = (stats.bytes_out - hello) / size in
      int "or counted" 40_000 (stats.unsent + written);
      let+ told = Transport.flush t in
      bool "told" true (told = Error (Unsent { frames = stats.unsent })))

let full =
  let over = Bridge.event () in
  let script bridge =
    let c = Bridge.welcome bridge in
    Bridge.await over;
    Bridge.hang_up c
  in
  with_bridge ~send_limit:100 ~drain_timeout:0.05 script (fun t ->
      let p = ok (Publisher.create t counters) in
      let rec fill () =
        let* r = Publisher.publish_timeout p ~seconds:0.05 (counter_update 1) in
        match r with
        | Ok () -> fill ()
        | Error failure -> Lwt.return failure
      in
      let* failure = fill () in
      bool "in time" true (failure = Failure.Timeout 0.05);
      let waiting = Publisher.publish p (counter_update 2) in
      Transport.stop t;
      let* given_up = waiting in
      bool "given up" true (given_up = Error Failure.Closed);
      let+ () = Transport.close t in
      Bridge.set over)

let away =
  let script bridge = Bridge.hang_up (Bridge.welcome bridge) in
  let reconnect = Mycelium.Backoff.make ~initial:3600. ~max:3600. () in
  let rec until_lost t =
    if Transport.session t = None then Lwt.return_unit
    else
      let* () = Lwt.pause () in
      until_lost t
  in
  let publish while_disconnected check =
    with_bridge ~reconnect ~while_disconnected script (fun t ->
        let* () = until_lost t in
        let p = ok (Publisher.create t counters) in
        let* r = Publisher.publish p (counter_update 1) in
        check r (Transport.stats t);
        Transport.close t)
  in
  fun () ->
    publish `Error (fun r _ ->
        bool "error" true (r = Error Failure.Disconnected)) ();
    publish `Drop (fun r stats ->
        bool "drop" true (r = Ok ());
        int "counted" 1 stats.dropped) ();
    publish `Buffer (fun r stats ->
        bool "buffer" true (r = Ok ());
        int "queued" 1 stats.frames_out) ()

(* Messages come in while this program is busy for longer than the bridge may be
   silent. *)
let busy =
  let ready = Bridge.event () and sent = Bridge.event () in
  let script bridge =
    let c = Bridge.welcome ~interval_ms:50 bridge in
    answer c;
    Bridge.await ready;
    let until = Unix.gettimeofday () +. 0.16 in
    while Unix.gettimeofday () < until do
      Thread.yield ()
    done;
    Bridge.send c (counter 1 ^ goodbye Shutdown);
    Bridge.set sent;
    bool "the client closes" true (Bridge.at_end c);
    Bridge.hang_up c
  in
  with_bridge script (fun t ->
      let* s = ok_lwt (Subscriber.create t counters) in
      Bridge.set ready;
      Bridge.await sent;
      let* found = next s in
      int "not silent" 1 found;
      Transport.close t)

let refused () =
  let bridge = Bridge.on_path () in
  let script () =
    let c = Bridge.accept bridge in
    Bridge.send c (reject Schema_mismatch "" ^ summary []);
    Bridge.hang_up c
  in
  let failure = Bridge.play bridge script (fun () ->
      Lwt_main.run (connect bridge))
  in
  (match failure with
  | Error (Schema_mismatch { complete = true; _ }) -> ()
  | _ -> Alcotest.fail "no mismatch");
  match Lwt_main.run (connect bridge) with
  | Error (Unreachable _) -> ()
  | _ -> Alcotest.fail "connected to nothing"

let tests =
  [
    Check.case "over a Unix socket" (round_trip Bridge.on_path);
    Check.case "over TCP"
      (round_trip (fun () -> Bridge.on_tcp Unix.inet_addr_loopback));
    Check.case "bursts both ways" bursts;
    Check.case "timeouts; close wakes all waiters" timeouts_and_closing;
    Check.case "connects again" reconnects;
    Check.case "the bridge hangs up" lost;
    Check.case "idle at the end" idle_at_the_end;
    Check.case "idle" idle;
    Check.case "full" full;
    Check.case "published while disconnected" away;
    Check.case "busy" busy;
    Check.case "refused" refused;
  ]

let () =
  Test_worker.main Worker_programs.programs;
  Alcotest.run "mycelium-lwt" [ ("lwt", tests); ("worker", Test_worker.tests) ]
