module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Outbox = Mycelium.Outbox
open Lwt.Syntax

type t = { link : Link.t; running : unit Lwt.t }

let link t = t.link

let close t =
  Link.close t.link;
  t.running

let connect ?version ?client_name ?worker_id ?worker_token ?shared
    ?handshake_timeout ?drain_timeout ?max_payload ?(send_limit = 1_048_576)
    ?reconnect ~schema_digest ~messages address =
  match
    Connection.config ?version ?client_name ?worker_id ?worker_token ?shared
      ?handshake_timeout ?drain_timeout ?max_payload ~schema_digest ~messages
      ()
  with
  | Error failure -> Lwt.return_error failure
  | Ok config -> (
      let link = Link.create ~address ~config ~reconnect ~send_limit in
      let t = { link; running = Link.run link } in
      let settled () =
        Option.is_some link.session
        || Option.is_some link.ended
        || Option.is_some link.last_failure
      in
      let* (_ : bool) = Link.wait link link.changed settled ~timeout:None in
      match (link.session, link.ended, link.last_failure) with
      | Some _, _, _ -> Lwt.return_ok t
      | None, Some failure, _ | None, None, Some failure ->
          let* () = close t in
          Lwt.return_error failure
      | None, None, None -> Lwt.return_error Failure.Closed)

let stop t =
  t.link.stopping <- true;
  Mycelium.Router.iter t.link.router (fun sink -> sink.Link.wake ());
  Link.unstall t.link

let flush t =
  let link = t.link in
  let done_ () =
    Outbox.is_empty link.outbox || Option.is_some link.ended
  in
  let+ (_ : bool) = Link.wait link link.room done_ ~timeout:None in
  match link.ended with
  | Some failure when not (Outbox.is_empty link.outbox) -> Error failure
  | _ -> Ok ()

let session t = t.link.session
let failure t = t.link.ended
let unsent t = t.link.unsent
