module Bounded = Mycelium.Bounded
module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module R = Reference_messages
open Client
open Mycelium_unix
open Protocol

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
      Bridge.until "the end" (fun () -> Transport.failure t <> None);
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
  (* Longer than threads of one program may have to wait for each other: a
     bridge that is one of them is silent meanwhile. *)
  with_bridge ~interval_ms:250 script (fun t ->
      let s = Subscriber.create_exn ~frames:100 t counters in
      (* Signs of life are sent while nothing is read. *)
      Bridge.await lived;
      bool "full, and not beyond" true (Subscriber.length s = 100);
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
      Bridge.until "a message" (fun () ->
          match Subscriber.try_recv s with
          | Ok (Some m) ->
              int "data" 1 (number m);
              true
          | Ok None -> false
          | Error f -> Alcotest.fail (Failure.to_string f));
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

(* From the socket to the program's hands: the value, a cell of the queue (4
   words), and no more than a few waits in all. *)
let allocation () =
  let n = 1000 and go = Bridge.event () in
  let frames = counters_from 1 n in
  let script c =
    answer c;
    Bridge.await go;
    Bridge.send c frames;
    Bridge.say_goodbye c
  in
  with_bridge script (fun t ->
      let s = Subscriber.create_exn t counters in
      let payload = Bytes.of_string (String.sub (counter 1) 6 16) in
      let decode () = R.Counter_update.decode_exn payload ~pos:0 ~len:16 in
      let first = Gc.minor_words () in
      let second = Gc.minor_words () in
      ignore (Sys.opaque_identity (decode ()) : R.Counter_update.t);
      let third = Gc.minor_words () in
      let value = third -. second -. (second -. first) in
      Bridge.set go;
      let before = Gc.minor_words () in
      for i = 1 to n do
        if number (Subscriber.recv_exn s) <> i then Alcotest.fail "order"
      done;
      let words = Gc.minor_words () -. before in
      let messages = float_of_int n *. (value +. 4.) in
      if words > messages +. 1000. then
        Alcotest.failf "%g words for %d messages of %g words" words n value;
      bool "it is measured" true (words >= messages);
      Transport.close t)

let tests =
  [
    Check.case "allocation" allocation;
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
  ]
