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
              Link.locked link (fun () -> Reader.close link);
              Thread.join writer;
              unreachable link.address problem
          | background -> Ok [ writer; background ]))

let close_pipe (link : Link.t) =
  Socket.close link.wake_output;
  Socket.close link.wake_input

let close t =
  let link = t.link in
  Link.locked link (fun () ->
      Reader.close link;
      let ended () = Option.is_some link.ended in
      ignore (Reader.await link link.changed ended ~until:infinity : bool));
  List.iter Thread.join t.threads;
  Link.locked link (fun () ->
      if not link.pipe_closed then begin
        link.pipe_closed <- true;
        close_pipe link
      end)

let connect ?version ?client_name ?worker_id ?worker_token ?shared
    ?handshake_timeout ?drain_timeout ?max_payload ?(send_limit = 1_048_576)
    ?reconnect ~schema_digest ~messages address =
  let ( let* ) = Result.bind in
  let* config =
    Connection.config ?version ?client_name ?worker_id ?worker_token ?shared
      ?handshake_timeout ?drain_timeout ?max_payload ~schema_digest ~messages
      ()
  in
  let* link = Link.create ~address ~config ~reconnect ~send_limit in
  match
    let* () = Reader.start link in
    begin_threads link
  with
  | Error _ as e ->
      if link.connection <> None then Socket.close link.fd;
      close_pipe link;
      e
  | Ok threads -> (
      let t = { link; threads } in
      let settled () =
        Option.is_some link.session || Option.is_some link.ended || link.last_failure <> None
      in
      let outcome =
        Link.locked link (fun () ->
            let (_ : bool) =
              Reader.await link link.changed settled ~until:infinity
            in
            if Option.is_some link.session then Ok () else Error (Link.failure link))
      in
      match outcome with
      | Ok () -> Ok t
      | Error failure ->
          close t;
          Error failure)

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
  let link = t.link in
  Link.locked link (fun () ->
      link.stopping <- true;
      Mycelium.Router.iter link.router (fun sink -> sink.Link.wake ());
      Reader.unstall link;
      Link.wake_reader link)

let until = function
  | None -> infinity
  | Some seconds -> Clock.now () +. seconds

let flush ?timeout t =
  let link = t.link and until = until timeout in
  Link.locked link (fun () ->
      let rec wait () =
        if Mycelium.Outbox.is_empty link.outbox then Ok ()
        else
          match link.ended with
          | Some failure -> Error failure
          | None when Clock.now () >= until ->
              Error (Timeout (Option.value timeout ~default:0.))
          | None ->
              Link.call_writer link;
              link.room_waiters <- link.room_waiters + 1;
              Timed.wait link.room link.lock ~until;
              link.room_waiters <- link.room_waiters - 1;
              wait ()
      in
      wait ())

let session t = Link.locked t.link (fun () -> t.link.session)
let failure t = Link.locked t.link (fun () -> t.link.ended)

type stats = {
  connections : int;
  frames_in : int;
  bytes_in : int;
  frames_out : int;
  bytes_out : int;
  writes : int;
  unsent : int;
  unshared : int;
  dropped_by_bridge : int;
}

let stats t =
  Link.locked t.link (fun () ->
      let c = t.link.counters in
      {
        connections = c.connections;
        frames_in = c.frames_in;
        bytes_in = c.bytes_in;
        frames_out = c.frames_out;
        bytes_out = c.bytes_out;
        writes = c.writes;
        unsent = c.unsent;
        unshared = c.unshared;
        dropped_by_bridge = c.dropped_by_bridge;
      })
