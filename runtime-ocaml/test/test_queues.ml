module Backoff = Mycelium.Backoff
module Bounded = Mycelium.Bounded
module Inbox = Mycelium.Inbox
module Outbox = Mycelium.Outbox
module Router = Mycelium.Router
module R = Reference_messages
open Protocol

let int = Alcotest.(check int)
let bool = Alcotest.(check bool)

(* {1 Outbox} *)

let add o n = Outbox.add o (module R.Counter_update) (counter_update n)

(* Takes up to [n] bytes. *)
let take o n =
  if Outbox.take o then begin
    let n = min n (Outbox.len o) in
    let s = Bytes.sub_string (Outbox.bytes o) (Outbox.pos o) n in
    Outbox.wrote o n;
    s
  end
  else ""

let rec take_all o = match take o 1000 with "" -> "" | s -> s ^ take_all o
let frames l = String.concat "" (List.map counter l)
let string what a b = Alcotest.(check string) what (Check.hex a) (Check.hex b)

let core_goes_first () =
  let o = Outbox.create () in
  add o 1;
  Outbox.add_core o "core";
  string "first" "core" (take o 100);
  string "a part" (String.sub (counter 1) 0 5) (take o 5);
  Outbox.add_core o "more";
  add o 2;
  let rest = String.sub (counter 1) 5 (String.length (counter 1) - 5) in
  string "not into a frame" (rest ^ "more" ^ counter 2) (take_all o);
  bool "empty" true (Outbox.is_empty o)

let limits () =
  let o = Outbox.create ~limit:100 () in
  bool "one that is larger" true (Outbox.has_room o 1000);
  add o 1;
  bool "78 more" true (Outbox.has_room o 78);
  bool "79 more" false (Outbox.has_room o 79);
  ignore (take o 10 : string);
  bool "what was written makes room" true (Outbox.has_room o 88);
  int "data" 12 (Outbox.data o)

(* A frame cut by the end of a connection must not be sent on by the next one:
   its rest would be read as a frame. *)
let rewind () =
  for cut = 0 to 3 * String.length (counter 0) do
    let o = Outbox.create () in
    List.iter (add o) [ 1; 2; 3 ];
    let rec skip n = if n > 0 then skip (n - String.length (take o n)) in
    skip cut;
    let lost = Outbox.rewind o in
    let n = String.length (counter 0) in
    let whole = (cut + n - 1) / n in
    int "lost" (if cut mod n = 0 then 0 else 1) lost;
    let left = List.filteri (fun i _ -> i >= whole) [ 1; 2; 3 ] in
    int "data" (n * List.length left) (Outbox.data o);
    string (Printf.sprintf "cut at %d" cut) (frames left) (take_all o)
  done

let retain () =
  let text =
    R.Text_message.make_exn ~sender:"a" ~content:"b" ~timestamp:Mycelium.U64.one
  in
  let o = Outbox.create () in
  for n = 1 to 500 do
    add o n;
    Outbox.add o (module R.Text_message) text
  done;
  ignore (take o 400 : string);
  int "lost" 1 (Outbox.rewind o);
  int "dropped" 498 (Outbox.retain o (fun ~type_id ~size:_ -> type_id = R.Counter_update.type_id));
  let left = List.init 498 (fun i -> i + 3) in
  add o 501;
  string "the others, in order" (frames (left @ [ 501 ])) (take_all o);
  add o 1;
  int "cleared" 1 (Outbox.clear o);
  bool "empty" true (Outbox.is_empty o);
  add o 2;
  string "in use again" (counter 2) (take_all o)

(* Frames from 22 bytes on, and larger than a chunk would be in two messages. *)
let in_order =
  let open QCheck2.Gen in
  list_size (int_bound 400) (pair (int_bound 9) (int_bound 70_000))

let comes_out ops =
  let o = Outbox.create () in
  let out = Buffer.create 1000 and next = ref 0 and expected = ref [] in
  List.iter
    (fun (adds, takes) ->
      for _ = 1 to adds * 50 do
        incr next;
        add o !next;
        expected := counter !next :: !expected
      done;
      Buffer.add_string out (take o takes))
    ops;
  Buffer.add_string out (take_all o);
  Buffer.contents out = String.concat "" (List.rev !expected)

(* {1 Inbox} *)

let push i s =
  let rec go pos =
    if pos < String.length s then begin
      Inbox.prepare i;
      let n = min (Inbox.room i) (String.length s - pos) in
      Bytes.blit_string s pos (Inbox.buffer i) (Inbox.fill_pos i) n;
      Inbox.filled i n;
      go (pos + n)
    end
  in
  go 0

let large_frames () =
  let i = Inbox.create ~size:4096 ~limit:1_000_000 () in
  let payload n = String.init n (fun i -> Char.chr (i land 0xFF)) in
  let frame n = Mycelium.Codec.frame ~type_id:100 (payload n) in
  List.iter
    (fun n ->
      push i (frame n);
      bool "a frame" true (Inbox.next i = Frame);
      bool "payload" true
        (payload n
        = Bytes.sub_string (Inbox.buffer i) (Inbox.pos i) (Inbox.len i));
      Inbox.put_back i;
      bool "again" true (Inbox.next i = Frame && Inbox.len i = n);
      bool "no more" true (Inbox.next i = Incomplete))
    [ 10; 5000; 999_999; 0; 4090; 4091; 70_000; 3 ];
  Inbox.prepare i;
  int "as small as before" 4096 (Bytes.length (Inbox.buffer i))

(* A header alone must not make room for what it claims. *)
let claims () =
  let i = Inbox.create ~size:4096 ~limit:4_000_000 () in
  push i "\100\000\000\000\061\000";
  bool "incomplete" true (Inbox.next i = Incomplete);
  Inbox.prepare i;
  int "as small as before" 4096 (Bytes.length (Inbox.buffer i))

(* {1 Bounded} *)

let bounds () =
  let q = Bounded.create ~frames:3 ~bytes:100 Drop_oldest in
  bool "one that is larger" true (Bounded.has_room q ~size:200);
  Bounded.push q ~size:60 1;
  bool "bytes" false (Bounded.has_room q ~size:41);
  Bounded.push q ~size:10 2;
  Bounded.push q ~size:10 3;
  bool "frames" false (Bounded.has_room q ~size:1);
  Bounded.make_room q ~size:85;
  Bounded.push q ~size:85 4;
  int "dropped" 2 (Bounded.dropped q);
  int "in order" 3 (Bounded.take q);
  int "in order" 4 (Bounded.take q);
  int "bytes" 0 (Bounded.bytes q);
  Check.refused "empty" (fun () -> Bounded.take q);
  Check.refused "no bound" (fun () ->
      Bounded.create ~frames:0 ~bytes:1 Bounded.Block)

(* {1 Router} *)

let routes () =
  let r = Router.create () in
  let ids l = List.map (fun x -> !x) l in
  let list = Alcotest.(check (list int)) in
  let a = ref 1 and b = ref 2 and c = ref 3 in
  Router.add r (Types [ 100; 101 ]) a;
  Router.add r (Types [ 101 ]) b;
  list "100" [ 1 ] (ids (Router.find r 100));
  list "101" [ 1; 2 ] (ids (Router.find r 101));
  list "102" [] (ids (Router.find r 102));
  bool "wanted" true (Router.wanted r = Types [ 100; 101 ]);
  Router.add r All c;
  list "101, all" [ 1; 2; 3 ] (ids (Router.find r 101));
  list "102, all" [ 3 ] (ids (Router.find r 102));
  bool "all" true (Router.wanted r = All);
  bool "others stay" true (Router.remove r c = None);
  list "102" [] (ids (Router.find r 102));
  bool "all was asked for" true (Router.remove r a = None);
  bool "the last" true (Router.remove r b = Some All);
  bool "nothing" true (Router.wanted r = Types []);
  Router.add r All c;
  bool "all of it" true (Router.remove r c = Some All);
  Router.add r All c;
  Router.add r (Types [ 100; 101 ]) a;
  Router.add r (Types [ 101 ]) b;
  bool "others stay" true (Router.remove r c = None);
  bool "on a new connection" true (Router.wanted r = Types [ 100; 101 ]);
  bool "only its own" true (Router.remove r a = Some (Types [ 100 ]));
  bool "the last" true (Router.remove r b = Some (Types [ 101 ]))

(* {1 Backoff} *)

let delays () =
  let b = Backoff.make () in
  let float = Alcotest.(check (float 1e-9)) in
  float "first" 0.1 (Backoff.delay b ~attempt:0 ~random:0.);
  float "half at random" 0.05 (Backoff.delay b ~attempt:0 ~random:1.);
  float "grows" 0.8 (Backoff.delay b ~attempt:3 ~random:0.);
  float "to a limit" 10. (Backoff.delay b ~attempt:1_000_000 ~random:0.);
  Check.refused "jitter" (fun () -> Backoff.make ~jitter:1.5 ());
  Check.refused "factor" (fun () -> Backoff.make ~factor:0.5 ())

let tests =
  [
    Check.case "outbox: core frames go first" core_goes_first;
    Check.case "outbox: limits" limits;
    Check.case "outbox: cut at every byte" rewind;
    Check.case "outbox: what may not be sent" retain;
    Check.property "outbox: order" ~count:100 in_order
      ~print:(fun ops -> string_of_int (List.length ops))
      comes_out;
    Check.case "inbox: large frames" large_frames;
    Check.case "inbox: claims" claims;
    Check.case "bounded" bounds;
    Check.case "router" routes;
    Check.case "backoff" delays;
  ]
