open Link
module Client = Mycelium.Client
module Inbox = Mycelium.Inbox
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Outbox = Mycelium.Outbox

(* {1 The end of a connection} *)

let lost t failure =
  t.broken <- true;
  Socket.shutdown t.fd;
  while t.writing || t.polling do
    Condition.wait t.changed t.lock
  done;
  Socket.close t.fd;
  t.backlog <- false;
  Client.lost t.client ~now:(Clock.now ()) failure;
  Condition.signal t.idle

let obey t : Client.turn -> unit = function
  | Waiting -> ()
  | Stalled ->
      t.backlog <- true;
      Condition.signal t.idle
  | Over failure -> lost t failure

let pump t c = obey t (Client.pump t.client c ~now:(Clock.now ()))

(* {1 Reading} *)

let drain_wake t =
  let b = Bytes.create 16 in
  (match Unix.read t.wake_output b 0 16 with
  | (_ : int) -> ()
  | exception Unix.Unix_error _ -> ());
  t.waking <- false

let read t _ c ~now =
  let inbox = Connection.inbox c in
  Inbox.prepare inbox;
  let b = Inbox.buffer inbox and pos = Inbox.fill_pos inbox in
  let n = Socket.read t.fd b ~pos ~len:(Inbox.room inbox) in
  if n >= 0 then Connection.received c ~now n
  else if n = Socket.lost then
    Connection.abort c (Lost "the bridge reset it");
  n <> Socket.again

let unlocked t f =
  release t;
  match f () with
  | v ->
      acquire t;
      v
  | exception e ->
      acquire t;
      raise e

let wait t fd ~until =
  unlocked t (fun () ->
      Socket.wait_readable fd ~other:t.wake_output ~until)

(* One wait, and what it brought. The lock is held, and the role. *)
let step t ~until =
  match t.client.connection with
  | None -> ()
  | Some c when t.backlog ->
      t.backlog <- false;
      pump t c
  | Some c ->
      let until = Float.min until (Connection.deadline c) in
      let input = if Connection.wants_input c then Some t.fd else None in
      let ready = wait t input ~until in
      if ready land 2 <> 0 then drain_wake t;
      obey t (Client.turn t.client c ~now:(Clock.now ()) ~read:(read t));
      if Outbox.core t.client.outbox > 0 || not (Connection.is_open c) then
        flush t

(* {1 Roles} *)

let pass_on t =
  match t.followers with [] -> () | c :: _ -> Condition.signal c

let give_up_role t =
  t.role <- Free;
  t.activity <- t.activity + 1;
  if t.asleep then Condition.signal t.idle;
  pass_on t

let with_role t role f =
  t.role <- role;
  match f () with
  | () -> give_up_role t
  | exception e ->
      give_up_role t;
      raise e

let follow t c ~until =
  t.followers <- t.followers @ [ c ];
  Timed.wait c t.lock ~until;
  let rec without = function
    | [] -> []
    | x :: rest -> if x == c then rest else x :: without rest
  in
  t.followers <- without t.followers

let can_lead t =
  t.role = Free
  && Option.is_some t.client.connection
  && not t.client.stalled

let rec lead t ready ~until =
  step t ~until;
  if
    Option.is_some t.client.connection
    && (not t.client.stalled)
    && (not (ready ()))
    && Clock.now () < until
  then lead t ready ~until

let rec await t c ready ~until =
  if ready () then begin
    if t.role = Free then pass_on t;
    true
  end
  else if until < infinity && Clock.now () >= until then false
  else begin
    if can_lead t then begin
      (* Who waits for an answer has nothing more to add to its question. *)
      refund t;
      if not t.choked then flush t;
      if can_lead t && not (ready ()) then
        with_role t Leader (fun () -> lead t ready ~until)
    end
    else follow t c ~until;
    await t c ready ~until
  end

(* {1 Connecting} *)

let attach t fd =
  let now = Clock.now () in
  t.fd <- fd;
  t.broken <- false;
  t.choked <- false;
  t.half_closed <- false;
  ignore (Client.connect t.client ~now : Connection.t);
  flush t

let dial t =
  let until = Clock.now () +. t.client.config.handshake_timeout in
  Socket.connect t.address ~until

let start t =
  match dial t with
  | Error _ as e -> e
  | Ok fd ->
      locked t (fun () -> attach t fd);
      Ok ()

let close t =
  Client.close t.client ~now:(Clock.now ());
  flush t;
  pass_on t

let redial t ~random =
  let delay = Client.next_delay t.client ~random in
  let until = Clock.now () +. delay in
  while (not (Client.is_over t.client)) && Clock.now () < until do
    Timed.wait t.idle t.lock ~until
  done;
  if not (Client.is_over t.client) then begin
    match unlocked t (fun () -> dial t) with
    | Ok fd -> if Client.is_over t.client then Socket.close fd else attach t fd
    | Error failure ->
        if not (Client.is_over t.client) then Client.failed t.client failure
  end

let tick = 0.01

(* Signs of life, while a full queue keeps the socket from being read. *)
let wait_stalled t =
  match t.client.connection with
  | None -> ()
  | Some c ->
      Timed.wait t.idle t.lock ~until:(Connection.deadline c);
      if t.client.stalled then begin
        Connection.handle_timeout c ~now:(Clock.now ());
        if Connection.failure c <> None then pump t c;
        flush t
      end

let turn t ~random ~seen =
  if Option.is_none t.client.connection then
    redial t ~random:(Random.State.float random 1.)
  else if t.client.stalled && t.role = Free then
    with_role t Background (fun () -> wait_stalled t)
  else if t.activity <> !seen then begin
    seen := t.activity;
    unlocked t (fun () -> Thread.delay tick)
  end
  else
    match t.role with
    | Free ->
        with_role t Background (fun () -> step t ~until:infinity);
        (* Nobody wanted to lead: go on without a pause. *)
        if t.followers = [] then seen := t.activity
    | Leader | Background ->
        t.asleep <- true;
        Condition.wait t.idle t.lock;
        t.asleep <- false

(* Without this thread nobody would answer: what is raised in it, by a signal's
   handler or for want of memory, ends the connection and not the thread. *)
let survive t e =
  let failure = Failure.Lost ("exception " ^ Printexc.to_string e) in
  t.asleep <- false;
  match t.client.connection with
  | Some c ->
      Connection.abort c failure;
      wake_reader t
  | None -> Client.failed t.client failure

let background t =
  let random = Random.State.make_self_init () and seen = ref (-1) in
  acquire t;
  while not (Client.is_over t.client) do
    try turn t ~random ~seen with e -> survive t e
  done;
  release t
