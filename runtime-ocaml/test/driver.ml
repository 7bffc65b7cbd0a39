module Backoff = Mycelium.Backoff
module Client = Mycelium.Client
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module R = Reference_messages
module Subscription = Mycelium.Subscription
open Protocol

let bool = Alcotest.(check bool)
let string = Alcotest.(check string)
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)

type t = {
  client : Client.t;
  mutable now : float;
  mutable turn : Client.turn;
  mutable resumed : int;
  mutable room : int;
}

let again = Backoff.make ~jitter:0. ~initial:1. ~max:8. ()

let create ?reconnect ?(while_disconnected = `Buffer) ?(send_limit = 1_000_000)
    ?(config = config ()) () =
  let client =
    Client.create ~config ~address:"test" ~reconnect ~send_limit
      ~while_disconnected
  in
  let d = { client; now = 0.; turn = Waiting; resumed = 0; room = 0 } in
  Client.set_hooks client
    {
      changed = ignore;
      room = (fun () -> d.room <- d.room + 1);
      output = ignore;
      look = ignore;
      resumed = (fun () -> d.resumed <- d.resumed + 1);
      notice =
        (fun notice ->
          ignore (Mycelium.Notice.is_warning notice : bool);
          ignore (Mycelium.Notice.to_string notice : string));
    };
  d

let connection d = Option.get d.client.connection

let pump d =
  d.turn <- Client.pump d.client (connection d) ~now:d.now;
  match d.turn with
  | Over failure -> Client.lost d.client ~now:d.now failure
  | Waiting | Stalled -> ()

let feed d s =
  Connection.input (connection d) ~now:d.now s;
  pump d

(* Up to [limit] bytes of what may be written. *)
let write ?(limit = max_int) d =
  let o = d.client.outbox and b = Buffer.create 100 in
  let left () = limit - Buffer.length b in
  while left () > 0 && Client.has_output d.client && Outbox.take o do
    let n = min (left ()) (Outbox.len o) in
    Buffer.add_subbytes b (Outbox.bytes o) (Outbox.pos o) n;
    Client.wrote d.client n
  done;
  Buffer.contents b

let connect ?max_payload ?interval_ms d =
  ignore (Client.connect d.client ~now:d.now : Connection.t);
  ignore (write d : string);
  feed d (welcome ?max_payload ?interval_ms ());
  bool "accepted" true (Client.is_open d.client)

let opened ?reconnect ?while_disconnected ?send_limit () =
  let d = create ?reconnect ?while_disconnected ?send_limit () in
  connect d;
  d

let hang_up d =
  Inbox.prepare (Connection.inbox (connection d));
  Connection.received (connection d) ~now:d.now 0;
  pump d

let publish d n =
  match Client.publish d.client counters (counter_update n) with
  | Queued -> "queued"
  | Dropped -> "dropped"
  | No_room -> "no room"
  | Refused failure -> Failure.to_string failure

let published d n = string "published" "queued" (publish d n)
let stats d = Client.stats d.client
let frame_size = String.length (counter 0)

let subscription = function
  | Ok (s, (_ : Client.request)) -> s
  | Error failure -> Alcotest.fail (Failure.to_string failure)

let subscribe ?frames ?policy d message =
  let settings = Subscription.settings ?frames ?policy () in
  Subscription.one d.client ~now:d.now settings ~wake:ignore message
  |> subscription

let answer d =
  feed d (Protocol.subscribed d.client.asked);
  bool "answered" true (d.client.acknowledged = d.client.asked)

let take s = Subscription.take s ~now:(fun () -> 0.)
let value (m : R.Counter_update.t) = Int32.to_int (Int32.of_int m.value)

let counters_from n m =
  String.concat "" (List.init (m - n + 1) (fun i -> counter (n + i)))
