module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Message = Mycelium.Message
module Outbox = Mycelium.Outbox
open Lwt.Syntax

type 'a t = { link : Link.t; message : (module Message.S with type t = 'a) }

let refusal (type a) (link : Link.t)
    (module M : Message.S with type t = a) =
  match link.ended with
  | Some failure -> Some failure
  | None when link.closing -> Some Failure.Closed
  | None -> (
      match link.connection with
      | None -> None
      | Some (c, _) -> (
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
    match refusal link (module M) with
    | Some failure -> Error failure
    | None -> Ok { link; message = (module M) }

let try_publish (type a) (t : a t) (m : a) =
  let (module M) = t.message in
  match refusal t.link (module M) with
  | Some failure -> Error failure
  | None ->
      let size = Mycelium.Codec.header_size + M.size in
      if Outbox.has_room t.link.outbox size then begin
        Outbox.add t.link.outbox (module M) m;
        Link.added t.link;
        Ok ()
      end
      else Error (Full { limit = t.link.send_limit })

let rec publish t m =
  match try_publish t m with
  | Error (Full _) ->
      let* () = Lwt_condition.wait t.link.room in
      publish t m
  | result -> Lwt.return result
