module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_unix
open Protocol

let ( let* ) = Result.bind
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)

let run ?shared ?send_limit ?drain_timeout main () =
  Worker.run ?shared ?send_limit ?drain_timeout
    ~reconnect:Test_worker.reconnect ~schema_digest:digest ~messages main

let answers transport =
  let* p = Publisher.create transport counters in
  let* s = Subscriber.create transport counters in
  Ok (p, Subscriber.iter s (Publisher.publish_exn p))

let say p n =
  ignore (Publisher.publish p (counter_update n) : (unit, Failure.t) result)

let echo transport =
  let* p, outcome = answers transport in
  say p 99;
  outcome

(* Signals of other threads' making are theirs to wait for. *)
let threads () =
  let wait () =
    let lock = Mutex.create () in
    Mutex.lock lock;
    Condition.wait (Condition.create ()) lock
  in
  let (_ : Thread.t list) = List.init 8 (fun _ -> Thread.create wait ()) in
  run echo ()

let raises transport =
  let s = Subscriber.create_exn transport counters in
  ignore (Subscriber.recv_exn s : R.Counter_update.t);
  Ok ()

let floods transport =
  let* p = Publisher.create transport counters in
  let rec go n =
    let* () = Publisher.publish p (counter_update n) in
    go (n + 1)
  in
  go 1

let flushes transport =
  let* p = Publisher.create transport counters in
  for n = 1 to 40_000 do
    Publisher.publish_exn p (counter_update n)
  done;
  Transport.flush transport

let stubborn transport =
  let* p, _ = answers transport in
  say p 98;
  let* () = Transport.flush transport in
  let rec wait () =
    Thread.delay 3600.;
    wait ()
  in
  wait ()

(* A reporter of its own, wherever that writes to. *)
let logs () =
  let report _ _ ~over k _ =
    over ();
    k ()
  in
  Logs.set_reporter { report };
  run echo ()

let programs =
  [
    ("logs", logs);
    ("worker", run echo);
    ("shared", run ~shared:true echo);
    ("threads", threads);
    ("raises", run raises);
    ("floods", run ~send_limit:10_000 ~drain_timeout:0.05 floods);
    ("flushes", run ~drain_timeout:0.05 flushes);
    ("stubborn", run stubborn);
  ]
