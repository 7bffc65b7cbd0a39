(* [worker INDEX]: answers Ticks whose instrument is its index, or everybody's,
   with as many Echos as their price says. Once it is subscribed it says so, by
   an Echo. *)

module Failure = Mycelium.Failure
module Publisher = Mycelium_unix.Publisher
module Subscriber = Mycelium_unix.Subscriber
module U64 = Mycelium.U64
module Worker = Mycelium_unix.Worker
open Messages

let ( let* ) = Result.bind
let everybody = U64.max_value
let index = U64.of_int_exn (int_of_string Sys.argv.(1))

let main transport : (unit, Failure.t) result =
  let* echos = Publisher.create transport (module Echo) in
  let* ticks = Subscriber.create transport (module Tick) in
  let rec answer echo count =
    if count <= 0L then Ok ()
    else
      let* () = Publisher.publish echos echo in
      answer echo (Int64.pred count)
  in
  let echo = Echo.make_exn ~instrument:index ~price:0L ~sequence:U64.zero in
  let* () = answer echo 1L in
  let rec serve () =
    let* { Tick.instrument; price; sequence } = Subscriber.recv ticks in
    let* () =
      if U64.equal instrument index || U64.equal instrument everybody then
        answer (Echo.make_exn ~instrument:index ~price ~sequence) price
      else Ok ()
    in
    serve ()
  in
  serve ()

let () =
  exit (Worker.run ~schema_digest ~messages:Any_message.messages main)
