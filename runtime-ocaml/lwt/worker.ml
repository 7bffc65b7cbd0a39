module Backoff = Mycelium.Backoff
module Failure = Mycelium.Failure
module Signals = Mycelium_unix.Signals
module Worker = Mycelium_unix.Worker
open Lwt.Syntax

(* [stop_one] is what there is to stop. *)
type stopper = { mutable stopped : bool; mutable stop_one : unit -> unit }

let on_stop s f =
  s.stop_one <- f;
  if s.stopped then f ()

(* [signalled] is fulfilled when a signal has come. *)
let watch s signals =
  let fd =
    Lwt_unix.of_unix_file_descr ~blocking:false (Signals.output signals)
  in
  let+ () = Lwt_unix.wait_read fd in
  s.stopped <- true;
  s.stop_one ()

(* [None] if a signal came first. *)
let rec connect s ~signalled ~reconnect ~random ~said ~attempt dial =
  if s.stopped then Lwt.return_ok None
  else
    let* dialled = dial () in
    match dialled with
    | Ok transport -> Lwt.return_ok (Some transport)
    | Error Failure.Closed when s.stopped -> Lwt.return_ok None
    | Error failure when Failure.is_permanent failure ->
        Lwt.return_error failure
    | Error failure ->
        Log.warn (fun m -> m "%a; trying again" Failure.pp failure);
        Worker.say_unheard ~said failure;
        let random_part = Random.State.float random 1. in
        let delay = Backoff.delay reconnect ~attempt ~random:random_part in
        let* () = Lwt.pick [ Lwt_unix.sleep delay; Lwt.protected signalled ] in
        connect s ~signalled ~reconnect ~random ~said ~attempt:(attempt + 1)
          dial

let serve s transport main =
  on_stop s (fun () -> Transport.stop transport);
  let* outcome =
    Lwt.finalize
      (fun () ->
        Lwt.catch
          (fun () -> main transport)
          (function
            | Failure.Failed f -> Lwt.return_error f
            | e -> Lwt.fail e))
      (fun () ->
        s.stop_one <- ignore;
        Transport.close transport)
  in
  Lwt.return (Worker.exit_code_of ~stopped:s.stopped outcome)

(* As [Mycelium_unix.Worker]: the bridge's answer says best what differs. *)
let ask_what_differs dial failure =
  let* dialled = dial () in
  match dialled with
  | Error (Failure.Schema_mismatch _ as failure) ->
      Lwt.return (Worker.exit_code failure)
  | Error _ -> Lwt.return (Worker.exit_code failure)
  | Ok transport ->
      let+ () = Transport.close transport in
      Worker.exit_code failure

let run_with s e ~signalled ~reconnect ~shared ~own dial main =
  match Worker.differs e ~shared ~own with
  | Some failure -> ask_what_differs dial failure
  | None -> (
      let random = Random.State.make_self_init () in
      let* connected =
        connect s ~signalled ~reconnect ~random ~said:(ref "") ~attempt:0 dial
      in
      match connected with
      | Error failure -> Lwt.return (Worker.exit_code failure)
      | Ok None -> Lwt.return Worker.ok
      | Ok (Some transport) -> serve s transport main)

let run ?getenv ?client_name ?shared ?(reconnect = Backoff.make ())
    ?send_limit ?while_disconnected ?drain_timeout ~schema_digest ~messages
    main =
  match Worker.environment ?getenv () with
  | Error failure -> Lwt.return (Worker.exit_code failure)
  | Ok e -> (
      let s = { stopped = false; stop_one = ignore } in
      (* A signal ends a handshake, however long the bridge takes for it. *)
      let started transport =
        on_stop s (fun () -> Transport.begin_close transport)
      in
      let dial () =
        Transport.connect_with ~started ?client_name ~worker_id:e.worker_id
          ?worker_token:e.worker_token ?shared ?send_limit ?while_disconnected
          ?drain_timeout ~reconnect ~schema_digest ~messages e.address
      in
      match Signals.catch () with
      | Error problem -> Lwt.return (Worker.no_signals problem)
      | Ok signals ->
          let signalled = watch s signals in
          Lwt.finalize
            (fun () ->
              run_with s e ~signalled ~reconnect ~shared ~own:schema_digest
                dial main)
            (fun () ->
              Lwt.cancel signalled;
              Signals.release signals;
              Lwt.return_unit))
