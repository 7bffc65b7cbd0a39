module Backoff = Mycelium.Backoff
module Clock = Mycelium_unix.Clock
module Connection = Mycelium.Connection
module Failure = Mycelium.Failure
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module Router = Mycelium.Router
module Socket = Mycelium_unix.Socket
open Lwt.Syntax

type sink = {
  blocked : size:int -> bool;
  deliver : type_id:int -> bytes -> pos:int -> len:int -> unit;
  wake : unit -> unit;
}

type t = {
  address : Mycelium_unix.Address.t;
  config : Connection.config;
  reconnect : Backoff.t option;
  send_limit : int;
  outbox : Outbox.t;
  router : sink Router.t;
  changed : unit Lwt_condition.t;
  room : unit Lwt_condition.t;
  work : unit Lwt_condition.t;
  poke : unit Lwt_condition.t;
  mutable poked : bool;
  mutable connection : (Connection.t * Lwt_unix.file_descr) option;
  mutable session : Connection.session option;
  mutable epoch : int;
  mutable asked : int;
  mutable replayed : int;
  mutable acknowledged : int;
  mutable stalled : bool;
  mutable stopping : bool;
  mutable closing : bool;
  mutable ended : Failure.t option;
  mutable last_failure : Failure.t option;
  mutable unsent : int;
}

let create ~address ~config ~reconnect ~send_limit =
  {
    address;
    config;
    reconnect;
    send_limit;
    outbox = Outbox.create ~limit:send_limit ();
    router = Router.create ();
    changed = Lwt_condition.create ();
    room = Lwt_condition.create ();
    work = Lwt_condition.create ();
    poke = Lwt_condition.create ();
    poked = false;
    connection = None;
    session = None;
    epoch = 0;
    asked = 0;
    replayed = 0;
    acknowledged = 0;
    stalled = false;
    stopping = false;
    closing = false;
    ended = None;
    last_failure = None;
    unsent = 0;
  }

let name t = Mycelium_unix.Address.to_string t.address

let poke t =
  t.poked <- true;
  Lwt_condition.broadcast t.poke ()

let added t = Lwt_condition.broadcast t.work ()

let unstall t =
  if t.stalled then begin
    t.stalled <- false;
    poke t
  end

(* Waits that are cut short lose nothing: they only wait. *)
let wait (_ : t) condition ready ~timeout =
  let rec until_ready () =
    if ready () then Lwt.return true
    else
      let* () = Lwt_condition.wait condition in
      until_ready ()
  in
  match timeout with
  | None -> until_ready ()
  | Some _ when ready () -> Lwt.return true
  | Some seconds ->
      let too_late =
        let+ () = Lwt_unix.sleep seconds in
        false
      in
      Lwt.pick [ until_ready (); too_late ]

(* {1 Events} *)

let subscribe_again t c =
  t.acknowledged <- 0;
  t.asked <-
    (match Router.wanted t.router with
    | All -> Connection.subscribe c ~all:true []
    | Types [] -> 0
    | Types ids -> Connection.subscribe c ~all:false ids);
  t.replayed <- t.asked

let accepted t c session =
  t.session <- Some session;
  t.epoch <- t.epoch + 1;
  let keep type_id =
    Connection.admits c ~type_id ~size:0 = Connection.Admitted
  in
  t.unsent <- t.unsent + Outbox.retain t.outbox keep;
  subscribe_again t c;
  added t;
  Lwt_condition.broadcast t.changed ();
  if t.closing then Connection.close c ~now:(Clock.now ());
  Log.info (fun m -> m "%s: connected" (name t));
  match session.Connection.differences with
  | Some d when not (Mycelium.Differences.is_empty d) ->
      Log.warn (fun m ->
          m "%s: %s" (name t) (Mycelium.Differences.to_string d))
  | _ -> ()

(* [false] iff the frame has to wait: see [Mycelium_unix]'s reader. *)
let data t inbox =
  let type_id = Inbox.type_id inbox and len = Inbox.len inbox in
  let sinks = Router.find t.router type_id in
  let size = len + Mycelium.Codec.header_size in
  let blocked sink = sink.blocked ~size in
  if t.acknowledged >= t.asked && List.exists blocked sinks then false
  else begin
    let b = Inbox.buffer inbox and pos = Inbox.pos inbox in
    if not t.stopping then
      List.iter (fun sink -> sink.deliver ~type_id b ~pos ~len) sinks;
    true
  end

(* Whether the connection is to be read on. *)
let rec pump t c =
  match Connection.next c ~now:(Clock.now ()) with
  | Await -> true
  | Data when data t (Connection.inbox c) -> pump t c
  | Data ->
      Inbox.put_back (Connection.inbox c);
      t.stalled <- true;
      Connection.pause c ~now:(Clock.now ());
      true
  | Unshared -> pump t c
  | Accepted session ->
      accepted t c session;
      pump t c
  | Subscribed { request; _ } ->
      t.acknowledged <- max t.acknowledged request;
      Lwt_condition.broadcast t.changed ();
      pump t c
  | Dropped total ->
      Log.warn (fun m ->
          m "%s: the bridge has dropped %a frames for this client" (name t)
            Mycelium.U64.pp total);
      pump t c
  | Closed failure ->
      t.last_failure <- Some failure;
      false

(* {1 Loops} *)

let has_output t c =
  Outbox.core t.outbox > 0
  || (Connection.sends_data c && not (Outbox.is_empty t.outbox))

(* Not every wait can be cut short: when one ends, this connection, whose file
   descriptor may be another's by now, may be over. *)
let is_current t c =
  match t.connection with Some (current, _) -> current == c | None -> false

let rec write_loop t c fd =
  if not (is_current t c) then Lwt.return_unit
  else if has_output t c && Outbox.take t.outbox then begin
    let o = t.outbox in
    let b = Outbox.bytes o and pos = Outbox.pos o and len = Outbox.len o in
    let n = Socket.write (Lwt_unix.unix_file_descr fd) b ~pos ~len in
    if n > 0 then begin
      Outbox.wrote o n;
      Lwt_condition.broadcast t.room ();
      write_loop t c fd
    end
    else if n = Socket.again then
      let* () = Lwt_unix.wait_write fd in
      write_loop t c fd
    else begin
      Connection.output_failed c;
      poke t;
      Lwt.return_unit
    end
  end
  else begin
    if Connection.half_close c then
      Socket.shutdown_send (Lwt_unix.unix_file_descr fd);
    if not (Connection.is_open c) then poke t;
    let* () = Lwt_condition.wait t.work in
    (* What others publish before it is their turn to wait goes out with it. *)
    let* () = Lwt.pause () in
    write_loop t c fd
  end

let poked t =
  let+ () =
    if t.poked then Lwt.return_unit else Lwt_condition.wait t.poke
  in
  `Poked

let due c =
  match Connection.deadline c with
  | d when d = infinity -> []
  | d ->
      let seconds = Float.max 0. (d -. Clock.now ()) in
      [ (let+ () = Lwt_unix.sleep seconds in `Due) ]

let readable t c fd =
  if Connection.wants_input c && not t.stalled then
    [ (let+ () = Lwt_unix.wait_read fd in `Readable) ]
  else []

let read c fd =
  let inbox = Connection.inbox c in
  Inbox.prepare inbox;
  let b = Inbox.buffer inbox and pos = Inbox.fill_pos inbox in
  let len = Inbox.room inbox in
  let n = Socket.read (Lwt_unix.unix_file_descr fd) b ~pos ~len in
  let now = Clock.now () in
  if n >= 0 then Connection.received c ~now n
  else if n = Socket.lost then
    Connection.abort c (Lost "the bridge reset it")

let rec read_loop t c fd =
  let* what = Lwt.pick (readable t c fd @ due c @ [ poked t ]) in
  t.poked <- false;
  (match what with
  | `Readable -> read c fd
  | `Due -> Connection.handle_timeout c ~now:(Clock.now ())
  | `Poked ->
      if not t.stalled then Connection.resume c ~now:(Clock.now ()));
  let go_on = t.stalled && Connection.failure c = None || pump t c in
  if has_output t c || not (Connection.is_open c) then added t;
  if go_on then begin
    (* Other threads have their turn, however much there is to read. *)
    let* () = Lwt.pause () in
    read_loop t c fd
  end
  else Lwt.return_unit

let serve t fd =
  let fd = Lwt_unix.of_unix_file_descr ~blocking:true ~set_flags:false fd in
  let c =
    Connection.create t.config ~address:(name t) ~now:(Clock.now ())
      ~outbox:t.outbox
  in
  t.connection <- Some (c, fd);
  poke t;
  let written () =
    let* () = write_loop t c fd in
    fst (Lwt.wait ())
  in
  let finish () =
    t.connection <- None;
    t.session <- None;
    t.stalled <- false;
    t.unsent <- t.unsent + Outbox.rewind t.outbox;
    Lwt.catch
      (fun () -> Lwt_unix.close fd)
      (function Unix.Unix_error _ -> Lwt.return_unit | e -> Lwt.fail e)
  in
  Lwt.finalize
    (fun () -> Lwt.pick [ read_loop t c fd; written () ])
    finish

(* {1 Connecting} *)

let finish t failure =
  t.ended <- Some failure;
  t.unsent <- t.unsent + Outbox.clear t.outbox;
  Lwt_condition.broadcast t.changed ();
  Lwt_condition.broadcast t.room ();
  Router.iter t.router (fun sink -> sink.wake ())

(* Looking up names and connecting may wait: in a thread of its own. *)
let dial t =
  let until = Clock.now () +. t.config.handshake_timeout in
  Lwt_preemptive.detach (fun () -> Socket.connect t.address ~until) ()

let rec pause t ~until =
  let left = until -. Clock.now () in
  if t.closing || left <= 0. then Lwt.return_unit
  else
    let* _ = Lwt.pick [ poked t; (let+ () = Lwt_unix.sleep left in `Due) ] in
    t.poked <- false;
    pause t ~until

let run t =
  let random = Random.State.make_self_init () in
  let rec attempt n ~epoch =
    let* dialled = dial t in
    let* failure =
      match dialled with
      | Error failure -> Lwt.return failure
      | Ok fd ->
          let+ () = serve t fd in
          Option.value t.last_failure ~default:Failure.Closed
    in
    t.last_failure <- Some failure;
    match t.reconnect with
    | Some backoff when not (t.closing || Failure.is_permanent failure) ->
        Log.warn (fun m ->
            m "%s: %a; connecting again" (name t) Failure.pp failure);
        Lwt_condition.broadcast t.changed ();
        let n = if t.epoch <> epoch then 0 else n in
        let random = Random.State.float random 1. in
        let delay = Backoff.delay backoff ~attempt:n ~random in
        let* () = pause t ~until:(Clock.now () +. delay) in
        if t.closing then Lwt.return (finish t Closed)
        else attempt (n + 1) ~epoch:t.epoch
    | _ -> Lwt.return (finish t failure)
  in
  Lwt.catch
    (fun () -> attempt 0 ~epoch:0)
    (fun e ->
      finish t (Lost (Printexc.to_string e));
      Lwt.return_unit)

let close t =
  if not t.closing then begin
    t.closing <- true;
    (match t.connection with
    | Some (c, _) -> Connection.close c ~now:(Clock.now ())
    | None -> ());
    Lwt_condition.broadcast t.room ();
    added t;
    unstall t;
    poke t
  end
