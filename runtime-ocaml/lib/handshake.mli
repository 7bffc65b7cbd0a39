(** What a client says first: [len: u16 | len bytes]. *)

val v1 : schema_digest:string -> string
(** [v1 ~schema_digest] is the whole first word of a client of version 1: the
    digest alone. The bridge answers nothing; it streams, or closes.
    @raise Invalid_argument if [schema_digest] is not 32 bytes. *)

val v2 : Core_messages.Client_hello.t -> string
(** [v2 hello] is the whole first word of a client of version 2. The bridge
    answers with a frame: {!Core_messages.Welcome} or
    {!Core_messages.Reject}. *)

val hello :
  ?client_name:string ->
  ?worker_id:string ->
  ?worker_token:string ->
  ?shared:bool ->
  schema_digest:string ->
  unit ->
  (Core_messages.Client_hello.t, Mycelium_wire.Error.t) result
(** [hello ~schema_digest ()] is for {!v2}. [shared] (default [false]) says
    that the client can work with the messages both sides know alike where they
    do not agree on all. A [worker_id] that is not empty (default [""]) is a
    supervised worker's, whose [worker_token] is 16 bytes (default zeros). *)

(** {1 Bits of [capabilities]} *)

val can_share : int
(** [can_share] is bit 0: the client can work in the schema mode [Shared]. *)

val is_worker : int
(** [is_worker] is bit 1: the client is a supervised worker. *)
