(** The client's side of the protocol, without sockets, threads or a clock.

    A connection takes the bytes that were received and gives the bytes to send
    and what happened; times are handed to it, in seconds of a clock that never
    goes back. [mycelium.unix] and [mycelium-lwt] drive the same code. No
    function raises for anything that a peer sends. Not for use by two threads
    at once.

    A driver stores what it read at {!Inbox.fill_pos}, calls {!received}, takes
    events with {!next} until [Await], and writes what {!Outbox.take} has while
    {!has_output}. Once it is [Closed], {!Outbox.rewind} leaves what the next
    connection is to send. *)

(** {1 Settings} *)

(** The handshake: 1 sends the digest alone and gets every message; 2 is
    answered, subscribes, and has heartbeats. *)
type version = V1 | V2

type config = private {
  version : version;
  schema_digest : string;
  messages : Mycelium_wire.Message.info list;
  first_bytes : string;  (** What the client says first. *)
  handshake_timeout : float;
  drain_timeout : float;
  max_payload : int;
}
(** What is the same for every connection of a client. *)

val config :
  ?version:version ->
  ?client_name:string ->
  ?worker_id:string ->
  ?worker_token:string ->
  ?shared:bool ->
  ?handshake_timeout:float ->
  ?drain_timeout:float ->
  ?max_payload:int ->
  schema_digest:string ->
  messages:Mycelium_wire.Message.info list ->
  unit ->
  (config, Failure.t) result
(** [config ~schema_digest ~messages ()] is for programs built with that
    contract: generated code has both, as [schema_digest] and
    [Any_message.messages]. Version 2 by default. [shared] (default [false]):
    a bridge with another contract is fine, for the messages that both have
    alike. [handshake_timeout] (default 5 s) is what the bridge has to answer,
    [drain_timeout] (default 5 s) what either side has to finish in the end.
    The others as {!Handshake.hello}. The error is {!Failure.Configuration}. *)

(** {1 Connections} *)

type t
(** A connection. *)

val create : config -> address:string -> now:float -> outbox:Outbox.t -> t
(** [create config ~address ~now ~outbox] has just been made; the handshake is
    in [outbox], which may already hold frames of data. [address] is for the
    texts of failures. *)

type session = {
  version : version;
  mode : Core_messages.Schema_mode.t;
      (** [Shared]: only messages that both sides have alike. *)
  connection_id : Mycelium_wire.U64.t;  (** 0 in version 1. *)
  bridge_digest : string;  (** The own digest in version 1. *)
  differences : Differences.t option;  (** In mode [Shared]. *)
}
(** What the handshake agreed on. *)

(** What happened. *)
type event =
  | Await  (** Nothing, until more is received or time passes. *)
  | Data
      (** A frame of data: {!Inbox.type_id}, {!Inbox.pos} and {!Inbox.len} of
          {!inbox}, until more is received. *)
  | Unshared
      (** A frame came that the two sides do not have alike. It is to be
          ignored; {!Inbox.type_id} says which. *)
  | Accepted of session  (** Once, before all data. *)
  | Subscribed of { request : int; types : int }
      (** {!subscribe} or {!unsubscribe} number [request] has taken effect. *)
  | Dropped of Mycelium_wire.U64.t
      (** So many frames for this client the bridge has dropped by now. *)
  | Closed of Failure.t
      (** It is over: the last event, again and again. {!Failure.Closed} if
          this side wanted it. *)

val next : t -> now:float -> event
(** [next t ~now] is the next event. {!Data} and {!Await} cost no
    allocation. *)

(** {1 Receiving} *)

val inbox : t -> Inbox.t
(** [inbox t] is where received bytes go. *)

val received : t -> now:float -> int -> unit
(** [received t ~now n] says that [n] bytes were stored in the inbox; 0 is the
    end of the stream. *)

val input : t -> now:float -> string -> unit
(** [input t ~now s] is {!received} for bytes that lie elsewhere. *)

val wants_input : t -> bool
(** [wants_input t] is [false] iff nothing that might still arrive matters. *)

val pause : t -> now:float -> unit
(** [pause t ~now] says that nothing will be read for now. Signs of life are
    sent in the meantime, and silence is no failure. *)

val resume : t -> now:float -> unit
(** [resume t ~now] ends {!pause}. *)

(** {1 Sending} *)

val outbox : t -> Outbox.t
(** [outbox t] is what is to be sent. *)

(** Whether a message may be sent. *)
type admission = Admitted | Not_open | Unknown_to_bridge | Over_limit of int

val admits : t -> type_id:int -> size:int -> admission
(** [admits t ~type_id ~size] looks at what the handshake agreed on. *)

val is_open : t -> bool
(** [is_open t] is [true] iff the handshake is done and no end is in sight. *)

val has_output : t -> bool
(** [has_output t] is [true] iff {!Outbox.take} of {!outbox} gives bytes that may
    be written now: data may be once the handshake is done, and not after the
    end has begun. *)

val subscribe : t -> now:float -> all:bool -> int list -> int
(** [subscribe t ~now ~all type_ids] asks for these messages, or all. It is the
    number that {!Subscribed} will have. Nothing is sent in version 1. An answer
    that does not come in half a minute is the end of the connection. *)

val unsubscribe : t -> now:float -> all:bool -> int list -> int
(** [unsubscribe t ~now ~all type_ids] is the opposite. *)

val output_failed : t -> now:float -> unit
(** [output_failed t ~now] says that nothing can be written any more. What was
    received may still be taken, and what arrives within the drain limit. *)

(** {1 Time} *)

val deadline : t -> float
(** [deadline t] is when {!handle_timeout} and {!next} are to be called even if
    nothing was received: [infinity] if never, [neg_infinity] when it is over.
    Any call may change it. *)

val handle_timeout : t -> now:float -> unit
(** [handle_timeout t ~now] does what is due. First take what has arrived: only
    a peer that sent nothing is silent. *)

(** {1 The end} *)

val close : t -> now:float -> unit
(** [close t ~now] begins an orderly end: what is queued, [Goodbye], end of
    stream; then the bridge's own end is waited for, up to the drain limit.
    Before the end of the handshake it is over at once if there is no data to
    send; otherwise [close] has to be called again after {!Accepted}. *)

val half_close : t -> bool
(** [half_close t] is [true] iff all is written and this side is to shut down
    writing. *)

val abort : t -> Failure.t -> unit
(** [abort t failure] makes {!next} say [Closed failure] at once. *)

val failure : t -> Failure.t option
(** [failure t] is what {!Closed} says, once it does. *)

val ending : t -> Failure.t option
(** [ending t] is what {!Closed} says or, while the end is near, will say. *)
