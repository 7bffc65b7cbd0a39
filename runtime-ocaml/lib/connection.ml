(* Long because every frame and every deadline acts on the same state. *)

module Core = Core_messages
module Message = Mycelium_wire.Message
module U64 = Mycelium_wire.U64
module Codec = Mycelium_wire.Codec

type version = V1 | V2

type config = {
  version : version;
  schema_digest : string;
  messages : Message.info list;
  first_bytes : string;
  handshake_timeout : float;
  drain_timeout : float;
  max_payload : int;
}

let config ?(version = V2) ?client_name ?worker_id ?worker_token ?shared
    ?(handshake_timeout = 5.) ?(drain_timeout = 5.)
    ?(max_payload = Codec.max_payload) ~schema_digest ~messages () =
  let make first_bytes =
    {
      version;
      schema_digest;
      messages;
      first_bytes;
      handshake_timeout;
      drain_timeout;
      max_payload;
    }
  in
  let wrong key problem = Error (Failure.Configuration { key; problem }) in
  match
    Handshake.hello ?client_name ?worker_id ?worker_token ?shared
      ~schema_digest ()
  with
  | Error { path; code } ->
      wrong path
        (Printf.sprintf "not valid (%s)" (Mycelium_wire.Error.code_to_string code))
  | Ok _ when not (handshake_timeout > 0.) ->
      wrong "handshake_timeout" "must be positive"
  | Ok _ when not (drain_timeout >= 0.) ->
      wrong "drain_timeout" "must not be negative"
  | Ok _ when max_payload < 0 -> wrong "max_payload" "must not be negative"
  | Ok hello -> (
      match version with
      | V1 -> Ok (make (Handshake.v1 ~schema_digest))
      | V2 -> Ok (make (Handshake.v2 hello)))

type session = {
  version : version;
  mode : Core.Schema_mode.t;
  connection_id : U64.t;
  bridge_digest : string;
  differences : Differences.t option;
}

type event =
  | Await
  | Data
  | Unshared
  | Accepted of session
  | Subscribed of { request : int; types : int }
  | Dropped of U64.t
  | Closed of Failure.t

type state =
  | Greeting  (* Nothing was answered. *)
  | Comparing of Core.Welcome.t  (* Mode Shared: until their last summary. *)
  | Refused of Core.Reject.t  (* Summaries may follow. *)
  | Open
  | Leaving  (* Our Goodbye is queued; until their end of stream. *)
  | Refusing of Failure.t  (* The same, but what they send is not looked at. *)
  | Draining of Failure.t  (* Until what was queued is written. *)
  | Over of Failure.t

type t = {
  config : config;
  address : string;
  inbox : Inbox.t;
  outbox : Outbox.t;
  mutable state : state;
  mutable announce : session option;  (* Version 1: Accepted, still to say. *)
  mutable limit : float;  (* When handshake or drain have to be done. *)
  mutable ended : bool;
  mutable broken : bool;  (* Nothing can be written any more. *)
  mutable heard : float;  (* When a byte was received. *)
  mutable spoke : float;  (* When a sign of life was sent, while paused. *)
  mutable paused : bool;
  mutable interval : float;  (* Of heartbeats; 0 if there are none. *)
  mutable misses : int;
  mutable nonce : U64.t;
  mutable max_send : int;
  mutable allowed : (int, unit) Hashtbl.t option;  (* Mode Shared. *)
  theirs : Summary.t;
  mutable request : int;
  mutable answer_by : float;  (* When the next answer is overdue. *)
}

let max_core = 16_384
let answer_timeout = 30.

let create (config : config) ~address ~now ~outbox =
  Outbox.add_core outbox config.first_bytes;
  let state, announce =
    match config.version with
    | V2 -> (Greeting, None)
    | V1 ->
        ( Open,
          Some
            {
              version = V1;
              mode = Exact;
              connection_id = U64.zero;
              bridge_digest = config.schema_digest;
              differences = None;
            } )
  in
  {
    config;
    address;
    inbox = Inbox.create ~limit:config.max_payload ();
    outbox;
    state;
    announce;
    limit = now +. config.handshake_timeout;
    ended = false;
    broken = false;
    heard = now;
    spoke = now;
    paused = false;
    interval = 0.;
    misses = 0;
    nonce = U64.zero;
    max_send = Codec.max_payload;
    allowed = None;
    theirs = Summary.create ();
    request = 0;
    answer_by = infinity;
  }

let inbox t = t.inbox
let outbox t = t.outbox
let failure t = match t.state with Over failure -> Some failure | _ -> None

let ending t : Failure.t option =
  match t.state with
  | Refusing failure | Draining failure | Over failure -> Some failure
  | Leaving -> Some Closed
  | Greeting | Comparing _ | Refused _ | Open -> None

let is_open t =
  match t.state with Open -> Option.is_none t.announce | _ -> false

let has_output t =
  (not t.broken)
  &&
  match t.state with
  | Open when Option.is_some t.announce -> Outbox.core t.outbox > 0
  | Open | Leaving | Refusing _ | Draining _ -> Outbox.writable t.outbox > 0
  | Greeting | Comparing _ | Refused _ -> Outbox.core t.outbox > 0
  | Over _ -> false

let wants_input t =
  (not t.ended)
  &&
  match t.state with
  | Draining _ | Over _ -> false
  | Greeting | Comparing _ | Refused _ | Open | Leaving | Refusing _ -> true

let core (type a) t (module M : Message.S with type t = a) (m : a) =
  Outbox.add_core t.outbox (Codec.encode (module M) m)

(* {1 The end} *)

let abort t failure =
  match t.state with Over _ -> () | _ -> t.state <- Over failure

let drain t ~now =
  t.limit <- now +. t.config.drain_timeout

(* The last frame. Version 1 has no last words. *)
let goodbye_frame t reason detail =
  match (t.config.version, Core.Goodbye.make ~reason ~detail) with
  | V2, Ok goodbye -> Codec.encode (module Core.Goodbye) goodbye
  | V1, _ | V2, Error _ -> ""

(* The bridge is told why, and nothing else any more. To close at once would
   destroy what is on its way there: it closes, or the limit is reached. *)
let refuse t ~now reason what =
  let failure = Failure.Protocol what in
  match (t.config.version, t.state) with
  | V2, (Open | Comparing _) ->
      Outbox.seal t.outbox Begun ~last:(goodbye_frame t reason what);
      t.state <- Refusing failure;
      drain t ~now
  | V2, Leaving -> t.state <- Refusing failure
  | _ -> abort t failure

let leave t ~now =
  Outbox.seal t.outbox Everything ~last:(goodbye_frame t Client_done "");
  t.state <- Leaving;
  drain t ~now

let close t ~now =
  match t.state with
  | Open when is_open t -> leave t ~now
  | (Open | Greeting | Comparing _) when Outbox.data t.outbox > 0 ->
      (* It may still get rid of that. *)
      t.limit <- Float.min t.limit (now +. t.config.drain_timeout)
  | Open | Greeting | Comparing _ | Refused _ -> abort t Closed
  | Leaving | Refusing _ | Draining _ | Over _ -> ()

let half_close t =
  match t.state with
  | Leaving | Refusing _ ->
      (not t.broken) && Outbox.writable t.outbox = 0
  | _ -> false

let differences t =
  Differences.between ~client:t.config.messages ~bridge:(Summary.entries t.theirs)

let finish_reject t (reject : Core.Reject.t) =
  abort t
    (match reject.reason with
    | Schema_mismatch ->
        let differences =
          if Summary.is_complete t.theirs then differences t
          else
            let none = Differences.between ~client:[] ~bridge:[] in
            { none with differ = (differences t).differ }
        in
        Schema_mismatch
          {
            differences;
            complete = Summary.is_complete t.theirs;
            bridge_digest = reject.schema_digest;
          }
    | reason -> Rejected { reason; detail = reject.detail })

let end_of_stream t =
  let lost =
    if Inbox.pending t.inbox > 0 then
      Failure.Lost "the stream ended in the middle of a frame"
    else Lost "the bridge closed it without a word"
  in
  match t.state with
  | Greeting -> abort t (Lost "the bridge closed it during the handshake")
  | Refused reject -> finish_reject t reject
  | Leaving -> abort t Closed
  | Refusing failure -> abort t failure
  | Open when t.config.version = V1 && Inbox.type_id t.inbox = 0 ->
      abort t
        (Lost
           "the bridge closed it before it sent anything: if it does so each \
            time, its contract is another one (handshake version 1 cannot say \
            so)")
  | Comparing _ | Open -> abort t lost
  | Draining _ | Over _ -> ()

let output_failed t ~now =
  t.broken <- true;
  match t.state with
  | Draining failure | Refusing failure -> abort t failure
  | Leaving when t.ended -> abort t Closed
  | Open -> drain t ~now
  | Leaving | Greeting | Comparing _ | Refused _ | Over _ -> ()

(* {1 The handshake} *)

let send_summaries t =
  List.iter
    (core t (module Core.Schema_summary))
    (Summary.of_messages t.config.messages)

let accepted t ~now (w : Core.Welcome.t) differences =
  t.state <- Open;
  t.heard <- now;
  t.interval <- float_of_int w.heartbeat_interval_ms /. 1000.;
  t.misses <- w.heartbeat_misses;
  t.max_send <- min w.max_payload Codec.max_payload;
  Accepted
    {
      version = V2;
      mode = w.schema_mode;
      connection_id = w.connection_id;
      bridge_digest = w.schema_digest;
      differences;
    }

let closed_or_await t =
  match t.state with Over failure -> Closed failure | _ -> Await

let wrong ?(reason = Core.Goodbye_reason.Protocol_error) t ~now what =
  refuse t ~now reason what;
  closed_or_await t

let welcome t ~now (w : Core.Welcome.t) =
  if w.protocol_version <> 2 then
    wrong t ~now
      (Printf.sprintf "it speaks protocol version %d" w.protocol_version)
  else
    match w.schema_mode with
    | Exact -> accepted t ~now w None
    | Shared ->
        send_summaries t;
        t.state <- Comparing w;
        Await

let summary t ~now (s : Core.Schema_summary.t) =
  let known = Summary.add t.theirs s in
  match t.state with
  | (Comparing _ | Refused _) when not known ->
      wrong t ~now "the list of its messages is too long or not in order"
  | Comparing w when s.last ->
      let bridge = Summary.entries t.theirs in
      let ids = Differences.shared ~client:t.config.messages ~bridge in
      let allowed = Hashtbl.create 64 in
      List.iter (fun id -> Hashtbl.replace allowed id ()) ids;
      t.allowed <- Some allowed;
      accepted t ~now w (Some (differences t))
  | Refused reject when s.last ->
      finish_reject t reject;
      closed_or_await t
  | Comparing _ | Refused _ -> Await
  | _ -> wrong t ~now "a list of its messages where none was due"

let rejected t (r : Core.Reject.t) =
  t.state <- Refused r;
  match r.reason with
  | Schema_mismatch -> Await
  | _ ->
      finish_reject t r;
      closed_or_await t

(* {1 Frames of the framework} *)

let ping t ~now nonce =
  t.nonce <- nonce;
  if Outbox.core t.outbox > max_core then
    wrong t ~now "it asks for more signs of life than it reads"
  else begin
    core t (module Core.Pong) (Core.Pong.make_exn ~nonce);
    Await
  end

(* Whether its sender has stopped to make sense of what it gets. *)
let takes_nothing : Core.Goodbye_reason.t -> bool = function
  | Protocol_error | Frame_too_large -> true
  | Shutdown | Slow_consumer | Idle | Heartbeat_missed | Replaced
  | Client_done ->
      false

let goodbye t ~now (g : Core.Goodbye.t) =
  match t.state with
  | Refused reject ->
      finish_reject t reject;
      closed_or_await t
  | Leaving ->
      (* It has crossed ours: what was queued is still written. *)
      if takes_nothing g.reason then Outbox.seal t.outbox Nothing ~last:"";
      t.state <- Draining Closed;
      Await
  | _ ->
      let share : Outbox.share =
        if takes_nothing g.reason then Nothing else Everything
      in
      Outbox.seal t.outbox share ~last:"";
      t.state <- Draining (Goodbye { reason = g.reason; detail = g.detail });
      drain t ~now;
      Await

let core_frame t ~now type_id =
  let i = t.inbox in
  let name () = Printf.sprintf "a frame of type %d" type_id in
  match
    Core.Any_message.decode ~type_id (Inbox.buffer i) ~pos:(Inbox.pos i)
      ~len:(Inbox.len i)
  with
  | None -> wrong t ~now (name ())
  | Some (Error e) ->
      wrong t ~now (name () ^ ": " ^ Mycelium_wire.Error.to_string e)
  | Some (Ok message) -> (
      match (t.state, message) with
      | Greeting, Welcome w -> welcome t ~now w
      | Greeting, Reject r -> rejected t r
      | Greeting, _ -> wrong t ~now (name () ^ " before the handshake's answer")
      | _, Schema_summary s -> summary t ~now s
      | _, Goodbye g -> goodbye t ~now g
      | (Open | Leaving | Comparing _), Ping p -> ping t ~now p.nonce
      | (Open | Leaving), Dropped d -> Dropped d.total
      | (Open | Leaving), Subscribed s -> (
          match U64.to_int s.request with
          | Some request when request <= t.request ->
              t.answer_by <-
                (if request = t.request then infinity
                else now +. answer_timeout);
              Subscribed { request; types = s.types }
          | _ -> wrong t ~now "an answer to what was not asked")
      | _ -> wrong t ~now (name () ^ " where none was due"))

let is_shared t type_id =
  match t.allowed with
  | None -> true
  | Some allowed -> Hashtbl.mem allowed type_id

let frame t ~now =
  let type_id = Inbox.type_id t.inbox in
  if type_id >= Codec.first_user_type_id then
    match t.state with
    | Open | Leaving -> if is_shared t type_id then Data else Unshared
    | _ -> wrong t ~now "data before the end of the handshake"
  else if t.config.version = V1 then
    wrong t ~now (Printf.sprintf "a frame of type %d in version 1" type_id)
  else core_frame t ~now type_id

let rec take t ~now =
  match Inbox.next t.inbox with
  | Incomplete ->
      if t.ended then end_of_stream t;
      closed_or_await t
  | Zero_type_id -> wrong t ~now "a frame of type 0"
  | Too_long ->
      wrong t ~now ~reason:Frame_too_large
        (Printf.sprintf "a frame of type %d with %d bytes, over the limit of %d"
           (Inbox.type_id t.inbox) (Inbox.len t.inbox) t.config.max_payload)
  | Frame -> (
      match frame t ~now with
      | Await -> next t ~now
      | event -> event)

and next t ~now =
  match t.state with
  | Over failure -> Closed failure
  | Draining failure when Outbox.writable t.outbox = 0 ->
      abort t failure;
      Closed failure
  | Draining _ -> Await
  | Refusing _ ->
      Inbox.discard t.inbox;
      if t.ended then end_of_stream t;
      closed_or_await t
  | _ -> (
      match t.announce with
      | Some session ->
          t.announce <- None;
          Accepted session
      | None -> take t ~now)

(* {1 Receiving and sending} *)

(* Who is sent without end would never see [handle_timeout]. *)
let received t ~now n =
  Inbox.filled t.inbox n;
  if n = 0 then t.ended <- true else t.heard <- now;
  match t.state with
  | Leaving when now >= t.limit -> abort t Closed
  | Refusing failure when now >= t.limit -> abort t failure
  | _ -> ()

let input t ~now s =
  let rec go pos =
    if pos < String.length s then begin
      Inbox.prepare t.inbox;
      let n = min (Inbox.room t.inbox) (String.length s - pos) in
      let fill_pos = Inbox.fill_pos t.inbox in
      Bytes.blit_string s pos (Inbox.buffer t.inbox) fill_pos n;
      received t ~now n;
      go (pos + n)
    end
  in
  go 0

type admission = Admitted | Not_open | Unknown_to_bridge | Over_limit of int

let admits t ~type_id ~size =
  if not (is_open t) then Not_open
  else if type_id < Codec.first_user_type_id || not (is_shared t type_id) then
    Unknown_to_bridge
  else if size > t.max_send then Over_limit t.max_send
  else Admitted

let request t =
  t.request <- t.request + 1;
  U64.of_int_exn t.request

let ask t ~now ~all type_ids send =
  let before = t.request in
  if t.config.version = V2 then
    if all then send ~all [||]
    else
      List.iter
        (fun batch -> send ~all (Array.of_list batch))
        (Summary.batches ~size:256 type_ids);
  if t.request > before && t.answer_by = infinity then
    t.answer_by <- now +. answer_timeout;
  t.request

let subscribe t ~now ~all type_ids =
  ask t ~now ~all type_ids (fun ~all type_ids ->
      let request = request t in
      core t (module Core.Subscribe)
        (Core.Subscribe.make_exn ~all ~type_ids ~request))

let unsubscribe t ~now ~all type_ids =
  ask t ~now ~all type_ids (fun ~all type_ids ->
      let request = request t in
      core t (module Core.Unsubscribe)
        (Core.Unsubscribe.make_exn ~all ~type_ids ~request))

(* {1 Time} *)

let pause t ~now =
  if not t.paused then begin
    t.paused <- true;
    t.spoke <- now
  end

let resume t ~now =
  if t.paused then begin
    t.paused <- false;
    t.heard <- now
  end

(* One interval more than the bridge allows, so that the bridge, which knows
   why, speaks first. *)
let patience t = t.interval *. float_of_int (t.misses + 1)

let life t =
  if t.interval = 0. then infinity
  else if t.paused then t.spoke +. t.interval
  else t.heard +. patience t

let deadline t =
  match t.state with
  | Draining _ when Outbox.writable t.outbox = 0 -> neg_infinity
  | Greeting | Comparing _ | Refused _ | Leaving | Refusing _ | Draining _ ->
      t.limit
  | Over _ -> neg_infinity
  | Open ->
      let due = Float.min (life t) t.answer_by in
      if t.broken then Float.min due t.limit else due

let open_timeout t ~now =
  if t.broken && now >= t.limit then
    abort t (Lost "the bridge takes nothing any more")
  else if now >= t.answer_by then
    abort t
      (Lost
         (Printf.sprintf "a subscription had no answer within %g s"
            answer_timeout))
  else if t.paused then begin
    t.spoke <- now;
    if Outbox.core t.outbox <= max_core then
      core t (module Core.Pong) (Core.Pong.make_exn ~nonce:t.nonce)
  end
  else abort t (Silent (patience t))

let handle_timeout t ~now =
  if now >= deadline t then
    match t.state with
    | Greeting | Comparing _ ->
        let seconds = t.config.handshake_timeout in
        abort t (Handshake_timeout { address = t.address; seconds })
    | Refused reject -> finish_reject t reject
    | Leaving -> abort t Closed
    | Refusing failure | Draining failure -> abort t failure
    | Open -> open_timeout t ~now
    | Over _ -> ()
