module Core = Mycelium.Core_messages
module Failure = Mycelium.Failure
module R = Reference_messages
open Mycelium_unix
open Protocol

let int = Alcotest.(check int)
let bool = Alcotest.(check bool)
let counters = (module R.Counter_update : Mycelium.Message.S with type t = _)

(* {1 The worker: this program again, with one argument} *)

let reconnect = Mycelium.Backoff.make ~initial:0.005 ~max:0.01 ()

(* Answers each message; says a last word when it is stopped. *)
let echo transport =
  let ( let* ) = Result.bind in
  let* p = Publisher.create transport counters in
  let* s = Subscriber.create transport counters in
  let outcome = Subscriber.iter s (Publisher.publish_exn p) in
  ignore (Publisher.publish p (counter_update 99) : (unit, Failure.t) result);
  outcome

let main () =
  match Array.to_list Sys.argv with
  | [ _; "worker" ] ->
      Logs.set_reporter (Logs.format_reporter ());
      exit (Worker.run ~reconnect ~schema_digest:digest ~messages echo)
  | _ -> ()

let token = String.init 16 Char.chr

let spawn bridge environment =
  let own =
    [
      "MYCELIUM_SOCKET=" ^ Address.to_string (Bridge.address bridge);
      "MYCELIUM_WORKER_ID=echo-1";
      "MYCELIUM_WORKER_TOKEN=" ^ Check.hex token;
      "MYCELIUM_SCHEMA_DIGEST=" ^ Check.hex digest;
    ]
  in
  let null = Unix.openfile "/dev/null" [ O_RDWR ] 0 in
  let pid =
    Unix.create_process_env Sys.executable_name
      [| Sys.executable_name; "worker" |]
      (Array.of_list (environment @ own))
      null null null
  in
  Unix.close null;
  pid

let rec exit_code pid =
  match Unix.waitpid [] pid with
  | _, WEXITED code -> code
  | _, WSIGNALED n -> 1000 + n
  | _, WSTOPPED _ -> exit_code pid
  | exception Unix.Unix_error (EINTR, _, _) -> exit_code pid

(* The exit code of a worker whose bridge follows [script], which has its
   process id. *)
let worker ?(environment = []) script =
  let bridge = Bridge.on_path () in
  let pid = ref 0 and started = Bridge.event () in
  let script () =
    Bridge.await started;
    script bridge !pid
  in
  Bridge.play bridge script (fun () ->
      pid := spawn bridge environment;
      Bridge.set started;
      exit_code !pid)

let hello c = Check.ok (Core.Client_hello.decode_string (Bridge.hello c))
let answer c = ignore (Bridge.subscribed c : Core.Subscribe.t)

let round_trip c n =
  Bridge.send c (counter n);
  Bridge.expect c n

(* It waits in [recv] when the signal comes: it must run its last words, say
   goodbye, and exit well. *)
let stopped_by signal () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    let h = hello c in
    Alcotest.(check string) "id" "echo-1" h.worker_id;
    Alcotest.(check string) "token" (Check.hex token) (Check.hex h.worker_token);
    answer c;
    round_trip c 1;
    Unix.kill pid signal;
    Bridge.expect c 99;
    Bridge.say_goodbye c
  in
  int "exit code" Worker.ok (worker script)

(* While the bridge is away there is nothing to read that would end. *)
let stopped_while_down () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 1;
    Bridge.hang_up c;
    let c = Bridge.accept bridge in
    Bridge.hang_up c;
    Unix.kill pid Sys.sigterm
  in
  int "exit code" Worker.ok (worker script)

let bridge_restarts () =
  let script bridge pid =
    for n = 1 to 5 do
      let c = Bridge.welcome bridge in
      answer c;
      round_trip c n;
      Bridge.send c (goodbye Shutdown);
      Bridge.hang_up c
    done;
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 6;
    Unix.kill pid Sys.sigint;
    Bridge.expect c 99;
    Bridge.say_goodbye c
  in
  int "exit code" Worker.ok (worker script)

let digest_mismatch () =
  let script bridge _ =
    let c = Bridge.accept bridge in
    Bridge.send c (reject Schema_mismatch "" ^ summary []);
    Bridge.hang_up c
  in
  int "exit code" Worker.misconfigured (worker script)

let wrong_token () =
  let script bridge _ =
    let c = Bridge.accept bridge in
    Bridge.send c (reject Worker_token "");
    Bridge.hang_up c
  in
  int "exit code" Worker.misconfigured (worker script)

let replaced () =
  let script bridge _ =
    let c = Bridge.welcome bridge in
    answer c;
    Bridge.send c (goodbye Replaced);
    bool "the worker closes" true (Bridge.at_end c);
    Bridge.hang_up c
  in
  int "exit code" Worker.failed (worker script)

let bad_environment () =
  let with_ = [ "MYCELIUM_SOCKET=tcp://nowhere" ] in
  int "exit code" 78 (worker ~environment:with_ (fun _ _ -> ()));
  let environment pairs =
    Worker.environment ~getenv:(fun key -> List.assoc_opt key pairs) ()
  in
  let wrong key pairs =
    match environment pairs with
    | Error (Configuration c) -> Alcotest.(check string) "key" key c.key
    | _ -> Alcotest.failf "%s is accepted" key
  in
  let socket = ("MYCELIUM_SOCKET", "/run/bridge.sock") in
  wrong "MYCELIUM_SOCKET" [];
  wrong "MYCELIUM_SOCKET" [ ("MYCELIUM_SOCKET", "") ];
  wrong "MYCELIUM_SCHEMA_DIGEST" [ socket; ("MYCELIUM_SCHEMA_DIGEST", "ab") ];
  wrong "MYCELIUM_WORKER_TOKEN"
    [ socket; ("MYCELIUM_WORKER_TOKEN", String.make 32 'g') ];
  wrong "MYCELIUM_WORKER_ID"
    [ socket; ("MYCELIUM_WORKER_ID", String.make 65 'w') ];
  match
    environment [ socket; ("MYCELIUM_SCHEMA_DIGEST", Check.hex digest) ]
  with
  | Ok e ->
      bool "address" true (e.address = Path "/run/bridge.sock");
      bool "digest" true (e.bridge_digest = Some digest);
      bool "no token" true (e.worker_token = None)
  | Error f -> Alcotest.fail (Failure.to_string f)

let tests =
  [
    Check.case "SIGTERM while it receives" (stopped_by Sys.sigterm);
    Check.case "SIGINT while it receives" (stopped_by Sys.sigint);
    Check.case "SIGTERM while the bridge is away" stopped_while_down;
    Check.case "restarts of the bridge" bridge_restarts;
    Check.case "another contract" digest_mismatch;
    Check.case "a wrong token" wrong_token;
    Check.case "replaced by a newer one" replaced;
    Check.case "environment" bad_environment;
  ]
