module Failure = Mycelium.Failure
module R = Reference_messages
open Client
open Mycelium_unix
open Protocol

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
        | Error f -> Alcotest.fail (Failure.to_string f)
        | Ok () ->
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

(* More than the socket holds, then silence: the last frame must not stay
   behind. *)
let ends_of_bursts () =
  let rounds = 60 and burst = 15_000 in
  let script c =
    answer c;
    for i = 1 to rounds do
      let size = burst * String.length (counter 0) in
      ignore (Bridge.receive_bytes c size : string);
      Bridge.send c (counter i)
    done;
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      let p = Publisher.create_exn t counters in
      for i = 1 to rounds do
        for n = 1 to burst do
          Publisher.publish_exn p (counter_update n)
        done;
        let answer = Subscriber.recv_timeout s ~seconds:9. in
        int "answer" i (number (ok answer))
      done;
      Transport.close t)

let tests =
  [
    Check.case "ends of bursts" ends_of_bursts;
    Check.case "a flat heap" flat_heap;
    Check.case "a bridge that reads slowly" slow_reader;
    Check.case "close wakes publishers" close_wakes_publishers;
    Check.case "many threads" many_threads;
    Check.case "interrupted by signals" interrupted;
    Check.case "batches" batches;
  ]
