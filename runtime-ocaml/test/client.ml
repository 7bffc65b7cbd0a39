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

let counters_from n m =
  String.concat "" (List.init (m - n + 1) (fun i -> counter (n + i)))

let now = Unix.gettimeofday
