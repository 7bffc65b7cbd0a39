module Bounded = Mycelium.Bounded
module Client = Mycelium.Client
module Clock = Mycelium_unix.Clock
module Subscription = Mycelium.Subscription
open Lwt.Syntax

type 'a t = {
  subscription : 'a Subscription.t;
  arrived : unit Lwt_condition.t;
}

(* {1 Subscribing} *)

let close t = Subscription.close t.subscription ~now:(Clock.now ())

let subscribe transport ~timeout start =
  let link : Link.t = Transport.link transport in
  let client = link.client and now = Clock.now () in
  let arrived = Lwt_condition.create () in
  let wake () = Lwt_condition.broadcast arrived () in
  match start client ~now ~wake with
  | Error failure -> Lwt.return_error failure
  | Ok (subscription, request) -> (
      let decided () = Client.is_decided client request in
      let+ (_ : bool) =
        Link.wait link.changed decided ~until:(now +. timeout)
      in
      match Client.answer client request ~timeout with
      | Ok () -> Ok { subscription; arrived }
      | Error _ as e ->
          Subscription.close subscription ~now:(Clock.now ());
          e)

let create ?frames ?bytes ?policy ?(timeout = 5.) transport message =
  let settings = Subscription.settings ?frames ?bytes ?policy () in
  subscribe transport ~timeout (fun client ~now ~wake ->
      Subscription.one client ~now settings ~wake message)

let create_any ?frames ?bytes ?policy ?(timeout = 5.) ?type_ids transport
    decode =
  let settings = Subscription.settings ?frames ?bytes ?policy () in
  subscribe transport ~timeout (fun client ~now ~wake ->
      Subscription.any client ~now settings ~wake ~type_ids decode)

(* {1 Receiving} *)

let received t ~timeout =
  if Subscription.is_empty t.subscription then
    Error (Subscription.why_empty t.subscription ~timeout)
  else Ok (Subscription.take t.subscription ~now:Clock.now)

let try_recv t =
  match received t ~timeout:0. with
  | Ok v -> Ok (Some v)
  | Error (Timeout _) -> Ok None
  | Error failure -> Error failure

(* Another may be faster than who is woken. *)
let rec recv_until t ~until ~timeout =
  let ready () = Subscription.is_ready t.subscription in
  let* in_time = Link.wait t.arrived ready ~until in
  match received t ~timeout with
  | Error (Timeout _) when in_time -> recv_until t ~until ~timeout
  | result -> Lwt.return result

let recv t = recv_until t ~until:infinity ~timeout:0.

let recv_timeout t ~seconds =
  recv_until t ~until:(Clock.now () +. seconds) ~timeout:seconds

let rec iter t f =
  let* received = recv t in
  match received with
  | Ok v ->
      let* () = f v in
      iter t f
  | Error Closed -> Lwt.return_ok ()
  | Error failure -> Lwt.return_error failure

let length t = Bounded.length t.subscription.queue
let dropped t = Bounded.dropped t.subscription.queue
let rejected t = t.subscription.rejected
