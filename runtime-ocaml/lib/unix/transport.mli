(** A connection to a bridge, shared by any number of publishers and
    subscribers, and threads.

    Two threads serve it: one writes what publishers left to it, one reads while
    no subscriber does. Log lines have the source [mycelium]. *)

type t
(** A connection. With [reconnect] it outlives the sockets it is made of: when
    one is lost, subscriptions are made again on the next, what was published in
    between is sent then, and receivers just wait. What was in flight when a
    socket was lost may be lost with it. *)

(** {1 Connecting}

    All of these make the handshake before they return, and block until then.
    [schema_digest] and [messages] are those of the generated code:
    [Messages.schema_digest], [Messages.Any_message.messages].

    [shared] (default [false]) lets a bridge with another contract be used for
    the messages that both have alike. [reconnect] (default: none) is how long
    to wait before each try once the connection is lost; waits grow until a
    connection has brought a message or stayed for 5 s. [send_limit] (default
    1 MiB) bounds the bytes that wait to be sent. [while_disconnected] (default
    [`Buffer]) is for what is published while there is no connection, and for
    what was still to be sent when one was lost:
    - [`Buffer]: it waits for the next connection, within [send_limit];
    - [`Drop]: it is dropped and counted, in [dropped] and [unsent] of {!val-stats};
    - [`Error]: publishing fails with {!Mycelium.Failure.Disconnected}; what was
      to be sent is counted in [unsent].

    The rest as {!Mycelium.Connection.val-config}. *)

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
  Address.t ->
  (t, Mycelium.Failure.t) result
(** [connect ~schema_digest ~messages address] is a connection whose handshake
    the bridge accepted. It does not make the
    system send [SIGPIPE]. *)

val connect_unix :
  ?client_name:string ->
  ?shared:bool ->
  ?reconnect:Mycelium.Backoff.t ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  string ->
  (t, Mycelium.Failure.t) result
(** [connect_unix ~schema_digest ~messages path] is {!connect} to a Unix
    socket. *)

val connect_tcp :
  ?client_name:string ->
  ?shared:bool ->
  ?reconnect:Mycelium.Backoff.t ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  host:string ->
  port:int ->
  unit ->
  (t, Mycelium.Failure.t) result
(** [connect_tcp ~schema_digest ~messages ~host ~port ()] is {!connect} over
    TCP. [host] is a name, or an address of IPv4 or IPv6. *)

val connect_exn :
  ?client_name:string ->
  ?shared:bool ->
  ?reconnect:Mycelium.Backoff.t ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  Address.t ->
  t
(** [connect_exn] is {!connect}.
    @raise Mycelium.Failure.Failed where that has an error. *)

(** {1 The end} *)

val close : t -> unit
(** [close t] sends what was published, says goodbye, waits for the bridge to
    end its side (both within [drain_timeout]), wakes every waiter and joins the
    threads. What subscribers have queued can still be received. Closing twice
    is fine. *)

val stop : t -> unit
(** [stop t] ends receiving: subscribers give what they have queued and then
    {!Mycelium.Failure.Closed}. Publishing goes on until {!close}, but nothing
    waits for ever any more: {!Publisher.publish} and {!flush} that have to wait
    give {!Mycelium.Failure.Closed} after [drain_timeout], and at once while
    there is no connection. *)

val flush : ?timeout:float -> t -> (unit, Mycelium.Failure.t) result
(** [flush t] blocks until all that was published has been handed to the
    system, [timeout] seconds at most (default: no limit). The error is
    {!Mycelium.Failure.Unsent} if messages were dropped instead, since
    {!connect} or the last [flush] that said so. Needed only by a program that
    publishes a lot and then computes for long without waiting for anything, or
    that wants to know: nothing else is ever held back. *)

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
  Address.t ->
  (t, Mycelium.Failure.t) result

val begin_close : t -> unit
val link : t -> Link.t
