(** What a client is beyond one connection: who subscribes, what waits to be sent,
    whether and when to connect again, and what is counted. As {!Connection},
    without sockets, threads or a clock: [mycelium.unix] and [mycelium-lwt]
    drive the same code, and another scheduler would.

    A driver calls {!connect} when it has a socket, {!val-turn} when there may be
    something to read or it is time, and {!lost} when that said [Over] and the
    socket is closed. Not for use by two threads at once, and [hooks] may not
    call back. *)

(** {1 Making one} *)

type sink = {
  blocked : size:int -> bool;
      (** Whether a frame of this size has to wait. *)
  deliver : type_id:int -> bytes -> pos:int -> len:int -> unit;
  wake : unit -> unit;  (** There is something new. *)
}
(** Where frames go: see {!Subscription}. *)

type while_disconnected = [ `Buffer | `Drop | `Error ]
(** What becomes of messages that are published while there is no connection. *)

type hooks = {
  changed : unit -> unit;  (** The handshake, an answer, or the end. *)
  room : unit -> unit;
      (** Who waits for {!publish} or {!flushed} is to look again. *)
  output : unit -> unit;  (** There may be something to write. *)
  look : unit -> unit;
      (** Who waits for input is to look again, at {!Connection.deadline} too. *)
  resumed : unit -> unit;  (** Reading goes on: {!stalled} has ended. *)
  notice : Notice.t -> unit;
}
(** What the driver is told, from within the functions below. *)

type counters

type t = private {
  config : Connection.config;
  address : string;
  reconnect : Backoff.t option;
  send_limit : int;
  while_disconnected : while_disconnected;
  outbox : Outbox.t;
  router : sink Router.t;
  counters : counters;
  mutable hooks : hooks;
  mutable connection : Connection.t option;
  mutable session : Connection.session option;
      (** [None] while there is no connection, and after the end. *)
  mutable epoch : int;  (** The number of handshakes that were accepted. *)
  mutable asked : int;
  mutable replayed : int;
  mutable acknowledged : int;
  mutable overrun : int;
  mutable told : int;
  mutable now : float;
  mutable opened : float;
  mutable useful : bool;
  mutable attempt : int;
  mutable last_failure : Failure.t option;
  mutable ended : Failure.t option;  (** Why it is of no use any more. *)
  mutable stalled : bool;  (** A queue with policy [Block] is full. *)
  mutable stopping : bool;  (** Nothing more is to be received. *)
  mutable give_up_at : float;
  mutable gave_up : bool;
  mutable closing : bool;
  mutable reported : int;
}
(** A client. *)

val create :
  config:Connection.config ->
  address:string ->
  reconnect:Backoff.t option ->
  send_limit:int ->
  while_disconnected:while_disconnected ->
  t
(** [create] has no connection yet, and hooks that do nothing. *)

val set_hooks : t -> hooks -> unit
(** [set_hooks t hooks] is to be called once, before all else. *)

(** {1 Connections} *)

val connect : t -> now:float -> Connection.t
(** [connect t ~now] is for a socket that has just been connected. *)

(** What a driver is to do now. *)
type turn =
  | Waiting  (** Read, write, wait. *)
  | Stalled  (** Not to read until {!hooks.resumed}; then to {!pump} first. *)
  | Over of Failure.t  (** Close the socket and call {!lost}. *)

val pump : t -> Connection.t -> now:float -> turn
(** [pump t c ~now] takes the events of [c], and hands out its data. It raises
    what the program's own code raises asynchronously ([Sys.Break],
    [Out_of_memory], [Stack_overflow]), and nothing else. *)

val may_read : t -> Connection.t -> bool
(** [may_read t c] is [true] iff what the socket has is wanted now. *)

val turn :
  t ->
  Connection.t ->
  now:float ->
  read:(t -> Connection.t -> now:float -> bool) ->
  turn
(** [turn t c ~now ~read] has [read] read once, without waiting, if it may, then
    does what is due, and {!pump}s. [read] is [false] iff there was nothing.
    Only then is time looked at: a bridge whose bytes are there is not silent,
    only because this program was busy when they came. *)

val lost : t -> now:float -> Failure.t -> unit
(** [lost t ~now failure] is for a connection whose socket is closed. *)

val failed : t -> Failure.t -> unit
(** [failed t failure] is for a connection that could not be made. *)

val next_delay : t -> random:float -> float
(** [next_delay t ~random] is how many seconds to wait before connecting again;
    it grows from one call to the next, until a connection was worth having.
    [random] is in 0 to 1. *)

val unstall : t -> now:float -> unit
(** [unstall t ~now] says that a full queue has room again. *)

val is_settled : t -> bool
(** [is_settled t] is [true] once the first connection was accepted, or failed. *)

val is_open : t -> bool
(** [is_open t] is [true] iff what is published goes to a connection. *)

val is_over : t -> bool
(** [is_over t] is [true] iff [t] has [ended]. *)

val failure : t -> Failure.t
(** [failure t] is why [t] has ended, or what has gone wrong last. *)

(** {1 Subscribing}

    Used by {!Subscription}. *)

type request
(** What was asked of the bridge. *)

val subscribe : t -> now:float -> Router.interest -> sink -> request
(** [subscribe t ~now interest sink] adds [sink] and asks for its frames. *)

val unsubscribe : t -> now:float -> sink -> unit
(** [unsubscribe t ~now sink] takes it out. *)

val is_decided : t -> request -> bool
(** [is_decided t request] is [true] once waiting any longer is of no use. *)

val answer : t -> request -> timeout:float -> (unit, Failure.t) result
(** [answer t request ~timeout] is [Ok] if the bridge has answered [request], or,
    on a newer connection, those of its handshake. [timeout] is for the error
    where it has not. *)

(** {1 Publishing} *)

val admit :
  t ->
  (module Mycelium_wire.Message.S with type t = 'a) ->
  (unit, Failure.t) result
(** [admit t (module M)] says whether there can be a publisher or a subscriber of
    these messages. *)

(** What has become of a message. *)
type verdict =
  | Queued
  | Dropped  (** And counted. *)
  | No_room  (** Wait for {!hooks.room}, unless {!gives_up}. *)
  | Refused of Failure.t

val publish :
  t -> (module Mycelium_wire.Message.S with type t = 'a) -> 'a -> verdict
(** [publish t (module M) m] queues [m] if it may.
    @raise Invalid_argument as [M.encode]; then nothing was done. *)

val gives_up : t -> now:float -> bool
(** [gives_up t ~now] is [true] iff who waits for room is to give up, with
    {!Failure.Closed}: after {!stop}, when the drain limit is over or there is
    no connection. *)

val wait_limit : t -> float
(** [wait_limit t] is when it is to look at {!gives_up} even if nobody wakes it. *)

type mark = private { target : int; unsent : int }
(** What was published before some moment: [target] is what {!Outbox.passed} will
    have reached. *)

val mark : t -> mark
(** [mark t] is what was published before now. *)

val flushed : t -> mark -> now:float -> (unit, Failure.t) result option
(** [flushed t mark ~now] is [None] as long as a part of it waits to be written,
    and after that an error if any was dropped. *)

(** {1 Writing} *)

val has_output : t -> bool
(** [has_output t] is {!Connection.has_output}. *)

val wrote : t -> int -> unit
(** [wrote t n] is {!Outbox.wrote}, and counts. *)

(** {1 The end} *)

val stop : t -> now:float -> unit
(** [stop t ~now] ends receiving. *)

val close : t -> now:float -> unit
(** [close t ~now] begins the end: it has come when {!is_over}. *)

val finish : t -> Failure.t -> unit
(** [finish t failure] is the end at once, for want of a connection. *)

(** {1 What is told} *)

type stats = {
  connections : int;
  frames_in : int;
  bytes_in : int;
  frames_out : int;
  bytes_out : int;
  writes : int;
  unsent : int;
  dropped : int;
  unshared : int;
  dropped_by_bridge : int;
}
(** Sums by now: see [Mycelium_unix.Transport.stats]. *)

val stats : t -> stats
(** [stats t] is the sums by now. *)
