(* The worker of [cargo xtask demo]: answers texts, operations and counters.
   Its bridge starts it, and tells it in its environment where to connect. *)

open Messages
module Failure = Mycelium.Failure
module Publisher = Mycelium_unix.Publisher
module Subscriber = Mycelium_unix.Subscriber
module U64 = Mycelium.U64
module Worker = Mycelium_unix.Worker

let ( let* ) = Result.bind

let main transport : (unit, Failure.t) result =
  let* texts = Publisher.create transport (module Text_message) in
  let* counters = Publisher.create transport (module Counter_update) in
  let say content =
    Publisher.publish texts
      (Text_message.make_exn ~sender:"OCaml" ~content
         ~timestamp:(U64.of_int_exn 1))
  in
  let answer : Any_message.t -> (unit, Failure.t) result = function
    | Text_message { sender = "Rust"; _ } -> say "Grüße zurück, crab"
    | Text_message { sender; content; _ } ->
        Printf.printf "%s says: %s\n%!" sender content;
        Ok ()
    | Batch_operation { operation_id; items; total_count } ->
        say
          (Printf.sprintf "operation %s: %d of %d items are here"
             (U64.to_string operation_id)
             (Array.length items) total_count)
    | Counter_update { counter_id; value; _ } ->
        Publisher.publish counters
          (Counter_update.make_exn ~counter_id ~value:(value + 1) ~delta:1)
  in
  let* messages = Subscriber.create_any transport Any_message.decode in
  let* () = say (Printf.sprintf "process %d listens" (Unix.getpid ())) in
  let rec serve () =
    (* SIGTERM lets [recv] return what is queued, and then [Error Closed]. *)
    let* message = Subscriber.recv messages in
    let* () = answer message in
    serve ()
  in
  serve ()

let () =
  exit
    (Worker.run ~client_name:"echo" ~schema_digest ~messages:Any_message.messages
       main)
