module Client = Mycelium.Client
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure

type t = { link : Link.t; threads : Thread.t list }

let link t = t.link

let unreachable address problem =
  Error (Failure.Unreachable { address = Address.to_string address; problem })

let begin_threads (link : Link.t) =
  match Timed.start () with
  | Error problem -> unreachable link.address problem
  | Ok () -> (
      match Thread.create Link.writer link with
      | exception Sys_error problem -> unreachable link.address problem
      | writer -> (
          match Thread.create Reader.background link with
          | exception Sys_error problem ->
              Link.locked link (fun () -> Client.finish link.client Closed);
              Thread.join writer;
              unreachable link.address problem
          | background -> Ok [ writer; background ]))

let close_pipe (link : Link.t) =
  Socket.close link.wake_output;
  Socket.close link.wake_input

let begin_close t =
  Link.locked t.link (fun () -> Reader.close t.link)

let close t =
  let link = t.link in
  Link.locked link (fun () ->
      Reader.close link;
      let ended () = Client.is_over link.client in
      ignore (Reader.await link link.changed ended ~until:infinity : bool));
  List.iter Thread.join t.threads;
  Link.locked link (fun () ->
      if not link.pipe_closed then begin
        link.pipe_closed <- true;
        close_pipe link
      end)

let connect_with ~started ?version ?client_name ?worker_id ?worker_token ?shared
    ?handshake_timeout ?drain_timeout ?max_payload ?(send_limit = 1_048_576)
    ?reconnect ?(while_disconnected = `Buffer) ~schema_digest ~messages address
    =
  let ( let* ) = Result.bind in
  let* config =
    Connection.config ?version ?client_name ?worker_id ?worker_token ?shared
      ?handshake_timeout ?drain_timeout ?max_payload ~schema_digest ~messages
      ()
  in
  let client =
    Client.create ~config ~address:(Address.to_string address) ~reconnect
      ~send_limit ~while_disconnected
  in
  let* link = Link.create ~address ~client in
  match
    let* () = Reader.start link in
    begin_threads link
  with
  | Error _ as e ->
      if client.connection <> None then Socket.close link.fd;
      close_pipe link;
      e
  | Ok threads ->
      let t = { link; threads } in
      started t;
      let settled () = Client.is_settled client in
      let outcome =
        Link.locked link (fun () ->
            let (_ : bool) =
              Reader.await link link.changed settled ~until:infinity
            in
            if Option.is_some client.session then Ok t
            else Error (Client.failure client))
      in
      if Result.is_error outcome then close t;
      outcome

let connect = connect_with ~started:ignore

let connect_unix ?client_name ?shared ?reconnect ~schema_digest ~messages path =
  connect ?client_name ?shared ?reconnect ~schema_digest ~messages
    (Address.Path path)

let connect_tcp ?client_name ?shared ?reconnect ~schema_digest ~messages ~host
    ~port () =
  connect ?client_name ?shared ?reconnect ~schema_digest ~messages
    (Address.Tcp { host; port })

let connect_exn ?client_name ?shared ?reconnect ~schema_digest ~messages
    address =
  Failure.exn
    (connect ?client_name ?shared ?reconnect ~schema_digest ~messages address)

let stop t =
  Link.locked t.link (fun () ->
      Client.stop t.link.client ~now:(Clock.now ()))

let flush ?timeout t =
  let link = t.link and start = Clock.now () in
  let client = link.client in
  let until =
    match timeout with None -> infinity | Some seconds -> start +. seconds
  in
  Link.locked link (fun () ->
      let mark = Client.mark client in
      let rec wait () =
        let now = Clock.now () in
        match Client.flushed client mark ~now with
        | Some result -> result
        | None when now >= until -> Error (Failure.Timeout (Option.value timeout ~default:0.))
        | None ->
            Link.call_writer link;
            link.flush_at <- min link.flush_at mark.target;
            Link.wait_for_room link ~until;
            wait ()
      in
      wait ())

let session t = Link.locked t.link (fun () -> t.link.client.session)
let failure t = Link.locked t.link (fun () -> t.link.client.ended)

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

let stats t = Link.locked t.link (fun () -> Client.stats t.link.client)
