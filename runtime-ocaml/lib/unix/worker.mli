(** Programs that a bridge starts and supervises, or that run beside one.

    {[
      let () =
        exit
        @@ Worker.run ~schema_digest:Messages.schema_digest
             ~messages:Messages.Any_message.messages
        @@ fun transport -> …
    ]} *)

(** {1 Environment} *)

type environment = {
  address : Address.t;  (** [MYCELIUM_SOCKET], as {!Address.of_string}. *)
  bridge_digest : string option;
      (** [MYCELIUM_SCHEMA_DIGEST]: 32 bytes, from 64 hexadecimal digits. *)
  worker_id : string;  (** [MYCELIUM_WORKER_ID]; empty if not set. *)
  worker_token : string option;
      (** [MYCELIUM_WORKER_TOKEN]: 16 bytes, from 32 hexadecimal digits. *)
}
(** What a bridge tells the programs that it starts. *)

val environment :
  ?getenv:(string -> string option) ->
  unit ->
  (environment, Mycelium.Failure.t) result
(** [environment ()] reads the environment. The error is
    {!Mycelium.Failure.Configuration} and names the variable. *)

(** {1 Running} *)

val run :
  ?getenv:(string -> string option) ->
  ?client_name:string ->
  ?shared:bool ->
  ?reconnect:Mycelium.Backoff.t ->
  ?send_limit:int ->
  ?while_disconnected:Mycelium.Client.while_disconnected ->
  ?drain_timeout:float ->
  schema_digest:string ->
  messages:Mycelium.Message.info list ->
  (Transport.t -> (unit, Mycelium.Failure.t) result) ->
  int
(** [run ~schema_digest ~messages main] connects as the environment says, calls
    [main], closes the connection in order, and is what the process should exit
    with: {!ok}, {!misconfigured} or {!failed}. Unless it is {!ok}, one line on
    stderr says why.

    Where the bridge is not there yet, or goes away, it is tried again as
    [reconnect] says (by default {!Mycelium.Backoff.make}[ ()]). Why it cannot
    be reached is logged; in a program that has set no reporter with
    [Logs.set_reporter], it is a line on stderr, once for each reason.

    [SIGTERM] and [SIGINT] stop the connection ({!Transport.stop}): subscribers
    give what they have queued, then {!Mycelium.Failure.Closed}, and an [Error
    Closed] that [main] returns then is [ok]. A second one ends the process.
    A program that waits in [publish] or [flush] ends as well: see
    {!Transport.stop}. It does not matter which thread gets the signal. One
    [run] at a time in a process.

    A {!Mycelium.Failure.Failed} that [main] raises is as if it returned that
    error. What else it raises, [run] raises, once the connection is closed. *)

(** {1 Exit codes} *)

val ok : int
(** [ok] is 0: [main] was done, or a signal has stopped it and all was closed in
    order. *)

val failed : int
(** [failed] is 1: something else went wrong, and starting the program again may
    help. *)

val misconfigured : int
(** [misconfigured] is 78, as [EX_CONFIG] of [sysexits.h]: starting the program
    again cannot help, because its contract, its settings or the bridge's have
    to change. So it is where a variable of the environment is missing or
    wrong, where the bridge's contract is another one (its own answer says so,
    or [MYCELIUM_SCHEMA_DIGEST], unless [shared]), and where the bridge refuses
    this client or its token. *)

(**/**)

val say_unheard : said:string ref -> Mycelium.Failure.t -> unit
val exit_code : Mycelium.Failure.t -> int
val exit_code_of : stopped:bool -> (unit, Mycelium.Failure.t) result -> int

val differs :
  environment -> shared:bool option -> own:string -> Mycelium.Failure.t option

val no_signals : string -> int
