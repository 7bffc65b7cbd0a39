(** Receiving messages.

    A subscriber has a queue that is bounded in frames and in bytes. Messages
    are decoded, with every check, when they are read from the socket; one that
    is not valid is logged, counted and left out.

    A thread in {!recv} reads the socket itself when no other thread does, and
    serves all subscribers of the connection meanwhile. *)

type 'a t
(** A subscriber to messages of type ['a]. May be shared by threads: each
    message goes to one of them. *)

(** {1 Subscribing}

    What is published after these have returned is received. They block until
    the bridge has answered, [timeout] seconds at most (default 5).

    [frames] (default 1024) and [bytes] (default 8 MiB, of the frames) bound the
    queue. [policy] says what a full queue means; default [Block]. A queue with
    [Block] may run over its bounds by what is under way while another
    subscription of its connection is being made. One thread that receives from
    two subscribers of a connection by turns, one of which blocks, waits
    forever: use another policy, or another connection. *)

val create :
  ?frames:int ->
  ?bytes:int ->
  ?policy:Mycelium.Bounded.policy ->
  ?timeout:float ->
  Transport.t ->
  (module Mycelium.Message.S with type t = 'a) ->
  ('a t, Mycelium.Failure.t) result
(** [create transport (module Messages.Text_message)] receives these
    messages. The errors are those of {!Publisher.create}, and
    {!Mycelium.Failure.Timeout}. *)

val create_exn :
  ?frames:int ->
  ?bytes:int ->
  ?policy:Mycelium.Bounded.policy ->
  ?timeout:float ->
  Transport.t ->
  (module Mycelium.Message.S with type t = 'a) ->
  'a t
(** [create_exn] is {!create}.
    @raise Mycelium.Failure.Failed where that has an error. *)

type 'a decode =
  type_id:int ->
  bytes ->
  pos:int ->
  len:int ->
  ('a, Mycelium.Error.t) result option
(** What generated code has as [Any_message.decode]. *)

val create_any :
  ?frames:int ->
  ?bytes:int ->
  ?policy:Mycelium.Bounded.policy ->
  ?timeout:float ->
  ?type_ids:int list ->
  Transport.t ->
  'a decode ->
  ('a t, Mycelium.Failure.t) result
(** [create_any transport Messages.Any_message.decode] receives the messages
    with these type ids, in one order; by default all. Those that the function
    does not know are left out. *)

(** {1 Receiving} *)

val recv : 'a t -> ('a, Mycelium.Failure.t) result
(** [recv t] is the next message; it blocks until there is one. The error is
    {!Mycelium.Failure.Closed} once [t] or its connection was closed or stopped
    and what was queued is taken, {!Mycelium.Failure.Overflow}, or why the
    connection has ended. A connection that is being made again is no error. *)

val recv_exn : 'a t -> 'a
(** [recv_exn] is {!recv}.
    @raise Mycelium.Failure.Failed where that has an error. *)

val recv_timeout : 'a t -> seconds:float -> ('a, Mycelium.Failure.t) result
(** [recv_timeout t ~seconds] is {!recv} that blocks so long at most; the error
    is then {!Mycelium.Failure.Timeout}. *)

val try_recv : 'a t -> ('a option, Mycelium.Failure.t) result
(** [try_recv t] is the next message if it is in the queue, without blocking.
    The queue is filled by a thread in {!recv}, or in the background: within a
    few hundredths of a second. *)

val iter : 'a t -> ('a -> unit) -> (unit, Mycelium.Failure.t) result
(** [iter t f] is [f] of every message, in order, until the end: [Ok] if that is
    {!Mycelium.Failure.Closed}. What [f] raises goes on to the caller. *)

(** {1 State} *)

val close : 'a t -> unit
(** [close t] ends the subscription and wakes who waits in {!recv}. What is
    queued can still be received. *)

val length : 'a t -> int
(** [length t] is the number of messages in the queue. *)

val dropped : 'a t -> int
(** [dropped t] is how many messages were dropped because the queue was full. *)

val rejected : 'a t -> int
(** [rejected t] is how many frames were not valid. *)
