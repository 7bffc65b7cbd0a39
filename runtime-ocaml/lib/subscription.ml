module Error = Mycelium_wire.Error
module Message = Mycelium_wire.Message

type 'a t = {
  client : Client.t;
  queue : 'a Bounded.t;
  wake : unit -> unit;
  mutable over : Failure.t option;
  mutable rejected : int;
  mutable sink : Client.sink option;
}

type 'a decode =
  type_id:int -> bytes -> pos:int -> len:int -> ('a, Error.t) result option

(* {1 What comes} *)

let close_with t ~now failure =
  if Option.is_none t.over then t.over <- Some failure;
  match t.sink with
  | None -> ()
  | Some sink ->
      t.sink <- None;
      Client.unsubscribe t.client ~now sink

let close t ~now =
  close_with t ~now Closed;
  t.wake ();
  t.client.hooks.look ()

(* Whether there is a place for it; what has none is counted. *)
let accepts t ~size =
  Option.is_none t.over
  && (Bounded.has_room t.queue ~size
     ||
     match Bounded.policy t.queue with
     | Block when not t.client.closing -> true
     | Drop_oldest -> true
     | Block | Drop_newest ->
         Bounded.count_dropped t.queue;
         false
     | Disconnect ->
         Bounded.count_dropped t.queue;
         close_with t ~now:t.client.now
           (Overflow { limit = Bounded.limit t.queue });
         t.wake ();
         false)

let push t ~size v =
  if Bounded.policy t.queue = Drop_oldest then Bounded.make_room t.queue ~size;
  Bounded.push t.queue ~size v;
  t.wake ()

let reject t ~type_id problem =
  t.rejected <- t.rejected + 1;
  t.client.hooks.notice (Notice.Left_out { type_id; problem })

(* What the program's own function raises is no reason to lose the connection;
   what may be raised anywhere is not its fault. *)
let raised t ~type_id = function
  | Error.Invalid e -> reject t ~type_id (Error.to_string e)
  | (Sys.Break | Out_of_memory | Stack_overflow) as e -> raise e
  | e -> reject t ~type_id ("decode raised " ^ Printexc.to_string e)

let typed (type a) (module M : Message.S with type t = a) (t : a t) ~type_id b
    ~pos ~len =
  let size = len + Mycelium_wire.Codec.header_size in
  if accepts t ~size then
    match M.decode_exn b ~pos ~len with
    | v -> push t ~size v
    | exception e -> raised t ~type_id e

let untyped decode t ~type_id b ~pos ~len =
  let size = len + Mycelium_wire.Codec.header_size in
  if accepts t ~size then
    match decode ~type_id b ~pos ~len with
    | None -> ()
    | Some (Ok v) -> push t ~size v
    | Some (Error e) -> reject t ~type_id (Error.to_string e)
    | exception e -> raised t ~type_id e

(* Nothing has to wait for who is about to leave. *)
let blocked t ~size =
  Option.is_none t.over
  && Bounded.policy t.queue = Block
  && (not t.client.closing)
  && not (Bounded.has_room t.queue ~size)

(* {1 Subscribing} *)

type settings = {
  frames : int;
  bytes : int;
  policy : Bounded.policy;
}

let settings ?(frames = 1024) ?(bytes = 8 * 1_048_576)
    ?(policy = Bounded.Block) () =
  { frames; bytes; policy }

let start client ~now { frames; bytes; policy } ~wake interest deliver =
  let t =
    {
      client;
      queue = Bounded.create ~frames ~bytes policy;
      wake;
      over = None;
      rejected = 0;
      sink = None;
    }
  in
  let sink = { Client.blocked = blocked t; deliver = deliver t; wake } in
  t.sink <- Some sink;
  (t, Client.subscribe client ~now interest sink)

let one (type a) client ~now settings ~wake
    (module M : Message.S with type t = a) =
  match Client.admit client (module M) with
  | Error _ as e -> e
  | Ok () ->
      Ok
        (start client ~now settings ~wake
           (Router.Types [ M.type_id ])
           (typed (module M)))

let any client ~now settings ~wake ~type_ids decode =
  let is_user id =
    id >= Mycelium_wire.Codec.first_user_type_id && id <= 0xFFFF
  in
  match type_ids with
  | Some ids when not (List.for_all is_user ids) ->
      let problem = "type ids of messages are 100 to 65535" in
      Error (Failure.Configuration { key = "type_ids"; problem })
  | None ->
      Ok (start client ~now settings ~wake Router.All (untyped decode))
  | Some ids ->
      Ok (start client ~now settings ~wake (Router.Types ids) (untyped decode))

(* {1 Receiving} *)

let is_empty t = Bounded.is_empty t.queue

let is_ready t =
  (not (Bounded.is_empty t.queue))
  || Option.is_some t.over || Client.is_over t.client || t.client.stopping

(* With room for half of its bound a full queue is worth reading again. *)
let take t ~now =
  let v = Bounded.take t.queue in
  if t.client.stalled && 2 * Bounded.length t.queue <= Bounded.limit t.queue
  then Client.unstall t.client ~now:(now ());
  v

let why_empty t ~timeout : Failure.t =
  match (t.over, t.client.ended) with
  | Some failure, _ | None, Some failure -> failure
  | None, None -> if t.client.stopping then Closed else Timeout timeout
