module Failure = Mycelium.Failure
module Backoff = Mycelium.Backoff

(* {1 Environment} *)

type environment = {
  address : Address.t;
  bridge_digest : string option;
  worker_id : string;
  worker_token : string option;
}

let unhex s =
  let digit c =
    match c with
    | '0' .. '9' -> Char.code c - Char.code '0'
    | 'a' .. 'f' -> Char.code c - Char.code 'a' + 10
    | 'A' .. 'F' -> Char.code c - Char.code 'A' + 10
    | _ -> raise Exit
  in
  try
    if String.length s mod 2 = 1 then raise Exit;
    Some
      (String.init (String.length s / 2) (fun i ->
           Char.chr ((16 * digit s.[2 * i]) + digit s.[(2 * i) + 1])))
  with Exit -> None

let ( let* ) = Result.bind
let wrong key problem = Error (Failure.Configuration { key; problem })

let hexadecimal getenv key ~len =
  match getenv key with
  | None | Some "" -> Ok None
  | Some s -> (
      match unhex s with
      | Some bytes when String.length bytes = len -> Ok (Some bytes)
      | _ ->
          wrong key (Printf.sprintf "expected %d hexadecimal digits" (2 * len)))

let environment ?(getenv = Sys.getenv_opt) () =
  let* address =
    match getenv "MYCELIUM_SOCKET" with
    | None | Some "" ->
        wrong "MYCELIUM_SOCKET"
          "not set: the path of the bridge's socket, or tcp://HOST:PORT"
    | Some s -> (
        match Address.of_string s with
        | Ok _ as ok -> ok
        | Error (Configuration { problem; _ }) ->
            wrong "MYCELIUM_SOCKET" problem
        | Error _ as e -> e)
  in
  let* bridge_digest = hexadecimal getenv "MYCELIUM_SCHEMA_DIGEST" ~len:32 in
  let* worker_token = hexadecimal getenv "MYCELIUM_WORKER_TOKEN" ~len:16 in
  let worker_id = Option.value (getenv "MYCELIUM_WORKER_ID") ~default:"" in
  if String.length worker_id > 64 then
    wrong "MYCELIUM_WORKER_ID" "longer than 64 bytes"
  else Ok { address; bridge_digest; worker_id; worker_token }

(* {1 How it ends} *)

let ok = 0
let failed = 1
let misconfigured = 78

(* Permanent, but not for this reason: a program may end like that. *)
let is_an_end : Failure.t -> bool = function
  | Closed | Overflow _ | Goodbye _ -> true
  | _ -> false

(* On stderr whatever is done with logs: whoever started the program has to see
   why it ended. *)
let say words =
  let name = Filename.basename Sys.executable_name in
  try Printf.eprintf "%s: %s\n%!" name words with Sys_error _ -> ()

let exit_code failure =
  say (Failure.to_string failure);
  if Failure.is_permanent failure && not (is_an_end failure) then misconfigured
  else failed

let exit_code_of ~stopped : (unit, Failure.t) result -> int = function
  | Ok () -> ok
  | Error (Closed | Goodbye _) when stopped -> ok
  | Error failure -> exit_code failure

(* Where the program has no reporter of logs, nobody would see what it waits
   for. Every reason is said once, not every try. *)
let say_unheard ~said failure =
  let words = Failure.to_string failure ^ "; trying again" in
  if Logs.reporter () == Logs.nop_reporter && !said <> words then begin
    said := words;
    say words
  end

let start digest = String.sub (Failure.hex digest) 0 16

let differs e ~shared ~own =
  match e.bridge_digest with
  | Some bridge when bridge <> own && shared <> Some true ->
      let problem =
        Printf.sprintf
          "the bridge has another contract (%s…) than this program was built \
           with (%s…): regenerate with `myc-schema compile` and rebuild"
          (start bridge) (start own)
      in
      Some
        (Failure.Configuration { key = "MYCELIUM_SCHEMA_DIGEST"; problem })
  | _ -> None

let no_signals problem =
  exit_code (Unreachable { address = "the bridge"; problem })

(* {1 Stopping} *)

type stopper = {
  lock : Mutex.t;
  changed : Condition.t;
  mutable stopped : bool;
  mutable over : bool;
  mutable stop_one : (unit -> unit) option;  (* What there is to stop. *)
}

let locked s f =
  Mutex.lock s.lock;
  Fun.protect ~finally:(fun () -> Mutex.unlock s.lock) f

let is_stopped s = locked s (fun () -> s.stopped)

let stop s =
  let stop_one =
    locked s (fun () ->
        s.stopped <- true;
        Condition.broadcast s.changed;
        s.stop_one)
  in
  Option.iter (fun f -> f ()) stop_one

(* From now on a signal calls [f]; at once if there was one. *)
let on_stop s f =
  let now =
    locked s (fun () ->
        s.stop_one <- Some f;
        s.stopped)
  in
  if now then f ()

let watch s signals =
  let byte = Bytes.create 1 in
  let rec wait () =
    match Unix.read (Signals.output signals) byte 0 1 with
    | _ -> if not (locked s (fun () -> s.over)) then stop s
    | exception Unix.Unix_error (EINTR, _, _) -> wait ()
  in
  wait ()

let with_signals s signals f =
  let watcher = Thread.create (watch s) signals in
  let finally () =
    locked s (fun () -> s.over <- true);
    Signals.interrupt signals;
    Thread.join watcher
  in
  Fun.protect ~finally f

(* {1 Running} *)

(* [None] if a signal came first. *)
let rec connect s ~reconnect ~random ~said ~attempt dial =
  if is_stopped s then Ok None
  else
    match dial () with
    | Ok transport -> Ok (Some transport)
    | Error (Failure.Closed) when is_stopped s -> Ok None
    | Error failure when Failure.is_permanent failure -> Error failure
    | Error failure ->
        Log.warn (fun m -> m "%a; trying again" Failure.pp failure);
        say_unheard ~said failure;
        let random_part = Random.State.float random 1. in
        let delay = Backoff.delay reconnect ~attempt ~random:random_part in
        let until = Clock.now () +. delay in
        locked s (fun () ->
            while (not s.stopped) && Clock.now () < until do
              Timed.wait s.changed s.lock ~until
            done);
        connect s ~reconnect ~random ~said ~attempt:(attempt + 1) dial

let serve s transport main =
  on_stop s (fun () -> Transport.stop transport);
  let outcome =
    Fun.protect
      ~finally:(fun () ->
        locked s (fun () -> s.stop_one <- None);
        Transport.close transport)
      (fun () -> try main transport with Failure.Failed f -> Error f)
  in
  exit_code_of ~stopped:(is_stopped s) outcome

(* Where the environment says that the contracts differ, the bridge is asked
   once for what differs, because its answer says it better than two digests
   do; but no answer makes them the same. *)
let ask_what_differs dial failure =
  match dial () with
  | Error (Failure.Schema_mismatch _ as failure) -> exit_code failure
  | outcome ->
      Result.iter Transport.close outcome;
      exit_code failure

let run_with s e ~reconnect ~shared ~own dial main =
  match differs e ~shared ~own with
  | Some failure -> ask_what_differs dial failure
  | None -> (
      let random = Random.State.make_self_init () in
      match connect s ~reconnect ~random ~said:(ref "") ~attempt:0 dial with
      | Error failure -> exit_code failure
      | Ok None -> ok
      | Ok (Some transport) -> serve s transport main)

let run ?getenv ?client_name ?shared ?(reconnect = Backoff.make ())
    ?send_limit ?while_disconnected ?drain_timeout ~schema_digest ~messages
    main =
  match (environment ?getenv (), Timed.start ()) with
  | Error failure, _ -> exit_code failure
  | _, Error problem -> no_signals problem
  | Ok e, Ok () -> (
      let s =
        {
          lock = Mutex.create ();
          changed = Condition.create ();
          stopped = false;
          over = false;
          stop_one = None;
        }
      in
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
      | Error problem -> no_signals problem
      | Ok signals ->
          Fun.protect
            ~finally:(fun () -> Signals.release signals)
            (fun () ->
              with_signals s signals (fun () ->
                  run_with s e ~reconnect ~shared ~own:schema_digest dial main)))
