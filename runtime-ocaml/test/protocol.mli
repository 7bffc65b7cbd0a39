(** What tests of connections have to say as a bridge. *)

val digest : string
(** [digest] is the reference contract's. *)

val messages : Mycelium.Message.info list
(** [messages] is the reference contract's. *)

val config :
  ?version:Mycelium.Connection.version ->
  ?shared:bool ->
  ?max_payload:int ->
  ?messages:Mycelium.Message.info list ->
  unit ->
  Mycelium.Connection.config
(** [config ()] is a client of the reference contract. *)

(** {1 Frames of a bridge} *)

val welcome :
  ?mode:Mycelium.Core_messages.Schema_mode.t ->
  ?version:int ->
  ?interval_ms:int ->
  ?max_payload:int ->
  unit ->
  string

val reject : Mycelium.Core_messages.Reject_reason.t -> string -> string

val summary : ?last:bool -> (int * string * string) list -> string
(** [summary entries] is of type ids, fingerprints, names. *)

val goodbye : Mycelium.Core_messages.Goodbye_reason.t -> string
val ping : int -> string
val pong : int -> string
val subscribed : int -> string
val dropped : int -> string

val u64 : int -> Mycelium.U64.t

val counter : int -> string
(** [counter n] is a frame of data. *)

val counter_update : int -> Reference_messages.Counter_update.t
(** [counter_update n] is its message. *)
