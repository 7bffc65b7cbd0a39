module Client = Mycelium.Client
module Failure = Mycelium.Failure
module Message = Mycelium.Message

type 'a t = { link : Link.t; message : (module Message.S with type t = 'a) }

let create transport message =
  let link = Transport.link transport in
  Link.locked link (fun () -> Client.admit link.client message)
  |> Result.map (fun () -> { link; message })

let create_exn transport message = Failure.exn (create transport message)

(* The lock is held. *)
let rec attempt t m ~until =
  let link = t.link in
  match Client.publish link.client t.message m with
  | Queued ->
      Link.added link;
      Ok ()
  | Dropped -> Ok ()
  | Refused failure -> Error failure
  | No_room ->
      let now = Clock.now () in
      if until < infinity && now >= until then
        Error (Failure.Full { limit = link.client.send_limit })
      else if Client.gives_up link.client ~now then Error Closed
      else begin
        Link.call_writer link;
        Link.wait_for_room link ~until;
        attempt t m ~until
      end

let publish_until t m ~until =
  Link.acquire t.link;
  match attempt t m ~until with
  | result ->
      Link.release t.link;
      result
  | exception e ->
      Link.release t.link;
      raise e

let publish t m = publish_until t m ~until:infinity
let publish_exn t m = Failure.exn (publish t m)
let try_publish t m = publish_until t m ~until:neg_infinity

let publish_timeout t ~seconds m =
  match publish_until t m ~until:(Clock.now () +. seconds) with
  | Error (Full _) -> Error (Failure.Timeout seconds)
  | result -> result
