module Bounded = Mycelium.Bounded
module Client = Mycelium.Client
module Failure = Mycelium.Failure
module Subscription = Mycelium.Subscription

type 'a t = {
  link : Link.t;
  subscription : 'a Subscription.t;
  arrived : Condition.t;
  ready : unit -> bool;
}

type 'a decode = 'a Subscription.decode

(* {1 Subscribing} *)

(* Who waits and reads looks itself: only followers have to be woken for a
   message. The end of the connection is told to all. *)
let waker (link : Link.t) arrived () =
  if link.followers <> [] then Condition.broadcast arrived

let close t =
  Link.locked t.link (fun () ->
      Subscription.close t.subscription ~now:(Clock.now ());
      Condition.broadcast t.arrived)

(* Blocks until the bridge has answered: this request, or, on a newer
   connection, those of its handshake. *)
let subscribe transport ~timeout start =
  let link = Transport.link transport in
  let arrived = Condition.create () in
  let now = Clock.now () in
  Link.locked link (fun () ->
      match start link.client ~now ~wake:(waker link arrived) with
      | Error _ as e -> e
      | Ok (subscription, request) -> (
          let decided () = Client.is_decided link.client request in
          let until = now +. timeout in
          ignore (Reader.await link link.changed decided ~until : bool);
          match Client.answer link.client request ~timeout with
          | Ok () ->
              let ready () = Subscription.is_ready subscription in
              Ok { link; subscription; arrived; ready }
          | Error _ as e ->
              Subscription.close subscription ~now:(Clock.now ());
              e))

let create ?frames ?bytes ?policy ?(timeout = 5.) transport message =
  let settings = Subscription.settings ?frames ?bytes ?policy () in
  subscribe transport ~timeout (fun client ~now ~wake ->
      Subscription.one client ~now settings ~wake message)

let create_exn ?frames ?bytes ?policy ?timeout transport message =
  Failure.exn (create ?frames ?bytes ?policy ?timeout transport message)

let create_any ?frames ?bytes ?policy ?(timeout = 5.) ?type_ids transport
    decode =
  let settings = Subscription.settings ?frames ?bytes ?policy () in
  subscribe transport ~timeout (fun client ~now ~wake ->
      Subscription.any client ~now settings ~wake ~type_ids decode)

(* {1 Receiving} *)

let take t = Subscription.take t.subscription ~now:Clock.now

let wait t ~until =
  if Subscription.is_empty t.subscription then
    ignore (Reader.await t.link t.arrived t.ready ~until : bool)

(* [f] with the lock held, once there may be a message. *)
let receiving t ~until f =
  Link.acquire t.link;
  match
    wait t ~until;
    f t
  with
  | result ->
      Link.release t.link;
      result
  | exception e ->
      Link.release t.link;
      raise e

let taken t =
  if Subscription.is_empty t.subscription then
    raise (Failure.Failed (Subscription.why_empty t.subscription ~timeout:0.))
  else take t

let received t =
  if Subscription.is_empty t.subscription then
    Error (Subscription.why_empty t.subscription ~timeout:0.)
  else Ok (take t)

let recv t = receiving t ~until:infinity received
let recv_exn t = receiving t ~until:infinity taken

let recv_timeout t ~seconds =
  match receiving t ~until:(Clock.now () +. seconds) received with
  | Error (Timeout _) -> Error (Failure.Timeout seconds)
  | result -> result

let try_recv t =
  Link.locked t.link (fun () ->
      if not (Subscription.is_empty t.subscription) then Ok (Some (take t))
      else
        match Subscription.why_empty t.subscription ~timeout:0. with
        | Timeout _ -> Ok None
        | failure -> Error failure)

let rec iter t f =
  match recv t with
  | Ok v ->
      f v;
      iter t f
  | Error Closed -> Ok ()
  | Error failure -> Error failure

let state t f = Link.locked t.link (fun () -> f t.subscription)
let length t = state t (fun s -> Bounded.length s.queue)
let dropped t = state t (fun s -> Bounded.dropped s.queue)
let rejected t = state t (fun s -> s.rejected)
