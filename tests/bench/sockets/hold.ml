(* [hold [--quick] [MESSAGES]]: a worker receives ten million messages, or so
   many, from a bridge that dies and comes back twenty times, each time as a
   new process on the same path. Each message has to be the next one, and every
   hundredth is published back, which the bridge checks. What lives in the heap
   must not grow. *)

open Mycelium_unix
module Tick = Messages.Tick

let restarts = 20
let answer_every = 100

(* What one connection, its queues and its buffers may come to, in words: far
   from one word for each message. *)
let allowed_growth = 50_000

let live_words () =
  Gc.full_major ();
  (Gc.stat ()).live_words

let receive subscriber publisher ~first ~count =
  for n = first to first + count - 1 do
    let m = Subscriber.recv_exn subscriber in
    if not (Tick.equal m (Peer.tick n)) then
      failwith (Printf.sprintf "message %d is not the next one" n);
    if (n - first + 1) mod answer_every = 0 then
      Publisher.publish_exn publisher m
  done

type measured = { before : int; after : int; stats : Transport.stats }

(* After the first connection all is there that a connection needs. *)
let work path start_next each transport =
  let subscriber = Subscriber.create_exn transport (module Tick) in
  let publisher = Publisher.create_exn transport (module Tick) in
  let before = ref 0 in
  for i = 0 to restarts do
    receive subscriber publisher ~first:(1 + (i * each)) ~count:each;
    if i = 0 then before := live_words ();
    if i < restarts then start_next path (i + 1)
  done;
  let after = live_words () in
  { before = !before; after; stats = Transport.stats transport }

let bridge path each i =
  let first = 1 + (i * each) and last = i = restarts in
  let role = Peer.Bridge { first; count = each; answer_every; last } in
  Peer.start_at path role ~handshake:true

let hold total =
  let each = (total + restarts) / (restarts + 1) in
  let path = Peer.new_path () in
  let finish = ref (bridge path each 0) in
  let start_next path i =
    !finish ();
    finish := bridge path each i
  in
  let getenv = function "MYCELIUM_SOCKET" -> Some path | _ -> None in
  let reconnect = Mycelium.Backoff.make ~initial:0.001 ~max:0.01 () in
  let measured = ref None in
  let start = Clock.now () in
  let code =
    Worker.run ~getenv ~reconnect ~schema_digest:Messages.schema_digest
      ~messages:Messages.Any_message.messages (fun transport ->
        measured := Some (work path start_next each transport);
        Ok ())
  in
  !finish ();
  match !measured with
  | Some m when code = Worker.ok -> (m, Clock.now () -. start)
  | _ -> failwith "the worker has failed"

let () =
  Peer.main ();
  let total =
    match List.tl (Array.to_list Sys.argv) with
    | [] | [ "--strict" ] -> 10_000_000
    | "--quick" :: _ -> 210_000
    | words :: _ -> int_of_string words
  in
  let m, seconds = hold total in
  let growth = m.after - m.before in
  Printf.printf "| | |\n| --- | ---: |\n";
  let row name n = Printf.printf "| %s | %d |\n" name n in
  row "messages received" m.stats.frames_in;
  row "messages published" m.stats.frames_out;
  row "connections" m.stats.connections;
  row "published, but lost" m.stats.unsent;
  row "live words after the first connection" m.before;
  row "live words after the last" m.after;
  row "growth in words" growth;
  row "words of the heap at its largest" (Gc.quick_stat ()).top_heap_words;
  Printf.printf "| seconds | %.1f |\n" seconds;
  let right = restarts + 1 in
  if m.stats.connections <> right || m.stats.unsent <> 0 then
    failwith "connections or messages are missing";
  if growth > allowed_growth then failwith "the heap has grown"
