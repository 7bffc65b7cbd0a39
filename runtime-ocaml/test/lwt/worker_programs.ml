module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_lwt
open Protocol

let ( let* ) = Lwt_result.bind
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)

let run ?shared ?send_limit ?drain_timeout main () =
  Lwt_main.run
    (Worker.run ?shared ?send_limit ?drain_timeout
       ~reconnect:Test_worker.reconnect ~schema_digest:digest ~messages main)

let exn p = Lwt.map Failure.exn p

let answers transport =
  let* p = Lwt.return (Publisher.create transport counters) in
  let* s = Subscriber.create transport counters in
  let outcome = Subscriber.iter s (fun m -> exn (Publisher.publish p m)) in
  Lwt.bind outcome (fun outcome -> Lwt.return_ok (p, outcome))

let say p n =
  Lwt.map
    (fun (_ : (unit, Failure.t) result) -> ())
    (Publisher.publish p (counter_update n))

let echo transport =
  let* p, outcome = answers transport in
  Lwt.bind (say p 99) (fun () -> Lwt.return outcome)

let threads () =
  let wait () =
    let lock = Mutex.create () in
    Mutex.lock lock;
    Condition.wait (Condition.create ()) lock
  in
  let (_ : Thread.t list) = List.init 8 (fun _ -> Thread.create wait ()) in
  run echo ()

let raises transport =
  let* s = Subscriber.create transport counters in
  Lwt.bind
    (exn (Subscriber.recv s))
    (fun (_ : R.Counter_update.t) -> Lwt.return_ok ())

let floods transport =
  let* p = Lwt.return (Publisher.create transport counters) in
  let rec go n =
    let* () = Publisher.publish p (counter_update n) in
    go (n + 1)
  in
  go 1

let flushes transport =
  let* p = Lwt.return (Publisher.create transport counters) in
  let rec go n =
    if n > 40_000 then Transport.flush transport
    else
      let* () = Publisher.publish p (counter_update n) in
      go (n + 1)
  in
  go 1

let stubborn transport =
  let* p, _ = answers transport in
  Lwt.bind (say p 98) (fun () -> fst (Lwt.wait ()))

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
