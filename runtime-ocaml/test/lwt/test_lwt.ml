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

let connect ?send_limit ?reconnect bridge =
  Transport.connect ?send_limit ?reconnect ~client_name:"test"
    ~schema_digest:digest ~messages (Bridge.address bridge)

(* [f transport] in Lwt against a script in a thread. *)
let with_bridge ?send_limit ?reconnect ?(on = Bridge.on_path) script f () =
  let bridge = on () in
  Bridge.play bridge
    (fun () -> script bridge)
    (fun () ->
      Lwt_main.run
        (let* t = ok_lwt (connect ?send_limit ?reconnect bridge) in
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
    Check.case "refused" refused;
  ]

let () =
  Test_worker.main Worker_programs.programs;
  Alcotest.run "mycelium-lwt" [ ("lwt", tests); ("worker", Test_worker.tests) ]
