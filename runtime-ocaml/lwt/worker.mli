(** Programs that a bridge starts and supervises, or that run beside one.

    {[
      let () =
        exit @@ Lwt_main.run
        @@ Worker.run ~schema_digest:Messages.schema_digest
             ~messages:Messages.Any_message.messages
        @@ fun transport -> …
    ]}

    The environment is that of [Mycelium_unix.Worker.environment]. *)

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
  (Transport.t -> (unit, Mycelium.Failure.t) result Lwt.t) ->
  int Lwt.t
(** [run ~schema_digest ~messages main] connects as the environment says, calls
    [main], closes the connection in order, and is what the process should exit
    with: [Mycelium_unix.Worker.ok], [misconfigured] or [failed], each as there.
    Unless it is [ok], one line on stderr says why.

    Where the bridge is not there yet, or goes away, it is tried again as
    [reconnect] says (by default {!Mycelium.Backoff.make}[ ()]), and what is
    wrong is said as by [Mycelium_unix.Worker.run].

    [SIGTERM] and [SIGINT] stop the connection ({!Transport.stop}): subscribers
    give what they have queued, then {!Mycelium.Failure.Closed}, and an [Error
    Closed] that [main] returns then is [ok]. A second one ends the process. One
    [run] at a time in a process.

    A {!Mycelium.Failure.Failed} that [main] fails with is as if it returned
    that error. With what else it fails, [run] fails, once the connection is
    closed. *)
