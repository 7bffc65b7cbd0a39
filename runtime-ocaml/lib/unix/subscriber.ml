module Bounded = Mycelium.Bounded
module Connection = Mycelium.Connection
module Error = Mycelium.Error
module Failure = Mycelium.Failure
module Message = Mycelium.Message
module Router = Mycelium.Router

type 'a t = {
  link : Link.t;
  queue : 'a Bounded.t;
  arrived : Condition.t;
  mutable over : Failure.t option;
  mutable rejected : int;
  mutable sink : Link.sink option;
  mutable ready : unit -> bool;
}

type 'a decode =
  type_id:int -> bytes -> pos:int -> len:int -> ('a, Error.t) result option

(* {1 What the reader does. The lock is held.} *)

let wake t = if t.link.followers <> [] then Condition.broadcast t.arrived

let unregister t =
  let link = t.link in
  (match t.sink with
  | None -> ()
  | Some sink -> (
      t.sink <- None;
      let unwanted = Router.remove link.router sink in
      match (link.connection, unwanted) with
      | Some c, Some interest when Connection.is_open c ->
          link.asked <-
            (match interest with
            | All -> Connection.unsubscribe c ~all:true []
            | Types ids -> Connection.unsubscribe c ~all:false ids);
          Link.call_writer link
      | _ -> ()));
  Reader.unstall link

let accepts t ~size =
  if Option.is_some t.over then false
  else if Bounded.has_room t.queue ~size then true
  else
    match Bounded.policy t.queue with
    | Block | Drop_oldest -> true
    | Drop_newest ->
        Bounded.count_dropped t.queue;
        false
    | Disconnect ->
        Bounded.count_dropped t.queue;
        t.over <- Some (Overflow { limit = Bounded.limit t.queue });
        unregister t;
        wake t;
        false

let push t ~size v =
  if Bounded.policy t.queue = Drop_oldest then Bounded.make_room t.queue ~size;
  Bounded.push t.queue ~size v;
  wake t

let reject t ~type_id e =
  t.rejected <- t.rejected + 1;
  Link.note t.link (fun () ->
      Log.warn (fun m ->
          m "%s: a message of type %d is not valid (%s) and left out"
            (Address.to_string t.link.address)
            type_id (Error.to_string e)))

let blocked t ~size =
  Option.is_none t.over
  && Bounded.policy t.queue = Block
  && not (Bounded.has_room t.queue ~size)

let typed (type a) (module M : Message.S with type t = a) (t : a t) ~type_id b
    ~pos ~len =
  let size = len + Mycelium.Codec.header_size in
  if accepts t ~size then
    match M.decode_exn b ~pos ~len with
    | v -> push t ~size v
    | exception Error.Invalid e -> reject t ~type_id e

let untyped decode t ~type_id b ~pos ~len =
  let size = len + Mycelium.Codec.header_size in
  if accepts t ~size then
    match decode ~type_id b ~pos ~len with
    | None -> ()
    | Some (Ok v) -> push t ~size v
    | Some (Error e) -> reject t ~type_id e
    | exception Error.Invalid e -> reject t ~type_id e

(* {1 Subscribing} *)

let close_with t failure =
  if Option.is_none t.over then t.over <- Some failure;
  unregister t;
  Condition.broadcast t.arrived;
  Link.wake_reader t.link

let close t = Link.locked t.link (fun () -> close_with t Closed)

(* Blocks until the bridge has answered: this request, or, on a newer
   connection, those of its handshake. *)
let await_answer t ~asked ~timeout =
  let link = t.link in
  let epoch = link.epoch and request = link.asked in
  let answered () =
    if link.epoch = epoch then asked && link.acknowledged >= request
    else Option.is_some link.session && link.acknowledged >= link.replayed
  in
  let settled () =
    answered () || Option.is_some link.ended || link.closing
  in
  let until = Clock.now () +. timeout in
  let in_time = Reader.await link link.changed settled ~until in
  match link.ended with
  | _ when answered () -> Ok ()
  | Some failure -> Error failure
  | None when link.closing -> Error Failure.Closed
  | None when in_time -> Ok ()
  | None -> Error (Timeout timeout)

let subscribe link ~frames ~bytes ~policy ~timeout interest deliver =
  let t =
    {
      link;
      queue = Bounded.create ~frames ~bytes policy;
      arrived = Condition.create ();
      over = None;
      rejected = 0;
      sink = None;
      ready = (fun () -> true);
    }
  in
  t.ready <-
    (fun () ->
      (not (Bounded.is_empty t.queue))
      || Option.is_some t.over || Option.is_some link.ended || link.stopping);
  let sink =
    { Link.blocked = blocked t; deliver = deliver t; wake = (fun () ->
        Condition.broadcast t.arrived) }
  in
  t.sink <- Some sink;
  Link.locked link (fun () ->
      Router.add link.router interest sink;
      let asked =
        match link.connection with
        | Some c when Connection.is_open c && Option.is_some link.session ->
            link.asked <-
              (match interest with
              | Router.All -> Connection.subscribe c ~all:true []
              | Types ids -> Connection.subscribe c ~all:false ids);
            Link.flush link;
            (* The answer lies behind what a full queue holds up. *)
            Reader.unstall link;
            true
        | _ -> false
      in
      match await_answer t ~asked ~timeout with
      | Ok () -> Ok t
      | Error failure ->
          close_with t failure;
          Error failure)

let default_frames = 1024
let default_bytes = 8 * 1_048_576

let create (type a) ?(frames = default_frames) ?(bytes = default_bytes)
    ?(policy = Bounded.Block) ?(timeout = 5.) transport
    (module M : Message.S with type t = a) =
  match Publisher.create transport (module M) with
  | Error _ as e -> e
  | Ok _ ->
      subscribe (Transport.link transport) ~frames ~bytes ~policy ~timeout
        (Types [ M.type_id ])
        (typed (module M))

let create_exn ?frames ?bytes ?policy ?timeout transport message =
  Failure.exn (create ?frames ?bytes ?policy ?timeout transport message)

let create_any ?(frames = default_frames) ?(bytes = default_bytes)
    ?(policy = Bounded.Block) ?(timeout = 5.) ?type_ids transport decode =
  let is_user id = id >= Mycelium.Codec.first_user_type_id && id <= 0xFFFF in
  match type_ids with
  | Some ids when not (List.for_all is_user ids) ->
      let problem = "type ids of messages are 100 to 65535" in
      Error (Failure.Configuration { key = "type_ids"; problem })
  | _ ->
      let interest =
        match type_ids with None -> Router.All | Some ids -> Types ids
      in
      subscribe (Transport.link transport) ~frames ~bytes ~policy ~timeout
        interest (untyped decode)

(* {1 Receiving} *)

(* With room for half of its bound a full queue is worth reading again. *)
let take t =
  let v = Bounded.take t.queue in
  if t.link.stalled && 2 * Bounded.length t.queue <= Bounded.limit t.queue then
    Reader.unstall t.link;
  v

let failure t ~timeout =
  match (t.over, t.link.ended) with
  | Some failure, _ | None, Some failure -> failure
  | None, None -> if t.link.stopping then Closed else Timeout timeout

let recv_until t ~until ~timeout =
  let link = t.link in
  Link.acquire link;
  match
    if not (Bounded.is_empty t.queue) then Ok (take t)
    else begin
      ignore (Reader.await link t.arrived t.ready ~until : bool);
      if Bounded.is_empty t.queue then Error (failure t ~timeout)
      else Ok (take t)
    end
  with
  | result ->
      Link.release link;
      result
  | exception e ->
      Link.release link;
      raise e

let recv t = recv_until t ~until:infinity ~timeout:0.
let recv_exn t = Failure.exn (recv t)

let recv_timeout t ~seconds =
  recv_until t ~until:(Clock.now () +. seconds) ~timeout:seconds

let try_recv t =
  Link.locked t.link (fun () ->
      if not (Bounded.is_empty t.queue) then Ok (Some (take t))
      else
        match failure t ~timeout:0. with
        | Timeout _ -> Ok None
        | failure -> Error failure)

let rec iter t f =
  match recv t with
  | Ok v ->
      f v;
      iter t f
  | Error Closed -> Ok ()
  | Error failure -> Error failure

let length t = Link.locked t.link (fun () -> Bounded.length t.queue)
let dropped t = Link.locked t.link (fun () -> Bounded.dropped t.queue)
let rejected t = Link.locked t.link (fun () -> t.rejected)
