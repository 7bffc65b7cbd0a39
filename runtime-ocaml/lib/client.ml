module U64 = Mycelium_wire.U64
module Codec = Mycelium_wire.Codec
module Message = Mycelium_wire.Message

type sink = {
  blocked : size:int -> bool;
  deliver : type_id:int -> bytes -> pos:int -> len:int -> unit;
  wake : unit -> unit;
}

type while_disconnected = [ `Buffer | `Drop | `Error ]

type hooks = {
  changed : unit -> unit;
  room : unit -> unit;
  output : unit -> unit;
  look : unit -> unit;
  resumed : unit -> unit;
  notice : Notice.t -> unit;
}

let no_hooks =
  {
    changed = ignore;
    room = ignore;
    output = ignore;
    look = ignore;
    resumed = ignore;
    notice = ignore;
  }

type counters = {
  mutable connections : int;
  mutable frames_in : int;
  mutable bytes_in : int;
  mutable frames_out : int;
  mutable bytes_out : int;
  mutable writes : int;
  mutable unsent : int;
  mutable dropped : int;
  mutable unshared : int;
  mutable dropped_by_bridge : int;
}

type t = {
  config : Connection.config;
  address : string;
  reconnect : Backoff.t option;
  send_limit : int;
  while_disconnected : while_disconnected;
  outbox : Outbox.t;
  router : sink Router.t;
  counters : counters;
  mutable hooks : hooks;
  mutable connection : Connection.t option;
  mutable session : Connection.session option;
  mutable epoch : int;
  mutable asked : int;  (* The last request of this connection. *)
  mutable replayed : int;  (* The last request made by its handshake. *)
  mutable acknowledged : int;  (* The last one answered. *)
  mutable overrun : int;  (* Bytes beyond bounds since they were asked. *)
  mutable told : int;  (* What this connection's bridge says it dropped. *)
  mutable now : float;  (* When events were last taken. *)
  mutable opened : float;
  mutable useful : bool;  (* It has brought data. *)
  mutable attempt : int;
  mutable last_failure : Failure.t option;
  mutable ended : Failure.t option;
  mutable stalled : bool;
  mutable stopping : bool;
  mutable give_up_at : float;
  mutable gave_up : bool;
  mutable closing : bool;
  mutable reported : int;  (* Frames of [unsent] that a flush has reported. *)
}

let create ~config ~address ~reconnect ~send_limit ~while_disconnected =
  {
    config;
    address;
    reconnect;
    send_limit;
    while_disconnected;
    outbox = Outbox.create ~limit:send_limit ();
    router = Router.create ();
    counters =
      {
        connections = 0;
        frames_in = 0;
        bytes_in = 0;
        frames_out = 0;
        bytes_out = 0;
        writes = 0;
        unsent = 0;
        dropped = 0;
        unshared = 0;
        dropped_by_bridge = 0;
      };
    hooks = no_hooks;
    connection = None;
    session = None;
    epoch = 0;
    asked = 0;
    replayed = 0;
    acknowledged = 0;
    overrun = 0;
    told = 0;
    now = 0.;
    opened = 0.;
    useful = false;
    attempt = 0;
    last_failure = None;
    ended = None;
    stalled = false;
    stopping = false;
    give_up_at = infinity;
    gave_up = false;
    closing = false;
    reported = 0;
  }

let set_hooks t hooks = t.hooks <- hooks
let failure t : Failure.t =
  match (t.ended, t.last_failure) with
  | Some failure, _ | None, Some failure -> failure
  | None, None -> Closed

let is_settled t =
  Option.is_some t.session || Option.is_some t.ended
  || Option.is_some t.last_failure

let is_over t = Option.is_some t.ended

let is_open t =
  match t.connection with Some c -> Connection.is_open c | None -> false

let unsent t n = t.counters.unsent <- t.counters.unsent + n

(* {1 Connections} *)

let connect t ~now =
  let c =
    Connection.create t.config ~address:t.address ~now ~outbox:t.outbox
  in
  t.connection <- Some c;
  t.useful <- false;
  t.told <- 0;
  t.overrun <- 0;
  c

let finish t failure =
  if Option.is_none t.ended then begin
    t.ended <- Some failure;
    unsent t (Outbox.clear t.outbox);
    let lost = t.counters.unsent - t.reported in
    if lost > 0 then t.hooks.notice (Notice.Discarded lost);
    t.hooks.changed ();
    t.hooks.room ();
    Router.iter t.router (fun sink -> sink.wake ())
  end

let healthy_after = 5.

(* Whether it was worth having: otherwise the next one is waited for longer. *)
let was_healthy t ~now =
  Option.is_some t.session && (t.useful || now -. t.opened >= healthy_after)

let failed t failure =
  t.last_failure <- Some failure;
  let final =
    t.closing || Option.is_none t.reconnect || Failure.is_permanent failure
  in
  t.hooks.notice (Notice.Disconnected { failure; again = not final });
  if final then finish t failure
  else begin
    t.hooks.changed ();
    t.hooks.room ()
  end

let lost t ~now failure =
  if was_healthy t ~now then t.attempt <- 0;
  t.connection <- None;
  t.session <- None;
  t.stalled <- false;
  unsent t (Outbox.rewind t.outbox);
  if t.while_disconnected <> `Buffer then unsent t (Outbox.clear t.outbox);
  failed t failure

let next_delay t ~random =
  match t.reconnect with
  | None -> infinity
  | Some backoff ->
      let attempt = t.attempt in
      t.attempt <- attempt + 1;
      Backoff.delay backoff ~attempt ~random

(* {1 Events} *)

let ask t c ~now interest request =
  t.asked <-
    (match (interest : Router.interest) with
    | All -> request c ~now ~all:true []
    | Types [] -> t.asked
    | Types ids -> request c ~now ~all:false ids)

let accepted t c ~now (session : Connection.session) =
  t.session <- Some session;
  t.epoch <- t.epoch + 1;
  t.opened <- now;
  t.counters.connections <- t.counters.connections + 1;
  let keep ~type_id ~size =
    match Connection.admits c ~type_id ~size with
    | Admitted -> true
    | Not_open | Unknown_to_bridge | Over_limit _ -> false
  in
  unsent t (Outbox.retain t.outbox keep);
  t.acknowledged <- 0;
  t.asked <- 0;
  ask t c ~now (Router.wanted t.router) Connection.subscribe;
  t.replayed <- t.asked;
  if t.closing then Connection.close c ~now;
  t.hooks.output ();
  t.hooks.changed ();
  t.hooks.room ();
  t.hooks.notice (Notice.Connected session)

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

let max_overrun = 67_108_864

(* The answer to a request may lie behind a frame for a full queue: until it has
   come, bounds do not hold, but not for more than [max_overrun]. *)
let passes t sinks ~size =
  (not (any_blocked sinks ~size))
  || t.acknowledged < t.asked
     && t.overrun + size <= max_overrun
     && begin
          t.overrun <- t.overrun + size;
          true
        end

(* [false] iff the frame has to wait. *)
let data t inbox =
  let type_id = Inbox.type_id inbox and len = Inbox.len inbox in
  let sinks = Router.find t.router type_id in
  let size = len + Codec.header_size in
  (t.stopping || passes t sinks ~size)
  && begin
       let c = t.counters in
       c.frames_in <- c.frames_in + 1;
       c.bytes_in <- c.bytes_in + size;
       t.useful <- true;
       if not t.stopping then
         deliver_all sinks ~type_id (Inbox.buffer inbox)
           ~pos:(Inbox.pos inbox) ~len;
       true
     end

let dropped t total =
  let total = Option.value (U64.to_int total) ~default:max_int
  and c = t.counters in
  let sum = c.dropped_by_bridge + max 0 (total - t.told) in
  c.dropped_by_bridge <- (if sum < 0 then max_int else sum);
  t.told <- max t.told total;
  t.hooks.notice (Notice.Dropped_by_bridge c.dropped_by_bridge)

type turn = Waiting | Stalled | Over of Failure.t

let rec take_events t c ~now =
  match Connection.next c ~now with
  | Await -> Waiting
  | Data ->
      if data t (Connection.inbox c) then take_events t c ~now
      else begin
        Inbox.put_back (Connection.inbox c);
        t.stalled <- true;
        Connection.pause c ~now;
        Stalled
      end
  | Unshared ->
      t.counters.unshared <- t.counters.unshared + 1;
      take_events t c ~now
  | Accepted session ->
      accepted t c ~now session;
      take_events t c ~now
  | Subscribed { request; _ } ->
      t.acknowledged <- max t.acknowledged request;
      if t.acknowledged >= t.asked then t.overrun <- 0;
      t.hooks.changed ();
      take_events t c ~now
  | Dropped total ->
      dropped t total;
      take_events t c ~now
  | Closed failure -> Over failure

let pump t c ~now =
  t.now <- now;
  take_events t c ~now

let may_read t c = Connection.wants_input c && not t.stalled

let turn t c ~now ~read =
  if not (may_read t c && read t c ~now) then Connection.handle_timeout c ~now;
  if t.stalled && Option.is_none (Connection.failure c) then Stalled
  else pump t c ~now

let unstall t ~now =
  if t.stalled then begin
    t.stalled <- false;
    Option.iter (Connection.resume ~now) t.connection;
    t.hooks.resumed ()
  end

(* {1 Subscriptions} *)

type request = { of_epoch : int; number : int; was_asked : bool }

let subscribe t ~now interest sink =
  Router.add t.router interest sink;
  let was_asked =
    match t.connection with
    | Some c when Connection.is_open c && Option.is_some t.session ->
        ask t c ~now interest Connection.subscribe;
        t.hooks.output ();
        t.hooks.look ();
        (* The answer lies behind what a full queue holds up. *)
        unstall t ~now;
        true
    | _ -> false
  in
  { of_epoch = t.epoch; number = t.asked; was_asked }

let is_answered t r =
  if t.epoch = r.of_epoch then r.was_asked && t.acknowledged >= r.number
  else Option.is_some t.session && t.acknowledged >= t.replayed

let is_decided t r = is_answered t r || Option.is_some t.ended || t.closing

let answer t r ~timeout : (unit, Failure.t) result =
  if is_answered t r then Ok ()
  else
    match t.ended with
    | Some failure -> Error failure
    | None when t.closing -> Error Closed
    | None -> Error (Timeout timeout)

let unsubscribe t ~now sink =
  (match (Router.remove t.router sink, t.connection) with
  | Some interest, Some c when Connection.is_open c ->
      ask t c ~now interest Connection.unsubscribe;
      t.hooks.output ();
      t.hooks.look ()
  | _ -> ());
  unstall t ~now

(* {1 Publishing} *)

let refusal t ~type_id ~size ~name : Failure.t option =
  match (t.ended, t.connection) with
  | Some failure, _ -> Some failure
  | None, _ when t.closing -> Some Closed
  | None, None -> None
  | None, Some c -> (
      match Connection.admits c ~type_id ~size with
      | Admitted | Not_open -> None
      | Unknown_to_bridge -> Some (Not_shared { name })
      | Over_limit limit -> Some (Too_large { name; size; limit }))

let admit (type a) t (module M : Message.S with type t = a) =
  if M.schema_digest <> t.config.schema_digest then
    Error (Failure.Other_contract { name = M.name })
  else
    match refusal t ~type_id:M.type_id ~size:M.size ~name:M.name with
    | Some failure -> Error failure
    | None -> Ok ()

type verdict = Queued | Dropped | No_room | Refused of Failure.t

let add (type a) t (module M : Message.S with type t = a) (m : a) =
  if Outbox.has_room t.outbox (Codec.header_size + M.size) then begin
    Outbox.add t.outbox (module M) m;
    t.counters.frames_out <- t.counters.frames_out + 1;
    Queued
  end
  else No_room

let publish_later (type a) t (module M : Message.S with type t = a) (m : a) =
  match refusal t ~type_id:M.type_id ~size:M.size ~name:M.name with
  | Some failure -> Refused failure
  | None -> (
      match (t.reconnect, t.while_disconnected) with
      | None, _ ->
          let ending = Option.bind t.connection Connection.ending in
          Refused (Option.value ending ~default:(failure t))
      | Some _, `Buffer -> add t (module M) m
      | Some _, `Error -> Refused Disconnected
      | Some _, `Drop ->
          t.counters.dropped <- t.counters.dropped + 1;
          Dropped)

let publish (type a) t (module M : Message.S with type t = a) (m : a) =
  match t.connection with
  | Some c
    when Connection.admits c ~type_id:M.type_id ~size:M.size
         == Connection.Admitted
         && not t.closing ->
      add t (module M) m
  | _ -> publish_later t (module M) m

let gives_up t ~now =
  t.stopping
  && ((not (is_open t))
     || now >= t.give_up_at
        && begin
             t.gave_up <- true;
             true
           end)

let wait_limit t = t.give_up_at

type mark = { target : int; unsent : int }

let mark t = { target = Outbox.added t.outbox; unsent = t.reported }

let flushed t mark ~now : (unit, Failure.t) result option =
  if Outbox.passed t.outbox >= mark.target then begin
    let frames = t.counters.unsent - mark.unsent in
    t.reported <- t.counters.unsent;
    Some (if frames > 0 then Error (Unsent { frames }) else Ok ())
  end
  else if gives_up t ~now then Some (Error Closed)
  else None

(* {1 Writing} *)

let has_output t =
  match t.connection with Some c -> Connection.has_output c | None -> false

let wrote t n =
  Outbox.wrote t.outbox n;
  t.counters.bytes_out <- t.counters.bytes_out + n;
  t.counters.writes <- t.counters.writes + 1

(* {1 The end} *)

let stop t ~now =
  if not t.stopping then begin
    t.stopping <- true;
    t.give_up_at <- now +. t.config.drain_timeout;
    Router.iter t.router (fun sink -> sink.wake ());
    t.hooks.room ();
    unstall t ~now;
    t.hooks.look ()
  end

let close t ~now =
  if not t.closing then begin
    t.closing <- true;
    (match t.connection with
    | None -> finish t Closed
    | Some c when t.gave_up -> Connection.abort c Closed
    | Some c -> Connection.close c ~now);
    unstall t ~now;
    t.hooks.output ();
    t.hooks.room ();
    t.hooks.changed ();
    t.hooks.look ()
  end

type stats = {
  connections : int;
  frames_in : int;
  bytes_in : int;
  frames_out : int;
  bytes_out : int;
  writes : int;
  unsent : int;
  dropped : int;
  unshared : int;
  dropped_by_bridge : int;
}

let stats t =
  let ({ connections; frames_in; bytes_in; frames_out; bytes_out; writes;
         unsent; dropped; unshared; dropped_by_bridge } : counters) =
    t.counters
  in
  { connections; frames_in; bytes_in; frames_out; bytes_out; writes; unsent;
    dropped; unshared; dropped_by_bridge }
