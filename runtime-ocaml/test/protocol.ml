module Core = Mycelium.Core_messages
module Codec = Mycelium.Codec
module Connection = Mycelium.Connection
module R = Reference_messages

let digest = R.schema_digest
let messages = R.Any_message.messages

let config ?version ?shared ?max_payload ?(messages = messages) () =
  Connection.config ?version ?shared ?max_payload ~client_name:"test"
    ~schema_digest:digest ~messages ()
  |> Mycelium.Failure.exn

let u64 = Mycelium.U64.of_int_exn

let welcome ?(mode = Core.Schema_mode.Exact) ?(version = 2) ?(interval_ms = 0)
    ?(max_payload = Codec.max_payload) () =
  Core.Welcome.make_exn ~schema_digest:(String.make 32 'b')
    ~protocol_version:version ~schema_mode:mode ~connection_id:(u64 7)
    ~heartbeat_interval_ms:interval_ms ~heartbeat_misses:2 ~max_payload
  |> Codec.encode (module Core.Welcome)

let reject reason detail =
  Core.Reject.make_exn ~reason ~schema_digest:(String.make 32 'b') ~detail
  |> Codec.encode (module Core.Reject)

let summary ?(last = true) entries =
  let entry (type_id, fingerprint, name) =
    Core.Message_summary.make_exn ~type_id ~fingerprint ~name
  in
  let entries = Array.of_list (List.map entry entries) in
  Core.Schema_summary.make_exn ~entries ~last
  |> Codec.encode (module Core.Schema_summary)

let goodbye reason =
  Codec.encode (module Core.Goodbye) (Core.Goodbye.make_exn ~reason ~detail:"")

let ping n = Codec.encode (module Core.Ping) (Core.Ping.make_exn ~nonce:(u64 n))
let pong n = Codec.encode (module Core.Pong) (Core.Pong.make_exn ~nonce:(u64 n))

let subscribed n =
  Core.Subscribed.make_exn ~request:(u64 n) ~types:1
  |> Codec.encode (module Core.Subscribed)

let dropped n =
  Codec.encode (module Core.Dropped) (Core.Dropped.make_exn ~total:(u64 n))

let counter_update n =
  R.Counter_update.make_exn ~counter_id:(u64 n) ~value:n ~delta:1

let counter n = Codec.encode (module R.Counter_update) (counter_update n)
