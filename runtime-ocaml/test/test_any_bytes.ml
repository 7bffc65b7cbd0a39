module Client = Mycelium.Client
module Codec = Mycelium.Codec
module Connection = Mycelium.Connection
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module R = Reference_messages
module Subscription = Mycelium.Subscription
open Protocol
open Driver

(* {1 One connection} *)

(* Frames of a bridge, some of them damaged. *)
let part =
  let open QCheck2.Gen in
  let valid =
    oneofl
      [
        welcome (); welcome ~mode:Shared (); welcome ~interval_ms:1 ();
        reject Schema_mismatch "x"; reject Deadline ""; summary [];
        summary ~last:false [ (1001, "12345678", "TextMessage") ];
        summary
          (List.filter_map
             (fun (i : Mycelium.Message.info) ->
               if i.type_id = 1001 then None
               else Some (i.type_id, i.fingerprint, i.name))
             messages);
        goodbye Idle; goodbye Protocol_error; ping 3; pong 3; subscribed 1; dropped 5; counter 1;
        counter 2;
      ]
  in
  let mutated =
    valid >>= fun s ->
    int_bound (String.length s - 1) >>= fun i ->
    char >|= fun c -> String.mapi (fun j d -> if i = j then c else d) s
  in
  let cut =
    valid >>= fun s ->
    int_bound (String.length s) >|= fun n -> String.sub s 0 n
  in
  frequency
    [ (6, valid); (3, mutated); (1, cut); (1, string_size (int_bound 40)) ]

let stream =
  let open QCheck2.Gen in
  pair (oneofl [ (Connection.V1, false); (V2, false); (V2, true) ])
    (list_size (int_bound 12) part)

let print_stream (_, parts) = String.concat " " (List.map Check.hex parts)

(* No exception, no endless loop, bounded answers; over stays over. *)
let connection_survives ((version, shared), parts) =
  let config = config ~version ~shared () in
  let outbox = Outbox.create () in
  let c = Connection.create config ~address:"test" ~now:0. ~outbox in
  let now = ref 0. in
  let rec run n =
    if n = 0 then Alcotest.fail "no end of events";
    match Connection.next c ~now:!now with
    | Await -> ()
    | Closed _ -> ()
    | Accepted _ ->
        ignore (Connection.subscribe c ~now:0. ~all:false [ 1001 ] : int);
        run (n - 1)
    | _ -> run (n - 1)
  in
  List.iteri
    (fun i part ->
      now := !now +. 0.001;
      Connection.input c ~now:!now part;
      run 1000;
      if i mod 3 = 0 then ignore (Test_queues.take_all outbox : string);
      if i mod 4 = 3 then Connection.handle_timeout c ~now:!now;
      if i = 9 then Connection.close c ~now:!now)
    parts;
  Inbox.prepare (Connection.inbox c);
  Connection.received c ~now:!now 0;
  run 1000;
  ignore (Test_queues.take_all outbox : string);
  let over () =
    match Connection.next c ~now:!now with Closed _ -> true | _ -> false
  in
  Outbox.core (Connection.outbox c) < 20_000 && over () && over ()

(* {1 The lives of a client} *)

type op =
  | Feed of string
  | Hang_up
  | Reset
  | Write of int
  | Publish of int
  | Fail_output
  | Wait of float
  | Subscribe of bool
  | Unsubscribe
  | Take
  | Stop
  | Close

let op =
  let open QCheck2.Gen in
  frequency
    [
      (30, part >|= fun s -> Feed s);
      (2, pure Hang_up);
      (1, pure Reset);
      (8, int_bound 3000 >|= fun n -> Write n);
      (8, int_bound 20 >|= fun n -> Publish n);
      (1, pure Fail_output);
      (4, float_bound_inclusive 8. >|= fun s -> Wait s);
      (3, bool >|= fun all -> Subscribe all);
      (2, pure Unsubscribe);
      (4, pure Take);
      (1, pure Stop);
      (1, pure Close);
    ]

let print_op = function
  | Feed s -> "feed " ^ Check.hex s
  | Hang_up -> "hang up"
  | Reset -> "reset"
  | Write n -> Printf.sprintf "write %d" n
  | Publish n -> Printf.sprintf "publish %d" n
  | Fail_output -> "fail output"
  | Wait s -> Printf.sprintf "wait %g" s
  | Subscribe all -> Printf.sprintf "subscribe %b" all
  | Unsubscribe -> "unsubscribe"
  | Take -> "take"
  | Stop -> "stop"
  | Close -> "close"

let sessions =
  let open QCheck2.Gen in
  let setting = oneofl [ `Buffer; `Drop; `Error ] in
  let version = oneofl [ (Connection.V1, false); (V2, false); (V2, true) ] in
  triple version setting (list_size (int_bound 60) op)

let print_sessions (_, _, ops) = String.concat "\n" (List.map print_op ops)

(* Frames that were queued, and what became of them. *)
let balances d ~written =
  let s = stats d in
  let left = Outbox.data d.client.outbox / frame_size in
  s.frames_out - s.unsent - left <= written
  && s.unsent + left <= s.frames_out

let frames_of_data s =
  let rec count pos n =
    if pos + Codec.header_size > String.length s then n
    else
      let b = Bytes.unsafe_of_string s in
      let len = Int32.to_int (Bytes.get_int32_le b (pos + 2)) in
      let n = if Bytes.get_uint16_le b pos >= 100 then n + 1 else n in
      count (pos + Codec.header_size + len) n
  in
  count 0 0

(* No exception, no turn without end; every message that was queued is written,
   counted or waiting; and the end comes when it is asked for. *)
let survives ((version, shared), while_disconnected, ops) =
  let config = config ~version ~shared () in
  let d =
    Driver.create ~reconnect:again ~while_disconnected ~send_limit:3000 ~config ()
  in
  let subscriptions = ref [] and written = ref 0 in
  let stream = Buffer.create 100 in
  let hello = String.length config.first_bytes in
  let count () =
    let s = Buffer.contents stream in
    let skip = min hello (String.length s) in
    let s = String.sub s skip (String.length s - skip) in
    written := !written + frames_of_data s;
    Buffer.clear stream
  in
  let settle f =
    if Option.is_some d.client.connection then begin
      f (connection d);
      if not d.client.stalled || Connection.failure (connection d) <> None then
        pump d
    end;
    if Option.is_none d.client.connection then count ()
  in
  let run = function
    | Feed s -> settle (fun c -> if not d.client.stalled then
        Connection.input c ~now:d.now s)
    | Hang_up ->
        settle (fun c ->
            Inbox.prepare (Connection.inbox c);
            if not d.client.stalled then Connection.received c ~now:d.now 0)
    | Reset -> settle (fun c -> Connection.abort c (Lost "reset"))
    | Write limit -> Buffer.add_string stream (write d ~limit)
    | Publish n ->
        for i = 1 to n do
          ignore (publish d i : string)
        done
    | Fail_output -> settle (Connection.output_failed ~now:d.now)
    | Wait seconds ->
        d.now <- d.now +. seconds;
        settle (Connection.handle_timeout ~now:d.now)
    | Subscribe all -> (
        let settings = Subscription.settings ~frames:3 () in
        let type_ids = if all then None else Some [ 1001; 1002 ] in
        match
          Subscription.any d.client ~now:d.now settings ~wake:ignore ~type_ids
            R.Any_message.decode
        with
        | Ok (s, _) -> subscriptions := s :: !subscriptions
        | Error _ -> ())
    | Unsubscribe ->
        List.iter (Subscription.close ~now:d.now) !subscriptions;
        subscriptions := []
    | Take ->
        List.iter
          (fun s ->
            if not (Subscription.is_empty s) then
              ignore (take s : R.Any_message.t))
          !subscriptions;
        settle ignore
    | Stop -> Client.stop d.client ~now:d.now
    | Close -> Client.close d.client ~now:d.now
  in
  let step op =
    if (not (Client.is_over d.client)) && Option.is_none d.client.connection
    then begin
      ignore (Client.next_delay d.client ~random:0.5 : float);
      ignore (Client.connect d.client ~now:d.now : Connection.t)
    end;
    run op;
    Outbox.core d.client.outbox < 20_000
  in
  let bounded = List.for_all step ops in
  Client.close d.client ~now:d.now;
  (* It may wait for the handshake, then for their end: no longer. *)
  List.iter (fun () -> run (Wait 8.)) [ (); () ];
  if Option.is_some d.client.connection then count ();
  bounded && Client.is_over d.client && balances d ~written:!written

let tests =
  [
    Check.property "a connection" ~count:3000 stream ~print:print_stream
      connection_survives;
    Check.property "the lives of a client" ~count:2000 sessions
      ~print:print_sessions survives;
  ]
