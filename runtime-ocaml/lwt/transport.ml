module Client = Mycelium.Client
module Clock = Mycelium_unix.Clock
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
open Lwt.Syntax

type t = { link : Link.t; running : unit Lwt.t }

let link t = t.link

let begin_close t = Client.close t.link.client ~now:(Clock.now ())

let close t =
  begin_close t;
  Lwt.protected t.running

let connect_with ~started ?version ?client_name ?worker_id ?worker_token
    ?shared ?handshake_timeout ?drain_timeout ?max_payload
    ?(send_limit = 1_048_576) ?reconnect ?(while_disconnected = `Buffer)
    ~schema_digest ~messages address =
  match
    Connection.config ?version ?client_name ?worker_id ?worker_token ?shared
      ?handshake_timeout ?drain_timeout ?max_payload ~schema_digest ~messages
      ()
  with
  | Error failure -> Lwt.return_error failure
  | Ok config ->
      let client =
        Client.create ~config
          ~address:(Mycelium_unix.Address.to_string address)
          ~reconnect ~send_limit ~while_disconnected
      in
      let link = Link.create ~address ~client in
      let t = { link; running = Link.run link } in
      started t;
      let settled () = Client.is_settled client in
      let* (_ : bool) = Link.wait link.changed settled ~until:infinity in
      if Option.is_some client.session then Lwt.return_ok t
      else
        let failure = Client.failure client in
        let* () = close t in
        Lwt.return_error failure

let connect = connect_with ~started:ignore
let stop t = Client.stop t.link.client ~now:(Clock.now ())

(* Who gives up after [stop] does so even if nobody wakes it. *)
let wait_for_room (link : Link.t) ~until =
  let until = Float.min until (Client.wait_limit link.client) in
  if until = infinity then Lwt_condition.wait link.room
  else
    let seconds = Float.max 0. (until -. Clock.now ()) in
    Lwt.pick [ Lwt_condition.wait link.room; Lwt_unix.sleep seconds ]

let flush ?timeout t =
  let client = t.link.client and start = Clock.now () in
  let until =
    match timeout with None -> infinity | Some seconds -> start +. seconds
  in
  let mark = Client.mark client in
  let rec wait () =
    let now = Clock.now () in
    match Client.flushed client mark ~now with
    | Some result -> Lwt.return result
    | None when now >= until ->
        Lwt.return_error
          (Failure.Timeout (Option.value timeout ~default:0.))
    | None ->
        let* () = wait_for_room t.link ~until in
        wait ()
  in
  wait ()

let session t = t.link.client.session
let failure t = t.link.client.ended

type stats = Client.stats = {
  connections : int;
  frames_in : int;
  bytes_in : int;
  frames_out : int;
  bytes_out : int;
  writes : int;
  unsent : int;
  dropped : int;
  unshared : int;
  dropped_by_bridge : int;
}

let stats t = Client.stats t.link.client
