module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Message = Mycelium.Message
module Outbox = Mycelium.Outbox

type 'a t = { link : Link.t; message : (module Message.S with type t = 'a) }

(* While there is no connection everything is queued; when there is one again,
   what it does not admit is dropped and counted. *)
let refusal (type a) (link : Link.t)
    (module M : Message.S with type t = a) =
  match link.ended with
  | Some failure -> Some failure
  | None when link.closing -> Some Failure.Closed
  | None -> (
      match link.connection with
      | None -> None
      | Some c -> (
          match Connection.admits c ~type_id:M.type_id ~size:M.size with
          | Admitted | Not_open -> None
          | Unknown_to_bridge -> Some (Not_shared { name = M.name })
          | Over_limit limit ->
              Some (Too_large { name = M.name; size = M.size; limit })))

let create (type a) transport (module M : Message.S with type t = a) =
  let link = Transport.link transport in
  if M.schema_digest <> link.config.schema_digest then
    Error (Failure.Other_contract { name = M.name })
  else
    match Link.locked link (fun () -> refusal link (module M)) with
    | Some failure -> Error failure
    | None -> Ok { link; message = (module M) }

let create_exn transport message = Failure.exn (create transport message)

(* The lock is held. *)
let add (type a) (link : Link.t) (module M : Message.S with type t = a) (m : a)
    =
  Outbox.add link.outbox (module M) m;
  link.counters.frames_out <- link.counters.frames_out + 1;
  Link.added link

let wait_for_room (link : Link.t) ~until =
  Link.call_writer link;
  link.room_waiters <- link.room_waiters + 1;
  Timed.wait link.room link.lock ~until;
  link.room_waiters <- link.room_waiters - 1

let rec attempt :
    type a.
    a t -> (module Message.S with type t = a) -> a -> until:float ->
    (unit, Failure.t) result =
 fun t (module M) m ~until ->
  let link = t.link in
  match refusal link (module M) with
  | Some failure -> Error failure
  | None ->
      if Outbox.has_room link.outbox (Mycelium.Codec.header_size + M.size) then begin
        add link (module M) m;
        Ok ()
      end
      else if until < infinity && Clock.now () >= until then
        Error (Full { limit = link.send_limit })
      else begin
        wait_for_room link ~until;
        attempt t (module M) m ~until
      end

let publish_until t m ~until =
  Link.acquire t.link;
  match attempt t t.message m ~until with
  | result ->
      Link.release t.link;
      result
  | exception e ->
      Link.release t.link;
      raise e

let publish t m = publish_until t m ~until:infinity
let publish_exn t m = Failure.exn (publish t m)
let try_publish t m = publish_until t m ~until:neg_infinity

let publish_timeout t ~seconds m =
  match publish_until t m ~until:(Clock.now () +. seconds) with
  | Error (Full _) -> Error (Failure.Timeout seconds)
  | result -> result
