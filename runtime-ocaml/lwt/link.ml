module Client = Mycelium.Client
module Clock = Mycelium_unix.Clock
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Inbox = Mycelium.Inbox
module Notice = Mycelium.Notice
module Outbox = Mycelium.Outbox
module Socket = Mycelium_unix.Socket
open Lwt.Syntax

type t = {
  address : Mycelium_unix.Address.t;
  client : Client.t;
  changed : unit Lwt_condition.t;
  room : unit Lwt_condition.t;
  work : unit Lwt_condition.t;
  poke : unit Lwt_condition.t;
  mutable poked : bool;
  mutable fd : Lwt_unix.file_descr option;
  mutable half_closed : bool;
}

let poke t =
  t.poked <- true;
  Lwt_condition.broadcast t.poke ()

let added t = Lwt_condition.broadcast t.work ()

(* A reporter that raises is no reason to lose the connection. *)
let log (client : Client.t) notice =
  let level =
    if Notice.is_warning notice then Logs.Warning else Logs.Info
  in
  try Log.msg level (fun m ->
        m "%s: %s" client.address (Notice.to_string notice))
  with _ -> ()

let create ~address ~client =
  let t =
    {
      address;
      client;
      changed = Lwt_condition.create ();
      room = Lwt_condition.create ();
      work = Lwt_condition.create ();
      poke = Lwt_condition.create ();
      poked = false;
      fd = None;
      half_closed = false;
    }
  in
  Client.set_hooks client
    {
      changed = (fun () -> Lwt_condition.broadcast t.changed ());
      room = (fun () -> Lwt_condition.broadcast t.room ());
      output = (fun () -> added t);
      look = (fun () -> poke t);
      resumed = (fun () -> poke t);
      notice = log client;
    };
  t

(* Waits that are cut short lose nothing: they only wait. *)
let wait condition ready ~until =
  let rec until_ready () =
    if ready () then Lwt.return true
    else
      let* () = Lwt_condition.wait condition in
      until_ready ()
  in
  if ready () then Lwt.return true
  else if until = infinity then until_ready ()
  else
    let too_late =
      let+ () = Lwt_unix.sleep (Float.max 0. (until -. Clock.now ())) in
      false
    in
    Lwt.pick [ until_ready (); too_late ]

(* {1 Writing} *)

(* Not every wait can be cut short: when one ends, this connection, whose file
   descriptor may be another's by now, may be over. *)
let is_current t c =
  match t.client.connection with Some current -> current == c | None -> false

(* What the end of the output means for a connection that is ending. *)
let settle t c fd =
  if Connection.half_close c && not t.half_closed then begin
    t.half_closed <- true;
    Socket.shutdown_send (Lwt_unix.unix_file_descr fd)
  end;
  if Connection.deadline c = neg_infinity then poke t

let rec write_loop t c fd =
  let o = t.client.outbox in
  if not (is_current t c) then Lwt.return_unit
  else if Connection.has_output c && Outbox.take o then begin
    let b = Outbox.bytes o and pos = Outbox.pos o and len = Outbox.len o in
    let n = Socket.write (Lwt_unix.unix_file_descr fd) b ~pos ~len in
    if n > 0 then begin
      Client.wrote t.client n;
      Lwt_condition.broadcast t.room ();
      write_loop t c fd
    end
    else if n = Socket.again then
      let* () = Lwt_unix.wait_write fd in
      write_loop t c fd
    else begin
      Connection.output_failed c ~now:(Clock.now ());
      poke t;
      Lwt.return_unit
    end
  end
  else begin
    settle t c fd;
    let* () = Lwt_condition.wait t.work in
    (* What others publish before it is their turn to wait goes out with it. *)
    let* () = Lwt.pause () in
    write_loop t c fd
  end

(* {1 Reading} *)

let poked t =
  if t.poked then Lwt.return_unit else Lwt_condition.wait t.poke

let due c =
  match Connection.deadline c with
  | d when d = infinity -> []
  | d -> [ Lwt_unix.sleep (Float.max 0. (d -. Clock.now ())) ]

let readable t c fd =
  if Client.may_read t.client c then [ Lwt_unix.wait_read fd ] else []

let read fd _ c ~now =
  let inbox = Connection.inbox c in
  Inbox.prepare inbox;
  let b = Inbox.buffer inbox and pos = Inbox.fill_pos inbox in
  let len = Inbox.room inbox in
  let n = Socket.read (Lwt_unix.unix_file_descr fd) b ~pos ~len in
  if n >= 0 then Connection.received c ~now n
  else if n = Socket.lost then
    Connection.abort c (Lost "the bridge reset it");
  n <> Socket.again

let rec read_loop t c fd =
  let* () = Lwt.pick (poked t :: (readable t c fd @ due c)) in
  t.poked <- false;
  let now = Clock.now () in
  let turn = Client.turn t.client c ~now ~read:(read fd) in
  if Connection.has_output c || not (Connection.is_open c) then added t;
  match turn with
  | Over failure -> Lwt.return failure
  | Waiting | Stalled ->
      (* Others have their turn, however much there is to read. *)
      let* () = Lwt.pause () in
      read_loop t c fd

let close_fd fd =
  Lwt.catch
    (fun () -> Lwt_unix.close fd)
    (function Unix.Unix_error _ -> Lwt.return_unit | e -> Lwt.fail e)

(* Until the connection is over. What is raised, by this program's own code or
   by a signal's handler, ends the connection and not the loop. *)
let serve t fd =
  let fd = Lwt_unix.of_unix_file_descr ~blocking:true ~set_flags:false fd in
  t.fd <- Some fd;
  t.half_closed <- false;
  let c = Client.connect t.client ~now:(Clock.now ()) in
  poke t;
  let written () =
    let* () = write_loop t c fd in
    fst (Lwt.task ())
  in
  let* failure =
    Lwt.catch
      (fun () -> Lwt.pick [ read_loop t c fd; written () ])
      (fun e ->
        Lwt.return (Failure.Lost ("exception " ^ Printexc.to_string e)))
  in
  t.fd <- None;
  let* () = close_fd fd in
  Client.lost t.client ~now:(Clock.now ()) failure;
  Lwt.return_unit

(* {1 Connecting} *)

(* Looking up names and connecting may wait: in a thread of its own. *)
let dial t =
  let until = Clock.now () +. t.client.config.handshake_timeout in
  Lwt.catch
    (Lwt_preemptive.detach (fun () -> Socket.connect t.address ~until))
    (fun e ->
      let address = Mycelium_unix.Address.to_string t.address in
      let problem = Printexc.to_string e in
      Lwt.return_error (Failure.Unreachable { address; problem }))

let run t =
  let random = Random.State.make_self_init () in
  let rec attempt () =
    let* dialled = dial t in
    let* () =
      match dialled with
      | Error failure ->
          if not (Client.is_over t.client) then
            Client.failed t.client failure;
          Lwt.return_unit
      | Ok fd when Client.is_over t.client ->
          Socket.close fd;
          Lwt.return_unit
      | Ok fd -> serve t fd
    in
    if Client.is_over t.client then Lwt.return_unit
    else
      let random = Random.State.float random 1. in
      let until = Clock.now () +. Client.next_delay t.client ~random in
      let over () = Client.is_over t.client in
      let* ended = wait t.changed over ~until in
      if ended then Lwt.return_unit else attempt ()
  in
  Lwt.catch attempt (fun e ->
      Client.finish t.client (Lost ("exception " ^ Printexc.to_string e));
      Lwt.return_unit)
