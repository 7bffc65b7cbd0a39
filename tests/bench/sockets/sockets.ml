(* [sockets [--quick] [--strict]]: publishing, receiving and round trips of the
   SDK over a Unix socket, beside raw loops over [Unix] with the same frames, in
   interleaved rounds. The best round of each counts. [--strict] fails when a
   goal is not met. *)

open Mycelium_unix
module Codec = Mycelium.Codec

let schema_digest = Messages.schema_digest
let messages = Messages.Any_message.messages
let ok r = Mycelium.Failure.exn r

let raw_connect path =
  let fd = Unix.socket PF_UNIX SOCK_STREAM 0 in
  Unix.connect fd (ADDR_UNIX path);
  fd

let rec write_all fd b pos len =
  if len > 0 then begin
    let n = Unix.write fd b pos len in
    write_all fd b (pos + n) (len - n)
  end

let await_byte fd = ignore (Unix.read fd (Bytes.create 1) 0 1 : int)

let time f =
  let start = Clock.now () in
  f ();
  Clock.now () -. start

type 'a kind = {
  m : (module Mycelium.Message.S with type t = 'a);
  make : int -> 'a;
}

type any = Kind : 'a kind -> any

let frame_size (type a) (k : a kind) =
  let (module M) = k.m in
  Codec.header_size + M.size

(* {1 Lanes: seconds for [count] frames} *)

let raw_publish (type a) (k : a kind) count =
  let n = frame_size k in
  let path, finish = Peer.start (Sink (n * count)) ~handshake:false in
  let fd = raw_connect path in
  let b = Bytes.create n in
  let seconds =
    time (fun () ->
        for i = 1 to count do
          ignore (Codec.encode_into k.m (k.make i) b ~pos:0 : int);
          write_all fd b 0 n
        done;
        await_byte fd)
  in
  Unix.close fd;
  finish ();
  seconds

let batch_size = 65_536

let raw_batched (type a) (k : a kind) count =
  let n = frame_size k in
  let path, finish = Peer.start (Sink (n * count)) ~handshake:false in
  let fd = raw_connect path in
  let b = Bytes.create batch_size in
  let seconds =
    time (fun () ->
        let pos = ref 0 in
        for i = 1 to count do
          if !pos + n > batch_size then begin
            write_all fd b 0 !pos;
            pos := 0
          end;
          pos := Codec.encode_into k.m (k.make i) b ~pos:!pos
        done;
        write_all fd b 0 !pos;
        await_byte fd)
  in
  Unix.close fd;
  finish ();
  seconds

let connect path =
  ok (Transport.connect_unix ~schema_digest ~messages path)

let publish (type a) (k : a kind) count =
  let n = frame_size k in
  let path, finish = Peer.start (Sink (n * count)) ~handshake:true in
  let transport = connect path in
  let publisher = Publisher.create_exn transport k.m in
  let subscriber = Subscriber.create_exn transport k.m in
  let seconds =
    time (fun () ->
        for i = 1 to count do
          Publisher.publish_exn publisher (k.make i)
        done;
        (* The peer ends its stream once it has all. *)
        match Subscriber.recv subscriber with
        | Ok _ -> failwith "a message from the sink"
        | Error _ -> ())
  in
  Transport.close transport;
  finish ();
  seconds

let receive (type a) (k : a kind) count =
  let frame = Codec.encode k.m (k.make 1) in
  let path, finish = Peer.start (Source { frame; count }) ~handshake:true in
  let transport = connect path in
  let seconds = ref 0. and words = ref 0. in
  let thread =
    Thread.create
      (fun () ->
        let subscriber = Subscriber.create_exn transport k.m in
        seconds :=
          time (fun () ->
              let before = Gc.minor_words () in
              for _ = 1 to count do
                ignore (Sys.opaque_identity (Subscriber.recv_exn subscriber))
              done;
              words := Gc.minor_words () -. before))
      ()
  in
  Thread.join thread;
  Transport.close transport;
  finish ();
  (!seconds, !words /. float_of_int count)

let raw_receive (type a) (k : a kind) count =
  let (module M) = k.m in
  let frame = Codec.encode k.m (k.make 1) in
  let path, finish = Peer.start (Source { frame; count }) ~handshake:false in
  let fd = raw_connect path in
  let d = Codec.Decoder.create () in
  let seconds =
    time (fun () ->
        let left = ref count in
        while !left > 0 do
          match Codec.Decoder.next d with
          | Ok f ->
              let m = M.decode_exn f.buffer ~pos:f.pos ~len:f.len in
              ignore (Sys.opaque_identity m);
              decr left
          | Error _ ->
              ignore (Codec.Decoder.fill d ~max:batch_size (Unix.read fd) : int)
        done)
  in
  Unix.close fd;
  finish ();
  seconds

(* {1 Round trips: sorted seconds} *)

let sorted a =
  Array.sort compare a;
  a

let raw_round_trips (type a) (k : a kind) count =
  let (module M) = k.m in
  let path, finish = Peer.start Echo ~handshake:false in
  let fd = raw_connect path in
  let n = frame_size k in
  let b = Bytes.create n in
  let trips =
    Array.init count (fun i ->
        time (fun () ->
            ignore (Codec.encode_into k.m (k.make i) b ~pos:0 : int);
            write_all fd b 0 n;
            let rec read pos =
              if pos < n then read (pos + Unix.read fd b pos (n - pos))
            in
            read 0;
            let m = M.decode_exn b ~pos:Codec.header_size ~len:M.size in
            ignore (Sys.opaque_identity m)))
  in
  Unix.close fd;
  finish ();
  sorted trips

let round_trips (type a) (k : a kind) count =
  let path, finish = Peer.start Echo ~handshake:true in
  let transport = connect path in
  let subscriber = Subscriber.create_exn transport k.m in
  let publisher = Publisher.create_exn transport k.m in
  let trips =
    Array.init count (fun i ->
        time (fun () ->
            Publisher.publish_exn publisher (k.make i);
            ignore (Sys.opaque_identity (Subscriber.recv_exn subscriber))))
  in
  Transport.close transport;
  finish ();
  sorted trips

(* {1 Report} *)

let unmet = ref 0

let verdict good =
  if good then "met"
  else begin
    incr unmet;
    "not met"
  end

let best rounds f = List.fold_left Float.min infinity (List.init rounds f)

let throughput ~rounds ~count name (Kind k) =
  let results =
    List.init rounds (fun _ ->
        let one = raw_publish k count in
        let ours = publish k count in
        let batched = raw_batched k count in
        let received, words = receive k count in
        let raw_received = raw_receive k count in
        (one, ours, batched, received, words, raw_received))
  in
  let minimum f = best rounds (fun i -> f (List.nth results i)) in
  let one = minimum (fun (x, _, _, _, _, _) -> x) in
  let row lane seconds goal =
    let ratio = one /. seconds in
    Printf.printf "| %s | %.2f | %.2f | %s |\n" lane
      (float_of_int count /. seconds /. 1e6)
      ratio
      (match goal with None -> "" | Some g -> verdict (ratio >= g))
  in
  Printf.printf "### %s\n\n" name;
  print_string "| lane | million/s | times raw | at least 3 |\n";
  print_string "| --- | ---: | ---: | --- |\n";
  row "raw, one write a frame" one None;
  row "raw, 64 KiB a write" (minimum (fun (_, _, x, _, _, _) -> x)) None;
  row "publish, one by one" (minimum (fun (_, x, _, _, _, _) -> x)) (Some 3.);
  row "raw, 64 KiB a read" (minimum (fun (_, _, _, _, _, x) -> x)) None;
  row "recv in a thread" (minimum (fun (_, _, _, x, _, _) -> x)) (Some 3.);
  Printf.printf "\nrecv allocates %.1f words a message.\n\n"
    (minimum (fun (_, _, _, _, x, _) -> x))

let microseconds a p = a.(Array.length a * p / 100) *. 1e6

let latency ~rounds ~count name (Kind k) =
  let results =
    List.init rounds (fun _ ->
        let raw = raw_round_trips k count in
        (raw, round_trips k count))
  in
  let at pick p =
    best rounds (fun i -> microseconds (pick (List.nth results i)) p)
  in
  Printf.printf "### Round trip, %s\n\n" name;
  print_string "| lane | p50 us | p99 us | p50 times raw | at most 1.5 |\n";
  print_string "| --- | ---: | ---: | ---: | --- |\n";
  let raw = at fst 50 and ours = at snd 50 in
  Printf.printf "| raw | %.1f | %.1f | 1.00 | |\n" raw (at fst 99);
  Printf.printf "| publish, recv | %.1f | %.1f | %.2f | %s |\n\n" ours
    (at snd 99) (ours /. raw)
    (verdict (ours /. raw <= 1.5))

let u64 = Mycelium.U64.of_int_exn

let tick =
  let m =
    (module Messages.Tick : Mycelium.Message.S
      with type t = Messages.Tick.t)
  in
  let make i =
    Messages.Tick.make_exn ~sequence:(u64 i) ~price:(u64 42) ~sent:(u64 i)
  in
  Kind { m; make }

let text =
  let m =
    (module Messages.Text_message : Mycelium.Message.S
      with type t = Messages.Text_message.t)
  in
  let content = String.make 98 'x' in
  let make i =
    Messages.Text_message.make_exn ~sender:"bench" ~content ~timestamp:(u64 i)
  in
  Kind { m; make }

let () =
  Peer.main ();
  let has option = Array.exists (String.equal option) Sys.argv in
  let rounds = if has "--quick" then 2 else 7 in
  let count = if has "--quick" then 50_000 else 300_000 in
  let trips = if has "--quick" then 2_000 else 20_000 in
  throughput ~rounds ~count "Frames of 30 bytes" tick;
  throughput ~rounds ~count "Frames of 318 bytes" text;
  latency ~rounds ~count:trips "30 bytes" tick;
  latency ~rounds ~count:trips "318 bytes" text;
  if has "--strict" && !unmet > 0 then exit 1
