module Client = Mycelium.Client
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Outbox = Mycelium.Outbox

type role = Free | Background | Leader

type t = {
  lock : Mutex.t;
  address : Address.t;
  client : Client.t;
  changed : Condition.t;
  room : Condition.t;
  work : Semaphore.Binary.t;
  idle : Condition.t;
  wake_output : Unix.file_descr;
  wake_input : Unix.file_descr;
  mutable waking : bool;
  mutable fd : Unix.file_descr;
  mutable role : role;
  mutable activity : int;
  mutable asleep : bool;
  mutable backlog : bool;
  mutable followers : Condition.t list;
  mutable writing : bool;
  mutable wanted : bool;
  mutable called : bool;
  mutable room_waiters : int;
  mutable flush_at : int;
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

let acquire t = Mutex.lock t.lock

let release t =
  match t.notes with
  | [] -> Mutex.unlock t.lock
  | notes ->
      t.notes <- [];
      Mutex.unlock t.lock;
      (* A reporter that raises is no reason to stop, and some of this runs in
         threads that nobody could hear of it from. *)
      List.iter (fun log -> try log () with _ -> ()) (List.rev notes)

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

let wake_reader t =
  if t.role <> Free && not t.waking then begin
    t.waking <- true;
    match Unix.single_write t.wake_input (Bytes.make 1 'w') 0 1 with
    | (_ : int) -> ()
    | exception Unix.Unix_error _ -> ()
  end;
  if t.asleep || t.client.stalled then Condition.signal t.idle

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

let has_output t = (not t.broken) && Client.has_output t.client

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
  match t.client.connection with
  | None -> ()
  | Some c ->
      Connection.output_failed c ~now:(Clock.now ());
      wake_reader t

(* With [writing] set: no one else takes from the outbox or closes the socket
   while the lock is given back. *)
let write_once t =
  let o = t.client.outbox in
  if not (has_output t && Outbox.take o) then `Empty
  else begin
    let b = Outbox.bytes o and pos = Outbox.pos o and len = Outbox.len o in
    let n = Socket.write t.fd b ~pos ~len in
    if n > 0 then begin
      Client.wrote t.client n;
      (* Not for every frame: who waits shall have room for many. *)
      if
        t.room_waiters > 0
        && (Outbox.data o <= t.client.send_limit / 2
           || Outbox.passed o >= t.flush_at)
      then begin
        t.flush_at <- max_int;
        Condition.broadcast t.room
      end;
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
  match t.client.connection with
  | None -> ()
  | Some c ->
      if Connection.half_close c && not t.half_closed then begin
        t.half_closed <- true;
        Socket.shutdown_send t.fd
      end;
      (* Only where the reader has something to do: it calls this as well. *)
      if Connection.deadline c = neg_infinity then wake_reader t

let stop_writing t =
  t.writing <- false;
  if not (has_output t) then settle t;
  if t.room_waiters > 0 && Outbox.data t.client.outbox = 0 then
    Condition.broadcast t.room;
  if t.broken || t.client.closing then Condition.broadcast t.changed

(* [f t] with [writing] set, whatever is raised by a signal meanwhile. *)
let while_writing t f =
  t.writing <- true;
  match f t with
  | outcome ->
      stop_writing t;
      outcome
  | exception e ->
      stop_writing t;
      raise e

(* All full chunks, and one that is not. *)
let rec write_some t =
  match write_once t with
  | `Wrote when Outbox.data t.client.outbox >= write_size -> write_some t
  | outcome -> outcome

let flush t =
  if t.writing then ()
  else if not (has_output t) then settle t
  else begin
    match while_writing t write_some with
    | `Again ->
        t.choked <- true;
        t.tried <- Outbox.data t.client.outbox;
        call_writer t
    | `Wrote ->
        t.choked <- false;
        if has_output t then call_writer t else t.wanted <- false
    | `Empty -> ()
  end

let added t =
  let data = Outbox.data t.client.outbox in
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
  t.tried <- Outbox.data t.client.outbox;
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
  while not (Client.is_over t.client) do
    if t.wanted && not t.writing then begin
      t.wanted <- false;
      t.choked <- false;
      t.oldest <- 0.;
      if while_writing t write_all = `Again then wait_for_socket t
    end
    else begin
      release t;
      Semaphore.Binary.acquire t.work;
      acquire t;
      t.called <- false
    end
  done;
  release t

(* Who gives up after [stop] does so even if nobody wakes it. *)
let wait_for_room t ~until =
  let until = Float.min until (Client.wait_limit t.client) in
  t.room_waiters <- t.room_waiters + 1;
  Fun.protect
    ~finally:(fun () -> t.room_waiters <- t.room_waiters - 1)
    (fun () -> Timed.wait t.room t.lock ~until)

(* {1 Making one} *)

let hooks t : Client.hooks =
  {
    changed =
      (fun () ->
        Condition.broadcast t.changed;
        if Client.is_over t.client then begin
          Condition.broadcast t.idle;
          Semaphore.Binary.release t.work;
          List.iter Condition.signal t.followers
        end);
    room = (fun () -> Condition.broadcast t.room);
    output = (fun () -> call_writer t);
    look = (fun () -> wake_reader t);
    resumed = (fun () -> Condition.signal t.idle);
    notice =
      (fun notice ->
        note t (fun () ->
            let level =
              if Mycelium.Notice.is_warning notice then Logs.Warning else Logs.Info
            in
            Log.msg level (fun m ->
                m "%s: %s" t.client.address
                  (Mycelium.Notice.to_string notice))));
  }

let create ~address ~client =
  match Unix.pipe ~cloexec:true () with
  | exception Unix.Unix_error (e, _, _) ->
      let problem = Unix.error_message e in
      Error
        (Failure.Unreachable { address = Address.to_string address; problem })
  | wake_output, wake_input ->
      Unix.set_nonblock wake_output;
      Unix.set_nonblock wake_input;
      let t =
        {
          lock = Mutex.create ();
          address;
          client;
          changed = Condition.create ();
          room = Condition.create ();
          work = Semaphore.Binary.make false;
          idle = Condition.create ();
          wake_output;
          wake_input;
          waking = false;
          fd = wake_output;
          role = Free;
          activity = 0;
          asleep = false;
          backlog = false;
          followers = [];
          writing = false;
          wanted = false;
          called = false;
          room_waiters = 0;
          flush_at = max_int;
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
      in
      Client.set_hooks client (hooks t);
      Ok t
