module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Outbox = Mycelium.Outbox

type role = Free | Background | Leader

type sink = {
  blocked : size:int -> bool;
  deliver : type_id:int -> bytes -> pos:int -> len:int -> unit;
  wake : unit -> unit;
}

type counters = {
  mutable frames_in : int;
  mutable frames_out : int;
  mutable bytes_in : int;
  mutable bytes_out : int;
  mutable writes : int;
  mutable unshared : int;
  mutable unsent : int;
  mutable connections : int;
  mutable dropped_by_bridge : int;
}

type t = {
  lock : Mutex.t;
  address : Address.t;
  config : Connection.config;
  reconnect : Mycelium.Backoff.t option;
  send_limit : int;
  outbox : Outbox.t;
  router : sink Mycelium.Router.t;
  counters : counters;
  changed : Condition.t;
  room : Condition.t;
  work : Semaphore.Binary.t;
  idle : Condition.t;
  wake_output : Unix.file_descr;
  wake_input : Unix.file_descr;
  mutable waking : bool;
  mutable connection : Connection.t option;
  mutable fd : Unix.file_descr;
  mutable epoch : int;
  mutable session : Connection.session option;
  mutable asked : int;
  mutable replayed : int;
  mutable acknowledged : int;
  mutable last_failure : Failure.t option;
  mutable ended : Failure.t option;
  mutable stopping : bool;
  mutable closing : bool;
  mutable role : role;
  mutable activity : int;
  mutable asleep : bool;
  mutable stalled : bool;
  mutable backlog : bool;
  mutable followers : Condition.t list;
  mutable writing : bool;
  mutable wanted : bool;
  mutable called : bool;
  mutable room_waiters : int;
  mutable choked : bool;
  mutable tried : int;
  mutable polling : bool;
  mutable broken : bool;
  mutable half_closed : bool;
  mutable paid_until : float;
  mutable oldest : float;
  mutable pipe_closed : bool;
  mutable notes : (unit -> unit) list;
}

let no_counters () =
  {
    frames_in = 0;
    frames_out = 0;
    bytes_in = 0;
    bytes_out = 0;
    writes = 0;
    unshared = 0;
    unsent = 0;
    connections = 0;
    dropped_by_bridge = 0;
  }

let create ~address ~config ~reconnect ~send_limit =
  match Unix.pipe ~cloexec:true () with
  | exception Unix.Unix_error (e, _, _) ->
      let problem = Unix.error_message e in
      Error
        (Failure.Unreachable { address = Address.to_string address; problem })
  | wake_output, wake_input ->
      Unix.set_nonblock wake_output;
      Unix.set_nonblock wake_input;
      Ok
        {
          lock = Mutex.create ();
          address;
          config;
          reconnect;
          send_limit;
          outbox = Outbox.create ~limit:send_limit ();
          router = Mycelium.Router.create ();
          counters = no_counters ();
          changed = Condition.create ();
          room = Condition.create ();
          work = Semaphore.Binary.make false;
          idle = Condition.create ();
          wake_output;
          wake_input;
          waking = false;
          connection = None;
          fd = wake_output;
          epoch = 0;
          session = None;
          asked = 0;
          replayed = 0;
          acknowledged = 0;
          last_failure = None;
          ended = None;
          stopping = false;
          closing = false;
          role = Free;
          activity = 0;
          asleep = false;
          stalled = false;
          backlog = false;
          followers = [];
          writing = false;
          wanted = false;
          called = false;
          room_waiters = 0;
          choked = false;
          tried = 0;
          polling = false;
          broken = false;
          half_closed = false;
          paid_until = 0.;
          oldest = 0.;
          pipe_closed = false;
          notes = [];
        }

let acquire t = Mutex.lock t.lock

let release t =
  match t.notes with
  | [] -> Mutex.unlock t.lock
  | notes ->
      t.notes <- [];
      Mutex.unlock t.lock;
      List.iter (fun log -> log ()) (List.rev notes)

let note t log = t.notes <- log :: t.notes

let locked t f =
  acquire t;
  match f () with
  | v ->
      release t;
      v
  | exception e ->
      release t;
      raise e

let failure t =
  match (t.ended, t.last_failure) with
  | Some failure, _ | None, Some failure -> failure
  | None, None -> Closed

let wake_reader t =
  if t.role <> Free && not t.waking then begin
    t.waking <- true;
    match Unix.single_write t.wake_input (Bytes.make 1 'w') 0 1 with
    | (_ : int) -> ()
    | exception Unix.Unix_error _ -> ()
  end;
  if t.asleep || t.stalled then Condition.signal t.idle

(* {1 Writing} *)

let write_interval = 20e-6
let write_burst = 32.
let write_size = 65_536
let write_age = 200e-6

(* Whether a write of its own is allowed: 32 at once, 50,000 a second. *)
let pays t ~now =
  let from = Float.max t.paid_until now in
  let allowed = from -. now < write_burst *. write_interval in
  if allowed then t.paid_until <- from +. write_interval;
  allowed

let refund t = t.paid_until <- t.paid_until -. write_interval

(* Until the handshake is done only the handshake is written. *)
let has_output t =
  (not t.broken)
  &&
  match t.connection with
  | None -> false
  | Some c ->
      Outbox.core t.outbox > 0
      || (Connection.sends_data c && not (Outbox.is_empty t.outbox))

(* Not a condition with [lock]: the writer thread would come back from it with
   the lock and without the runtime's, and whoever publishes would have to wait
   for it at every message. *)
let call_writer t =
  t.wanted <- true;
  if not t.called then begin
    t.called <- true;
    Semaphore.Binary.release t.work
  end

let break_output t =
  t.broken <- true;
  match t.connection with
  | None -> ()
  | Some c ->
      Connection.output_failed c;
      wake_reader t

(* With [writing] set: no one else takes from the outbox or closes the socket
   while the lock is given back. *)
let write_once t =
  if not (has_output t && Outbox.take t.outbox) then `Empty
  else begin
    let o = t.outbox in
    let b = Outbox.bytes o and pos = Outbox.pos o and len = Outbox.len o in
    let n = Socket.write t.fd b ~pos ~len in
    if n > 0 then begin
      Outbox.wrote o n;
      t.counters.bytes_out <- t.counters.bytes_out + n;
      t.counters.writes <- t.counters.writes + 1;
      (* Not for every frame: who waits shall have room for many. *)
      if t.room_waiters > 0 && Outbox.data o <= t.send_limit / 2 then
        Condition.broadcast t.room;
      `Wrote
    end
    else if n = Socket.again then `Again
    else begin
      break_output t;
      `Empty
    end
  end

(* What the end of the outbox means for a connection that is ending. *)
let settle t =
  match t.connection with
  | None -> ()
  | Some c ->
      if Connection.half_close c && not t.half_closed then begin
        t.half_closed <- true;
        Socket.shutdown_send t.fd
      end;
      if not (Connection.is_open c) then wake_reader t

let stop_writing t =
  t.writing <- false;
  if Outbox.is_empty t.outbox then begin
    settle t;
    if t.room_waiters > 0 then Condition.broadcast t.room
  end;
  if t.broken || t.closing then Condition.broadcast t.changed

(* All full chunks, and one that is not. *)
let rec write_some t =
  match write_once t with
  | `Wrote when Outbox.data t.outbox >= write_size -> write_some t
  | outcome -> outcome

let flush t =
  if t.writing then ()
  else if not (has_output t) then settle t
  else begin
    t.writing <- true;
    let outcome = write_some t in
    stop_writing t;
    match outcome with
    | `Again ->
        t.choked <- true;
        t.tried <- Outbox.data t.outbox;
        call_writer t
    | `Wrote ->
        t.choked <- false;
        if has_output t then call_writer t else t.wanted <- false
    | `Empty -> ()
  end

let added t =
  let data = Outbox.data t.outbox in
  if t.writing then ()
  else if t.choked then begin
    (* The writer thread waits for the socket. It may not get to run. *)
    if data - t.tried >= write_size then flush t
  end
  else begin
    let now = Clock.now () in
    if t.oldest = 0. then t.oldest <- now;
    if pays t ~now || data >= write_size || now -. t.oldest > write_age then begin
      t.oldest <- 0.;
      flush t
    end
    else if has_output t then call_writer t
  end

let rec write_all t =
  match write_once t with `Wrote -> write_all t | (`Empty | `Again) as o -> o

(* Others may write while this thread waits for the socket. *)
let wait_for_socket t =
  t.choked <- true;
  t.tried <- Outbox.data t.outbox;
  t.polling <- true;
  let fd = t.fd in
  release t;
  ignore (Socket.wait_writable fd ~until:infinity : bool);
  acquire t;
  t.polling <- false;
  t.choked <- false;
  t.wanted <- true;
  if t.broken then Condition.broadcast t.changed

let writer t =
  acquire t;
  while Option.is_none t.ended do
    if t.wanted && not t.writing then begin
      t.wanted <- false;
      t.choked <- false;
      t.oldest <- 0.;
      t.writing <- true;
      let outcome = write_all t in
      stop_writing t;
      if outcome = `Again then wait_for_socket t
    end
    else begin
      release t;
      Semaphore.Binary.acquire t.work;
      acquire t;
      t.called <- false
    end
  done;
  release t
