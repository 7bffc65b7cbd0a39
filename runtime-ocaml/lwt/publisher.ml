module Client = Mycelium.Client
module Clock = Mycelium_unix.Clock
module Failure = Mycelium.Failure
module Message = Mycelium.Message
open Lwt.Syntax

type 'a t = { link : Link.t; message : (module Message.S with type t = 'a) }

let create transport message =
  let link = Transport.link transport in
  Client.admit link.client message
  |> Result.map (fun () -> { link; message })

let try_publish t m =
  match Client.publish t.link.client t.message m with
  | Queued ->
      Link.added t.link;
      Ok ()
  | Dropped -> Ok ()
  | Refused failure -> Error failure
  | No_room -> Error (Failure.Full { limit = t.link.client.send_limit })

let rec publish_until t m ~until =
  match try_publish t m with
  | Error (Full _) as full ->
      let client = t.link.client and now = Clock.now () in
      if now >= until then Lwt.return full
      else if Client.gives_up client ~now then Lwt.return_error Failure.Closed
      else
        let* () = Transport.wait_for_room t.link ~until in
        publish_until t m ~until
  | result -> Lwt.return result

let publish t m = publish_until t m ~until:infinity

let publish_timeout t ~seconds m =
  let+ result = publish_until t m ~until:(Clock.now () +. seconds) in
  match result with
  | Error (Full _) -> Error (Failure.Timeout seconds)
  | result -> result
