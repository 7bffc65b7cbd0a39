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
  ?while_disconnected:Mycelium.Client.while_disconnected ->
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
    {!Mycelium.Failure.Closed}. Publishing goes on until {!close}, but nothing
    waits for ever any more: {!Publisher.publish} and {!flush} that have to wait
    give {!Mycelium.Failure.Closed} after [drain_timeout], and at once while
    there is no connection. *)

val flush : ?timeout:float -> t -> (unit, Mycelium.Failure.t) result Lwt.t
(** [flush t] waits until all that was published has been handed to the system,
    [timeout] seconds at most (default: no limit). The error is
    {!Mycelium.Failure.Unsent} if messages were dropped instead, since
    {!connect} or the last [flush] that said so. *)

(** {1 State} *)

val session : t -> Mycelium.Connection.session option
(** [session t] is what the handshake agreed on; [None] while the connection is
    lost, and after the end. *)

val failure : t -> Mycelium.Failure.t option
(** [failure t] is why [t] has ended; [None] while it has not. *)

type stats = Mycelium.Client.stats = {
  connections : int;  (** Handshakes that were accepted. *)
  frames_in : int;
  bytes_in : int;
  frames_out : int;  (** Published, not necessarily sent. *)
  bytes_out : int;
  writes : int;  (** System calls that wrote. *)
  unsent : int;
      (** Frames dropped before all of them was written: the connection was
          lost or ended, or the next does not take them. *)
  dropped : int;  (** Published with no connection, under [`Drop]. *)
  unshared : int;  (** Received, but not alike on both sides: ignored. *)
  dropped_by_bridge : int;
      (** What the bridge says it dropped for this client. *)
}
(** Sums since {!connect}. *)

val stats : t -> stats
(** [stats t] is the sums by now. *)

(**/**)

val connect_with :
  started:(t -> unit) ->
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
  ?while_disconnected:Mycelium.Client.while_disconnected ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  Mycelium_unix.Address.t ->
  (t, Mycelium.Failure.t) result Lwt.t

val begin_close : t -> unit
val link : t -> Link.t
val wait_for_room : Link.t -> until:float -> unit Lwt.t
