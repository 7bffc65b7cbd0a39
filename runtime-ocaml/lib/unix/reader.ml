open Link
module Inbox = Mycelium.Inbox
module Router = Mycelium.Router
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Outbox = Mycelium.Outbox

let name t = Address.to_string t.address

(* {1 The end of a connection} *)

let finish t failure =
  if Option.is_none t.ended then begin
    t.ended <- Some failure;
    let c = t.counters in
    c.unsent <- c.unsent + Outbox.clear t.outbox;
    List.iter Condition.broadcast [ t.changed; t.room; t.idle ];
    Semaphore.Binary.release t.work;
    List.iter Condition.signal t.followers;
    Router.iter t.router (fun sink -> sink.wake ())
  end

let is_final t failure =
  t.closing || t.reconnect = None || Failure.is_permanent failure

let lost t failure =
  t.last_failure <- Some failure;
  t.broken <- true;
  Socket.shutdown t.fd;
  while t.writing || t.polling do
    Condition.wait t.changed t.lock
  done;
  t.connection <- None;
  Socket.close t.fd;
  t.session <- None;
  t.stalled <- false;
  t.backlog <- false;
  t.counters.unsent <- t.counters.unsent + Outbox.rewind t.outbox;
  let final = is_final t failure in
  (match failure with
  | Closed ->
      note t (fun () -> Log.info (fun m -> m "%s: closed" (name t)))
  | _ ->
      note t (fun () ->
          Log.warn (fun m ->
              m "%s: %a%s" (name t) Failure.pp failure
                (if final then "" else "; connecting again"))));
  if final then finish t failure
  else begin
    Condition.signal t.idle;
    Condition.broadcast t.changed
  end

(* {1 Events} *)

let subscribe_again t c =
  t.acknowledged <- 0;
  t.asked <-
    (match Router.wanted t.router with
    | All -> Connection.subscribe c ~all:true []
    | Types [] -> 0
    | Types ids -> Connection.subscribe c ~all:false ids);
  t.replayed <- t.asked

let accepted t c session =
  t.session <- Some session;
  t.epoch <- t.epoch + 1;
  t.counters.connections <- t.counters.connections + 1;
  let keep type_id =
    Connection.admits c ~type_id ~size:0 = Connection.Admitted
  in
  t.counters.unsent <- t.counters.unsent + Outbox.retain t.outbox keep;
  subscribe_again t c;
  call_writer t;
  Condition.broadcast t.changed;
  if t.closing then Connection.close c ~now:(Clock.now ());
  note t (fun () ->
      Log.info (fun m ->
          let mode =
            match session.Connection.mode with
            | Exact -> ""
            | Shared -> ", only for messages that both have alike"
          in
          m "%s: connected%s" (name t) mode);
      match session.differences with
      | Some d when not (Mycelium.Differences.is_empty d) ->
          Log.warn (fun m ->
              m "%s: %s" (name t) (Mycelium.Differences.to_string d))
      | _ -> ())

let rec any_blocked sinks ~size =
  match sinks with
  | [] -> false
  | sink :: rest -> sink.blocked ~size || any_blocked rest ~size

let rec deliver_all sinks ~type_id b ~pos ~len =
  match sinks with
  | [] -> ()
  | sink :: rest ->
      sink.deliver ~type_id b ~pos ~len;
      deliver_all rest ~type_id b ~pos ~len

(* [false] iff the frame has to wait. An answer to a request may lie behind it:
   until that has come, bounds do not hold. *)
let data t inbox =
  let type_id = Inbox.type_id inbox and len = Inbox.len inbox in
  let sinks = Router.find t.router type_id in
  let size = len + Mycelium.Codec.header_size in
  if t.acknowledged >= t.asked && any_blocked sinks ~size then false
  else begin
    let c = t.counters in
    c.frames_in <- c.frames_in + 1;
    c.bytes_in <- c.bytes_in + size;
    if not t.stopping then
      deliver_all sinks ~type_id (Inbox.buffer inbox) ~pos:(Inbox.pos inbox)
        ~len;
    true
  end

let stall t c =
  t.stalled <- true;
  t.backlog <- true;
  Connection.pause c ~now:(Clock.now ());
  Condition.signal t.idle

let dropped t total =
  let total = Option.value (Mycelium.U64.to_int total) ~default:max_int in
  t.counters.dropped_by_bridge <- total;
  note t (fun () ->
      Log.warn (fun m ->
          m "%s: the bridge has dropped %d frames for this client" (name t)
            total))

let rec pump t c ~now =
  match Connection.next c ~now with
  | Await -> ()
  | Data ->
      if data t (Connection.inbox c) then pump t c ~now
      else begin
        Inbox.put_back (Connection.inbox c);
        stall t c
      end
  | Unshared ->
      t.counters.unshared <- t.counters.unshared + 1;
      pump t c ~now
  | Accepted session ->
      accepted t c session;
      pump t c ~now
  | Subscribed { request; _ } ->
      t.acknowledged <- max t.acknowledged request;
      Condition.broadcast t.changed;
      pump t c ~now
  | Dropped total ->
      dropped t total;
      pump t c ~now
  | Closed failure -> lost t failure

(* {1 Reading} *)

let drain_wake t =
  let b = Bytes.create 16 in
  (match Unix.read t.wake_output b 0 16 with
  | (_ : int) -> ()
  | exception Unix.Unix_error _ -> ());
  t.waking <- false

let read t c =
  let inbox = Connection.inbox c in
  Inbox.prepare inbox;
  let b = Inbox.buffer inbox and pos = Inbox.fill_pos inbox in
  Socket.read t.fd b ~pos ~len:(Inbox.room inbox)

let wait t fd ~until =
  release t;
  match Socket.wait_readable fd ~other:t.wake_output ~until with
  | ready ->
      acquire t;
      ready
  | exception e ->
      acquire t;
      raise e

(* What reading gave, and whether the wait was cut short. *)
let wait_and_read t c ~until =
  let input = if Connection.wants_input c then Some t.fd else None in
  let ready = wait t input ~until in
  if ready land 2 <> 0 then drain_wake t;
  if ready land 1 <> 0 && input <> None then read t c else Socket.again

(* One wait, and what it brought. The lock is held, and the role. *)
let step t ~until =
  match t.connection with
  | None -> ()
  | Some c when t.backlog ->
      t.backlog <- false;
      pump t c ~now:(Clock.now ())
  | Some c ->
      let until = Float.min until (Connection.deadline c) in
      let n = wait_and_read t c ~until in
      let now = Clock.now () in
      if n >= 0 then Connection.received c ~now n
      else if n = Socket.lost then
        Connection.abort c (Lost "the bridge reset it")
      else Connection.handle_timeout c ~now;
      pump t c ~now;
      if Outbox.core t.outbox > 0 || not (Connection.is_open c) then flush t

(* {1 Roles} *)

let unstall t =
  if t.stalled then begin
    t.stalled <- false;
    (match t.connection with
    | Some c -> Connection.resume c ~now:(Clock.now ())
    | None -> ());
    Condition.signal t.idle
  end

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
  t.role = Free && Option.is_some t.connection && (not t.stalled) && Option.is_none t.ended

let rec lead t ready ~until =
  step t ~until;
  if
    Option.is_some t.connection && (not t.stalled)
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
  t.connection <-
    Some
      (Connection.create t.config ~address:(name t) ~now ~outbox:t.outbox);
  flush t

let dial t =
  let until = Clock.now () +. t.config.handshake_timeout in
  Socket.connect t.address ~until

let start t =
  match dial t with
  | Error _ as e -> e
  | Ok fd ->
      locked t (fun () -> attach t fd);
      Ok ()

let close t =
  if not t.closing then begin
    t.closing <- true;
    Condition.broadcast t.room;
    match t.connection with
    | None -> finish t (Failure.Closed)
    | Some c ->
        Connection.close c ~now:(Clock.now ());
        flush t;
        wake_reader t;
        unstall t;
        pass_on t
  end

let redial t ~random ~attempt =
  match t.reconnect with
  | None -> finish t (failure t)
  | Some backoff -> (
      let until =
        Clock.now () +. Mycelium.Backoff.delay backoff ~attempt ~random
      in
      while Option.is_none t.ended && Clock.now () < until do
        Timed.wait t.idle t.lock ~until
      done;
      if Option.is_none t.ended then begin
        release t;
        let dialled = dial t in
        acquire t;
        match dialled with
        | Ok fd -> if Option.is_none t.ended then attach t fd else Socket.close fd
        | Error failure ->
            t.last_failure <- Some failure;
            note t (fun () ->
                Log.warn (fun m -> m "%a; trying again" Failure.pp failure))
      end)

let tick = 0.01

(* Signs of life, while a full queue keeps the socket from being read. *)
let wait_stalled t =
  match t.connection with
  | None -> ()
  | Some c ->
      Timed.wait t.idle t.lock ~until:(Connection.deadline c);
      if t.stalled then begin
        Connection.handle_timeout c ~now:(Clock.now ());
        if Connection.failure c <> None then pump t c ~now:(Clock.now ());
        flush t
      end

let background t =
  let random = Random.State.make_self_init () in
  let attempt = ref 0 and connected = ref t.epoch and seen = ref (-1) in
  acquire t;
  while Option.is_none t.ended do
    if Option.is_none t.connection then begin
      (* Failures count from the last connection that was accepted. *)
      if t.epoch <> !connected then attempt := 0;
      connected := t.epoch;
      redial t ~random:(Random.State.float random 1.) ~attempt:!attempt;
      incr attempt
    end
    else if t.stalled && t.role = Free then
      with_role t Background (fun () -> wait_stalled t)
    else if t.activity <> !seen then begin
      seen := t.activity;
      release t;
      Thread.delay tick;
      acquire t
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
  done;
  release t
