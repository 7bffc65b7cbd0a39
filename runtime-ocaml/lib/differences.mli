(** What differs between the messages of a client and those of its bridge. *)

type t = {
  differ : string list;  (** In both, with different bytes, rules or topic. *)
  unknown_to_bridge : string list;  (** Only the client has them. *)
  unknown_to_client : string list;  (** Only the bridge has them. *)
}
(** Names of messages, in the order of their type ids. *)

type entry = {
  type_id : int;  (** As the frames carry it. *)
  fingerprint : string;  (** 8 bytes. *)
  name : string;  (** In the contract; may be cut at 64 bytes. *)
}
(** One message as a summary of the bridge has it. *)

val between : client:Mycelium_wire.Message.info list -> bridge:entry list -> t
(** [between ~client ~bridge] compares by type id and fingerprint. *)

val shared : client:Mycelium_wire.Message.info list -> bridge:entry list ->
  int list
(** [shared ~client ~bridge] is the type ids that both have with the same
    fingerprint. *)

val is_empty : t -> bool
(** [is_empty t] is [true] iff nothing differs. *)

val to_string : t -> string
(** [to_string t] is for people: [TradeTick differs; OrderRejected is unknown
    to the bridge; NewOrder is unknown to this client]. At most eight names of
    a kind are spelled out. *)
