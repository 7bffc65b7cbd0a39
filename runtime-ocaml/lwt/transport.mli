(** A connection to a bridge, shared by any number of publishers and
    subscribers. As [Mycelium_unix.Transport], for programs that use Lwt: the
    same protocol code, no threads (but one of Lwt's pool while it connects).
    Log lines have the source [mycelium.lwt]. *)

type t
(** A connection. *)

val connect :
  ?version:Mycelium.Connection.version ->
  ?client_name:string ->
  ?worker_id:string ->
  ?worker_token:string ->
  ?shared:bool ->
  ?handshake_timeout:float ->
  ?drain_timeout:float ->
  ?max_payload:int ->
  ?send_limit:int ->
  ?reconnect:Mycelium.Backoff.t ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  Mycelium_unix.Address.t ->
  (t, Mycelium.Failure.t) result Lwt.t
(** [connect ~schema_digest ~messages address] is a connection whose handshake
    the bridge accepted. The arguments are those of
    [Mycelium_unix.Transport.connect]. *)

val close : t -> unit Lwt.t
(** [close t] sends what was published, says goodbye, waits for the bridge to
    end its side (both within [drain_timeout]), and wakes every waiter. *)

val stop : t -> unit
(** [stop t] ends receiving: subscribers give what they have queued and then
    {!Mycelium.Failure.Closed}. Publishing goes on until {!close}. *)

val flush : t -> (unit, Mycelium.Failure.t) result Lwt.t
(** [flush t] waits until all that was published has been handed to the
    system. *)

val session : t -> Mycelium.Connection.session option
(** [session t] is what the handshake agreed on; [None] while the connection is
    lost, and after the end. *)

val failure : t -> Mycelium.Failure.t option
(** [failure t] is why [t] has ended; [None] while it has not. *)

val unsent : t -> int
(** [unsent t] is how many frames were dropped before all of them was
    written. *)

(**/**)

val link : t -> Link.t
