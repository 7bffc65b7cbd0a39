module Bounded = Mycelium.Bounded
module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_unix
open Protocol

let ok = Failure.exn
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)
let texts = (module R.Text_message : Mycelium.Message.S with type t = _)
let bool = Alcotest.(check bool)
let int = Alcotest.(check int)

let connect ?send_limit bridge =
  Transport.connect ?send_limit ~client_name:"test" ~schema_digest:digest
    ~messages (Bridge.address bridge)
  |> ok

let number (m : R.Counter_update.t) = Int32.to_int (Int32.of_int m.value)
let next s = number (Subscriber.recv_exn s)

let text =
  let m =
    R.Text_message.make_exn ~sender:"a" ~content:"b" ~timestamp:Mycelium.U64.one
  in
  Mycelium.Codec.encode (module R.Text_message) m

let answer c = ignore (Bridge.subscribed c : Core.Subscribe.t)

(* [f transport] against a script that has accepted the client. *)
let with_bridge ?send_limit ?interval_ms script f =
  let bridge = Bridge.on_path () in
  let script () = script (Bridge.welcome ?interval_ms bridge) in
  Bridge.play bridge script (fun () -> f (connect ?send_limit bridge))

let counters_from n m = String.concat "" (List.init (m - n + 1) (fun i -> counter (n + i)))

(* {1 Receiving} *)

let now = Unix.gettimeofday

let timeouts () =
  let go = Bridge.event () in
  let script c =
    answer c;
    Bridge.await go;
    Bridge.send c (counter 1);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      bool "nothing" true (Subscriber.try_recv s = Ok None);
      let start = now () in
      bool "nothing in time" true
        (Subscriber.recv_timeout s ~seconds:0.05 = Error (Timeout 0.05));
      bool "not before" true (now () -. start >= 0.049);
      (* The second to wait cannot be the one that reads. *)
      let other = Thread.create (fun () ->
          bool "meanwhile" true
            (Subscriber.recv_timeout s ~seconds:0.05 = Error (Timeout 0.05))) ()
      in
      bool "both" true
        (Subscriber.recv_timeout s ~seconds:0.05 = Error (Timeout 0.05));
      Thread.join other;
      Bridge.set go;
      bool "in time" true (Result.is_ok (Subscriber.recv_timeout s ~seconds:9.));
      Transport.close t)

let close_wakes_waiters () =
  let script c =
    answer c;
    answer c;
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let a = Subscriber.create_exn t counters in
      let b = Subscriber.create_exn t texts in
      let closed r = bool "closed" true (r = Error Failure.Closed) in
      let waiters =
        [
          (fun () -> closed (Result.map ignore (Subscriber.recv a)));
          (fun () -> closed (Result.map ignore (Subscriber.recv a)));
          (fun () -> closed (Result.map ignore (Subscriber.recv b)));
          (fun () ->
            closed
              (Result.map ignore (Subscriber.recv_timeout b ~seconds:3600.)));
          (fun () -> bool "iter" true (Subscriber.iter a ignore = Ok ()));
        ]
      in
      let threads = List.map (fun f -> Thread.create f ()) waiters in
      Thread.yield ();
      Transport.close t;
      List.iter Thread.join threads)

(* One that is closed does not disturb the others, even while it reads. *)
let close_one () =
  let go = Bridge.event () in
  let script c =
    answer c;
    answer c;
    (match Bridge.receive c with
    | id, _ -> int "Unsubscribe" Core.Unsubscribe.type_id id);
    Bridge.await go;
    Bridge.send c (counter 1 ^ text);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let a = Subscriber.create_exn t counters in
      let b = Subscriber.create_exn t texts in
      let thread = Thread.create (fun () ->
          bool "closed" true
            (Result.map ignore (Subscriber.recv a) = Error Failure.Closed)) ()
      in
      Thread.yield ();
      Subscriber.close a;
      Thread.join thread;
      Bridge.set go;
      bool "the other" true (Result.is_ok (Subscriber.recv b));
      Transport.close t)

(* What was received is there until it is taken, however it ends. *)
let drained_after_the_end () =
  let script c =
    answer c;
    Bridge.send c (counters_from 1 3 ^ goodbye Shutdown);
    Bridge.hang_up c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      int "first" 1 (next s);
      let rec until_ended () =
        if Transport.failure t = None then begin
          Thread.yield ();
          until_ended ()
        end
      in
      until_ended ();
      Transport.close t;
      int "second" 2 (next s);
      int "third" 3 (next s);
      match Subscriber.recv s with
      | Error (Goodbye { reason = Shutdown; _ }) -> ()
      | _ -> Alcotest.fail "no goodbye")

(* The text comes last: once it is there, so is all that was before it. *)
let full_queue policy check () =
  let script c =
    answer c;
    answer c;
    Bridge.send c (counters_from 1 10 ^ text);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let b = Subscriber.create_exn t texts in
      let a = Subscriber.create_exn ~frames:4 ~policy t counters in
      ignore (Subscriber.recv_exn b : R.Text_message.t);
      check a;
      Transport.close t)

let drop_oldest =
  full_queue Bounded.Drop_oldest (fun s ->
      int "length" 4 (Subscriber.length s);
      int "dropped" 6 (Subscriber.dropped s);
      let found = List.init 4 (fun _ -> next s) in
      Alcotest.(check (list int)) "the newest" [ 7; 8; 9; 10 ] found)

let drop_newest =
  full_queue Bounded.Drop_newest (fun s ->
      int "dropped" 6 (Subscriber.dropped s);
      let found = List.init 4 (fun _ -> next s) in
      Alcotest.(check (list int)) "the oldest" [ 1; 2; 3; 4 ] found)

let disconnect =
  let script c =
    answer c;
    answer c;
    Bridge.send c (counters_from 1 10 ^ text);
    Bridge.say_goodbye c
  in
  fun () ->
    with_bridge script (fun t ->
        let b = Subscriber.create_exn t texts in
        let s =
          Subscriber.create_exn ~frames:4 ~policy:Bounded.Disconnect t counters
        in
        ignore (Subscriber.recv_exn b : R.Text_message.t);
        let found = List.init 4 (fun _ -> next s) in
        Alcotest.(check (list int)) "what it had" [ 1; 2; 3; 4 ] found;
        bool "then why" true (Subscriber.recv s = Error (Overflow { limit = 4 }));
        bool "the connection stays" true (Transport.failure t = None);
        Transport.close t)

(* Nothing is lost, pings are answered by signs of life, and another
   subscription can be made in the meantime. *)
let block () =
  let n = 50_000 and lived = Bridge.event () in
  let script c =
    answer c;
    let sender = Thread.create (fun () -> Bridge.send c (counters_from 1 n)) () in
    (match Bridge.receive c with
    | id, _ -> int "a sign of life" Core.Pong.type_id id);
    Bridge.set lived;
    let rec skip_pongs () =
      match Bridge.receive c with
      | id, _ when id = Core.Pong.type_id -> skip_pongs ()
      | id, payload when id = Core.Subscribe.type_id ->
          (Check.ok (Core.Subscribe.decode_string payload)).request
      | id, _ -> Alcotest.failf "a frame of type %d" id
    in
    let request = skip_pongs () in
    Thread.join sender;
    Core.Subscribed.make_exn ~request ~types:2
    |> Mycelium.Codec.encode (module Core.Subscribed)
    |> Bridge.send c;
    Bridge.say_goodbye c
  in
  with_bridge ~interval_ms:20 script (fun t ->
      let s = Subscriber.create_exn ~frames:100 t counters in
      let rec until_full () =
        if Subscriber.length s < 100 then begin
          Thread.yield ();
          until_full ()
        end
      in
      until_full ();
      Bridge.await lived;
      bool "not beyond" true (Subscriber.length s = 100);
      let other = Subscriber.create_exn t texts in
      for i = 1 to n do
        if next s <> i then Alcotest.failf "%d is missing" i
      done;
      Subscriber.close other;
      Transport.close t)

let pings_while_nobody_receives () =
  let script c =
    answer c;
    for i = 1 to 5 do
      Bridge.send c (ping i);
      match Bridge.receive c with
      | id, payload ->
          Alcotest.(check string) "pong" (Check.hex (pong i))
            (Check.hex (Mycelium.Codec.frame ~type_id:id payload))
    done;
    Bridge.send c (counter 1);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      let rec until_there () =
        match Subscriber.try_recv s with
        | Ok (Some m) -> int "data" 1 (number m)
        | Ok None ->
            Thread.yield ();
            until_there ()
        | Error f -> Alcotest.fail (Failure.to_string f)
      in
      until_there ();
      Transport.close t)

let invalid_messages () =
  let script c =
    answer c;
    let bad = Mycelium.Codec.frame ~type_id:R.Counter_update.type_id "short" in
    Bridge.send c (bad ^ counter 1);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      int "the next" 1 (next s);
      int "rejected" 1 (Subscriber.rejected s);
      Transport.close t)

let any_message () =
  let script c =
    let asked = Bridge.subscribed c in
    bool "all" true asked.all;
    let unknown = Mycelium.Codec.frame ~type_id:4000 "x" in
    Bridge.send c (text ^ unknown ^ counter 2);
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = ok (Subscriber.create_any t R.Any_message.decode) in
      let name () = R.Any_message.name (Subscriber.recv_exn s) in
      Alcotest.(check string) "first" "TextMessage" (name ());
      Alcotest.(check string) "second" "CounterUpdate" (name ());
      Transport.close t)

(* {1 Publishing} *)

let slow_reader () =
  let go = Bridge.event () in
  let published = ref 0 in
  let script c =
    Bridge.await go;
    let total = !published + 1 in
    for i = 1 to total do
      Bridge.expect c i
    done;
    Bridge.say_goodbye c
  in
  with_bridge ~send_limit:100_000 script (fun t ->
      let p = Publisher.create_exn t counters in
      let rec until_full () =
        match Publisher.try_publish p (counter_update (!published + 1)) with
        | Ok () ->
            incr published;
            until_full ()
        | Error (Full { limit = 100_000 }) -> ()
        | Error f -> Alcotest.fail (Failure.to_string f)
      in
      until_full ();
      bool "many" true (!published > 4000);
      bool "still full" true
        (Publisher.publish_timeout p ~seconds:0.02 (counter_update 0)
        = Error (Timeout 0.02));
      bool "not flushed" true
        (Transport.flush ~timeout:0.02 t = Error (Timeout 0.02));
      Bridge.set go;
      (* Blocks until the bridge has read a part. *)
      Publisher.publish_exn p (counter_update (!published + 1));
      ok (Transport.flush t);
      Transport.close t)

let close_wakes_publishers () =
  let go = Bridge.event () in
  let script c =
    Bridge.await go;
    let rec read () =
      match Bridge.receive c with
      | _ -> read ()
      | exception Stdlib.Failure _ -> Bridge.hang_up c
    in
    read ()
  in
  with_bridge ~send_limit:10_000 script (fun t ->
      let p = Publisher.create_exn t counters in
      let publish () =
        let rec go () =
          match Publisher.publish p (counter_update 1) with
          | Ok () -> go ()
          | Error f -> bool "closed" true (f = Closed)
        in
        go ()
      in
      let threads = List.init 3 (fun _ -> Thread.create publish ()) in
      let rec until_full () =
        match Publisher.try_publish p (counter_update 1) with
        | Error (Full _) -> ()
        | _ ->
            Thread.yield ();
            until_full ()
      in
      until_full ();
      let closing = Thread.create Transport.close t in
      List.iter Thread.join threads;
      Bridge.set go;
      Thread.join closing)

(* {1 Threads and signals} *)

let each = 5_000

(* Every message of every publisher arrives, in its order. *)
let many_threads () =
  let script c =
    answer c;
    let last = Array.make 4 0 in
    for _ = 1 to 4 * each do
      let _, payload = Bridge.receive c in
      let m = Check.ok (R.Counter_update.decode_string payload) in
      let who = Option.get (Mycelium.U64.to_int m.counter_id) in
      int "in order" (last.(who) + 1) (number m);
      last.(who) <- number m
    done;
    Bridge.send c (counters_from 1 (4 * each));
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      let p = Publisher.create_exn t counters in
      let publish who () =
        for i = 1 to each do
          R.Counter_update.make_exn ~counter_id:(u64 who) ~value:i ~delta:0
          |> Publisher.publish_exn p
        done
      in
      let sum = Array.make 4 0 in
      let receive who () =
        for _ = 1 to each do
          sum.(who) <- sum.(who) + next s
        done
      in
      let spawn f = List.init 4 (fun who -> Thread.create (f who) ()) in
      List.iter Thread.join (spawn publish @ spawn receive);
      let n = 4 * each in
      int "each once" (n * (n + 1) / 2) (Array.fold_left ( + ) 0 sum);
      Transport.close t)

(* A signal every millisecond interrupts every wait of every thread. *)
let interrupted () =
  let count = ref 0 in
  let before = Sys.signal Sys.sigalrm (Signal_handle (fun _ -> incr count)) in
  let timer it_value it_interval =
    ignore
      (Unix.setitimer ITIMER_REAL { it_value; it_interval }
        : Unix.interval_timer_status)
  in
  timer 0.001 0.001;
  let trips = 3_000 in
  let script c =
    answer c;
    for i = 1 to trips do
      Bridge.expect c i;
      Bridge.send c (counter i)
    done;
    Bridge.say_goodbye c
  in
  let finally () =
    timer 0. 0.;
    Sys.set_signal Sys.sigalrm before
  in
  Fun.protect ~finally (fun () ->
      with_bridge script (fun t ->
          let s = Subscriber.create_exn t counters in
          let p = Publisher.create_exn t counters in
          for i = 1 to trips do
            Publisher.publish_exn p (counter_update i);
            int "answer" i (next s)
          done;
          let start = now () in
          bool "a whole wait" true
            (Subscriber.recv_timeout s ~seconds:0.05 = Error (Timeout 0.05));
          bool "not before" true (now () -. start >= 0.049);
          Transport.close t));
  bool "there were signals" true (!count > 10)

(* A burst goes out in few writes, one message alone in one of its own. *)
let batches () =
  let n = 20_000 in
  let script c =
    Bridge.expect c 0;
    for i = 1 to n do
      Bridge.expect c i
    done;
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let p = Publisher.create_exn t counters in
      let before = (Transport.stats t).writes in
      Publisher.publish_exn p (counter_update 0);
      int "at once" (before + 1) (Transport.stats t).writes;
      for i = 1 to n do
        Publisher.publish_exn p (counter_update i)
      done;
      ok (Transport.flush t);
      let stats = Transport.stats t in
      int "frames" (n + 1) stats.frames_out;
      if stats.writes > n / 5 then
        Alcotest.failf "%d writes for %d frames" stats.writes n;
      Transport.close t)

(* Whatever passes through, and however often the bridge comes back, nothing is
   kept. *)
let flat_heap () =
  let restarts = 12 and each = 10_000 in
  let bridge = Bridge.on_path () in
  let script () =
    let batch = counters_from 1 each in
    for i = 1 to restarts do
      let c = Bridge.welcome bridge in
      answer c;
      Bridge.send c batch;
      Bridge.expect c i;
      if i = restarts then Bridge.say_goodbye c else Bridge.hang_up c
    done
  in
  let live () =
    Gc.full_major ();
    (Gc.stat ()).live_words
  in
  let reconnect = Mycelium.Backoff.make ~initial:0.001 ~max:0.002 () in
  Bridge.play bridge script (fun () ->
      let t =
        Transport.connect ~reconnect ~schema_digest:digest ~messages
          (Bridge.address bridge)
        |> ok
      in
      let s = Subscriber.create_exn t counters in
      let p = Publisher.create_exn t counters in
      let after_two = ref 0 in
      for i = 1 to restarts do
        for n = 1 to each do
          int "message" n (next s)
        done;
        Publisher.publish_exn p (counter_update i);
        if i = 2 then after_two := live ()
      done;
      let grown = live () - !after_two in
      if grown > 40_000 then Alcotest.failf "%d words more" grown;
      int "connections" restarts (Transport.stats t).connections;
      Transport.close t)

let tests =
  [
    Check.case "a flat heap" flat_heap;
    Check.case "timeouts" timeouts;
    Check.case "close wakes all waiters" close_wakes_waiters;
    Check.case "one subscriber is closed" close_one;
    Check.case "what is queued outlives the connection" drained_after_the_end;
    Check.case "drop oldest" drop_oldest;
    Check.case "drop newest" drop_newest;
    Check.case "disconnect" disconnect;
    Check.case "block" block;
    Check.case "pings while nobody receives" pings_while_nobody_receives;
    Check.case "messages that are not valid" invalid_messages;
    Check.case "any message" any_message;
    Check.case "a bridge that reads slowly" slow_reader;
    Check.case "close wakes publishers" close_wakes_publishers;
    Check.case "many threads" many_threads;
    Check.case "interrupted by signals" interrupted;
    Check.case "batches" batches;
  ]
