module Core = Mycelium.Core_messages
module R = Reference_messages
module Failure = Mycelium.Failure
open Protocol
module Address = Mycelium_unix.Address
module Worker = Mycelium_unix.Worker

let int = Alcotest.(check int)
let bool = Alcotest.(check bool)

(* {1 The worker: this program again, with one argument} *)

let main programs =
  match Array.to_list Sys.argv with
  | [ _; name ] ->
      Option.iter (fun run -> exit (run ())) (List.assoc_opt name programs)
  | _ -> ()

let reconnect = Mycelium.Backoff.make ~initial:0.005 ~max:0.01 ()

let token = String.init 16 Char.chr

(* The later of two settings of a variable does not count. *)
let spawn bridge ?(program = "worker") ?stderr environment =
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
      [| Sys.executable_name; program |]
      (Array.of_list (environment @ own))
      null null
      (Option.value stderr ~default:null)
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
   process id, and what it said on stderr. *)
let worker_says ?program ?(environment = []) script =
  let bridge = Bridge.on_path () in
  let pid = ref 0 and started = Bridge.event () in
  let script () =
    Bridge.await started;
    script bridge !pid
  in
  let output, stderr = Unix.pipe ~cloexec:true () in
  Bridge.play bridge script (fun () ->
      pid := spawn bridge ?program ~stderr environment;
      Unix.close stderr;
      Bridge.set started;
      let channel = Unix.in_channel_of_descr output in
      let rec lines () =
        match input_line channel with
        | line -> line :: lines ()
        | exception End_of_file -> []
      in
      let said = lines () in
      close_in channel;
      (exit_code !pid, said))

let worker ?program ?environment script =
  fst (worker_says ?program ?environment script)

(* One line, which names the program and has [part]. *)
let ends_with_words ~expected part (code, said) =
  int "exit code" expected code;
  match said with
  | [ line ] ->
      let start = Filename.basename Sys.executable_name ^ ": " in
      let has at = String.length line >= at + String.length part
                   && String.sub line at (String.length part) = part in
      let rec found at = at < String.length line && (has at || found (at + 1)) in
      if not (String.length line > String.length start
              && String.sub line 0 (String.length start) = start && found 0)
      then Alcotest.failf "%S does not say %S" line part
  | lines -> Alcotest.failf "%d lines on stderr" (List.length lines)

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

(* It publishes without end, and the bridge reads nothing: it is told to end by
   the signal alone. [rest] is what the bridge does then. *)
let stopped_while_publishing program rest () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    (match Bridge.receive c with
    | id, _ -> int "it publishes" R.Counter_update.type_id id);
    rest c;
    Unix.kill pid Sys.sigterm
  in
  let code, said = worker_says ~program script in
  int "exit code" Worker.ok code;
  Alcotest.(check (list string)) "nothing to say" [] said

(* The system gives a signal to any thread. *)
let other_threads () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 1;
    Unix.kill pid Sys.sigterm;
    Bridge.expect c 99;
    Bridge.say_goodbye c
  in
  int "exit code" Worker.ok (worker ~program:"threads" script)

(* The bridge takes the connection and says nothing: the default limit is 5 s. *)
let stopped_in_the_handshake () =
  let seconds = ref infinity in
  let script bridge pid =
    let c = Bridge.accept bridge in
    let start = Unix.gettimeofday () in
    Unix.kill pid Sys.sigterm;
    bool "the worker closes" true (Bridge.at_end c);
    seconds := Unix.gettimeofday () -. start;
    Bridge.hang_up c
  in
  int "exit code" Worker.ok (worker script);
  if !seconds > 4. then Alcotest.failf "only after %g s" !seconds

let second_signal () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 1;
    Unix.kill pid Sys.sigint;
    Bridge.expect c 98;
    Unix.kill pid Sys.sigterm;
    bool "the worker ends" true (Bridge.at_end c);
    Bridge.hang_up c
  in
  int "killed" (1000 + Sys.sigterm) (worker ~program:"stubborn" script)

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

(* Somebody who mistypes the path has to see what the program waits for; but a
   program that has a reporter says it there alone. *)
let says_what_it_waits_for () =
  let script bridge pid =
    Bridge.hang_up (Bridge.accept bridge);
    Bridge.hang_up (Bridge.accept bridge);
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 1;
    Unix.kill pid Sys.sigterm;
    Bridge.expect c 99;
    Bridge.say_goodbye c
  in
  worker_says script |> ends_with_words ~expected:Worker.ok "; trying again";
  let code, said = worker_says ~program:"logs" script in
  int "exit code" Worker.ok code;
  Alcotest.(check (list string)) "on the reporter alone" [] said

let refused words bridge _ =
  let c = Bridge.accept bridge in
  Bridge.send c words;
  Bridge.hang_up c

let other_digest =
  [ "MYCELIUM_SCHEMA_DIGEST=" ^ Check.hex (String.make 32 'x') ]

(* The words are the bridge's, whether the environment says it as well. *)
let digest_mismatch () =
  let script = refused (reject Schema_mismatch "" ^ summary []) in
  List.iter
    (fun environment ->
      worker_says ~environment script
      |> ends_with_words ~expected:78 "TextMessage is unknown to the bridge")
    [ []; other_digest ]

(* It may be another bridge that answers, or none: the worker must not be
   started again and again. *)
let digest_of_environment () =
  let says = "MYCELIUM_SCHEMA_DIGEST: the bridge has another contract (7878" in
  worker_says ~environment:other_digest (fun bridge _ ->
      Bridge.say_goodbye (Bridge.welcome bridge))
  |> ends_with_words ~expected:78 says;
  worker_says ~environment:other_digest (fun bridge _ ->
      Bridge.hang_up (Bridge.accept bridge))
  |> ends_with_words ~expected:78 says

(* Sharing what both have alike is what the program asked for. *)
let shared_digest () =
  let script bridge pid =
    let c = Bridge.welcome bridge in
    answer c;
    round_trip c 1;
    Unix.kill pid Sys.sigterm;
    Bridge.expect c 99;
    Bridge.say_goodbye c
  in
  int "exit code" Worker.ok
    (worker ~program:"shared" ~environment:other_digest script)

let wrong_token () =
  worker_says (refused (reject Worker_token ""))
  |> ends_with_words ~expected:78 "the worker token is not that of this launch"

let replaced by bridge _ =
  let c = Bridge.welcome bridge in
  answer c;
  Bridge.send c by;
  bool "the worker closes" true (Bridge.at_end c);
  Bridge.hang_up c

let replaced_by_a_newer_one () =
  List.iter
    (fun program ->
      worker_says ~program (replaced (goodbye Replaced))
      |> ends_with_words ~expected:1 "a newer connection of this worker")
    [ "worker"; "raises" ]

(* An exception of the SDK counts as the failure that it carries. *)
let mismatch_later () =
  let script bridge _ =
    let c = Bridge.welcome bridge in
    answer c;
    Bridge.hang_up c;
    refused (reject Schema_mismatch "" ^ summary []) bridge ()
  in
  List.iter
    (fun program -> int "exit code" 78 (worker ~program script))
    [ "worker"; "raises" ]

let bad_environment () =
  let with_ = [ "MYCELIUM_SOCKET=tcp://nowhere" ] in
  worker_says ~environment:with_ (fun _ _ -> ())
  |> ends_with_words ~expected:78 "MYCELIUM_SOCKET";
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
  wrong "MYCELIUM_SOCKET" [ ("MYCELIUM_SOCKET", String.make 108 'x') ];
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
    Check.case "SIGTERM while it publishes"
      (stopped_while_publishing "floods" ignore);
    Check.case "SIGTERM while it publishes to nobody"
      (stopped_while_publishing "floods" Bridge.hang_up);
    Check.case "SIGTERM while it flushes"
      (stopped_while_publishing "flushes" ignore);
    Check.case "SIGTERM with other threads" other_threads;
    Check.case "SIGTERM in the handshake" stopped_in_the_handshake;
    Check.case "a second signal" second_signal;
    Check.case "SIGTERM while it receives" (stopped_by Sys.sigterm);
    Check.case "SIGINT while it receives" (stopped_by Sys.sigint);
    Check.case "SIGTERM while the bridge is away" stopped_while_down;
    Check.case "restarts of the bridge" bridge_restarts;
    Check.case "another contract" digest_mismatch;
    Check.case "says what it waits for" says_what_it_waits_for;
    Check.case "a wrong token" wrong_token;
    Check.case "the digest of the environment" digest_of_environment;
    Check.case "another contract that may be shared" shared_digest;
    Check.case "another contract after a while" mismatch_later;
    Check.case "replaced by a newer one" replaced_by_a_newer_one;
    Check.case "environment" bad_environment;
  ]
