module Bounded = Mycelium.Bounded
module Connection = Mycelium.Connection
module Error = Mycelium.Error
module Failure = Mycelium.Failure
module Message = Mycelium.Message
module Router = Mycelium.Router
open Lwt.Syntax

type 'a t = {
  link : Link.t;
  queue : 'a Bounded.t;
  arrived : unit Lwt_condition.t;
  mutable over : Failure.t option;
  mutable rejected : int;
  mutable sink : Link.sink option;
}

let wake t = Lwt_condition.broadcast t.arrived ()

let unregister t =
  let link = t.link in
  (match t.sink with
  | None -> ()
  | Some sink -> (
      t.sink <- None;
      let unwanted = Router.remove link.router sink in
      match (link.connection, unwanted) with
      | Some (c, _), Some interest when Connection.is_open c ->
          link.asked <-
            (match interest with
            | All -> Connection.unsubscribe c ~all:true []
            | Types ids -> Connection.unsubscribe c ~all:false ids);
          Link.added link
      | _ -> ()));
  Link.unstall link

let close_with t failure =
  if Option.is_none t.over then t.over <- Some failure;
  unregister t;
  wake t

let close t = close_with t Closed

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
        close_with t (Overflow { limit = Bounded.limit t.queue });
        false

let push t ~size v =
  if Bounded.policy t.queue = Drop_oldest then Bounded.make_room t.queue ~size;
  Bounded.push t.queue ~size v;
  wake t

let reject t ~type_id e =
  t.rejected <- t.rejected + 1;
  Log.warn (fun m ->
      m "%s: a message of type %d is not valid (%s) and left out"
        (Mycelium_unix.Address.to_string t.link.address)
        type_id (Error.to_string e))

let deliver decode t ~type_id b ~pos ~len =
  let size = len + Mycelium.Codec.header_size in
  if accepts t ~size then
    match decode ~type_id b ~pos ~len with
    | None -> ()
    | Some (Ok v) -> push t ~size v
    | Some (Error e) -> reject t ~type_id e
    | exception Error.Invalid e -> reject t ~type_id e

let blocked t ~size =
  Option.is_none t.over
  && Bounded.policy t.queue = Block
  && not (Bounded.has_room t.queue ~size)

(* {1 Subscribing} *)

let subscribe (link : Link.t) ~frames ~bytes ~policy ~timeout interest decode =
  let t =
    {
      link;
      queue = Bounded.create ~frames ~bytes policy;
      arrived = Lwt_condition.create ();
      over = None;
      rejected = 0;
      sink = None;
    }
  in
  let sink =
    { Link.blocked = blocked t; deliver = deliver decode t; wake = (fun () -> wake t) }
  in
  t.sink <- Some sink;
  Router.add link.router interest sink;
  let asked =
    match link.connection with
    | Some (c, _) when Connection.is_open c && Option.is_some link.session ->
        link.asked <-
          (match interest with
          | Router.All -> Connection.subscribe c ~all:true []
          | Types ids -> Connection.subscribe c ~all:false ids);
        Link.added link;
        Link.unstall link;
        true
    | _ -> false
  in
  let epoch = link.epoch and request = link.asked in
  let answered () =
    if link.epoch = epoch then asked && link.acknowledged >= request
    else Option.is_some link.session && link.acknowledged >= link.replayed
  in
  let settled () =
    answered () || Option.is_some link.ended || link.closing
  in
  let* (_ : bool) =
    Link.wait link link.changed settled ~timeout:(Some timeout)
  in
  let failed failure =
    close_with t failure;
    Lwt.return_error failure
  in
  match link.ended with
  | _ when answered () -> Lwt.return_ok t
  | Some failure -> failed failure
  | None when link.closing -> failed Failure.Closed
  | None -> failed (Failure.Timeout timeout)

let default_frames = 1024
let default_bytes = 8 * 1_048_576

let create (type a) ?(frames = default_frames) ?(bytes = default_bytes)
    ?(policy = Bounded.Block) ?(timeout = 5.) transport
    (module M : Message.S with type t = a) =
  match Publisher.create transport (module M) with
  | Error failure -> Lwt.return_error failure
  | Ok (_ : a Publisher.t) ->
      let decode ~type_id:_ b ~pos ~len = Some (M.decode b ~pos ~len) in
      subscribe (Transport.link transport) ~frames ~bytes ~policy ~timeout
        (Types [ M.type_id ]) decode

let create_any ?(frames = default_frames) ?(bytes = default_bytes)
    ?(policy = Bounded.Block) ?(timeout = 5.) ?type_ids transport decode =
  let is_user id = id >= Mycelium.Codec.first_user_type_id && id <= 0xFFFF in
  match type_ids with
  | Some ids when not (List.for_all is_user ids) ->
      let problem = "type ids of messages are 100 to 65535" in
      Lwt.return_error (Failure.Configuration { key = "type_ids"; problem })
  | _ ->
      let interest =
        match type_ids with None -> Router.All | Some ids -> Types ids
      in
      subscribe (Transport.link transport) ~frames ~bytes ~policy ~timeout
        interest decode

(* {1 Receiving} *)

let try_recv t =
  if not (Bounded.is_empty t.queue) then begin
    let v = Bounded.take t.queue in
    if 2 * Bounded.length t.queue <= Bounded.limit t.queue then
      Link.unstall t.link;
    Ok (Some v)
  end
  else
    match (t.over, t.link.ended) with
    | Some failure, _ | None, Some failure -> Error failure
    | None, None -> if t.link.stopping then Error Closed else Ok None

let rec recv t =
  match try_recv t with
  | Ok (Some v) -> Lwt.return_ok v
  | Error failure -> Lwt.return_error failure
  | Ok None ->
      let* () = Lwt_condition.wait t.arrived in
      recv t

let recv_timeout t ~seconds =
  let ready () =
    (not (Bounded.is_empty t.queue))
    || Option.is_some t.over
    || Option.is_some t.link.ended
    || t.link.stopping
  in
  let* (_ : bool) =
    Link.wait t.link t.arrived ready ~timeout:(Some seconds)
  in
  match try_recv t with
  | Ok (Some v) -> Lwt.return_ok v
  | Ok None -> Lwt.return_error (Failure.Timeout seconds)
  | Error failure -> Lwt.return_error failure

let rec iter t f =
  let* received = recv t in
  match received with
  | Ok v ->
      let* () = f v in
      iter t f
  | Error Closed -> Lwt.return_ok ()
  | Error failure -> Lwt.return_error failure

let length t = Bounded.length t.queue
let dropped t = Bounded.dropped t.queue
let rejected t = t.rejected
