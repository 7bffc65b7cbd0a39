module Core = Mycelium.Core_messages
module Codec = Mycelium.Codec
module Address = Mycelium_unix.Address
module Socket = Mycelium_unix.Socket

type t = { listener : Unix.file_descr; address : Address.t }
type client = { fd : Unix.file_descr; hello : string }

let patience = 10.

let listen domain sockaddr =
  let fd = Unix.socket ~cloexec:true domain SOCK_STREAM 0 in
  Unix.setsockopt_float fd SO_RCVTIMEO patience;
  Unix.bind fd sockaddr;
  Unix.listen fd 8;
  fd

let on_path () =
  let path = Filename.temp_file "mycelium" ".sock" in
  Unix.unlink path;
  { listener = listen PF_UNIX (ADDR_UNIX path); address = Path path }

let on_tcp host =
  let domain = Unix.domain_of_sockaddr (ADDR_INET (host, 0)) in
  let listener = listen domain (ADDR_INET (host, 0)) in
  match Unix.getsockname listener with
  | ADDR_INET (_, port) ->
      let host = Unix.string_of_inet_addr host in
      { listener; address = Tcp { host; port } }
  | ADDR_UNIX _ -> assert false

let address t = t.address

let rec uninterrupted f =
  try f () with Unix.Unix_error (EINTR, _, _) -> uninterrupted f

let play t script f =
  let outcome = ref (Ok ()) in
  let run () = try script () with e -> outcome := Error e in
  let thread = Thread.create run () in
  let finish () =
    Thread.join thread;
    Unix.close t.listener;
    match t.address with Path path -> Unix.unlink path | Tcp _ -> ()
  in
  match f () with
  | v ->
      finish ();
      (match !outcome with Ok () -> v | Error e -> raise e)
  | exception e ->
      finish ();
      (match !outcome with
      | Error inner -> Printf.eprintf "bridge: %s\n" (Printexc.to_string inner)
      | Ok () -> ());
      raise e

let read c b pos len = uninterrupted (fun () -> Unix.read c.fd b pos len)

let receive_bytes c n =
  let b = Bytes.create n in
  let rec go pos =
    if pos < n then
      match read c b pos (n - pos) with
      | 0 -> failwith "the client closed the stream"
      | k -> go (pos + k)
  in
  go 0;
  Bytes.to_string b

(* Without the signal that ends a process: the client may be gone. *)
let send c s =
  let b = Bytes.unsafe_of_string s in
  let rec go pos =
    if pos < Bytes.length b then begin
      let n = Socket.write c.fd b ~pos ~len:(Bytes.length b - pos) in
      if n = Socket.lost then failwith "the client is gone"
      else if n = Socket.again then begin
        ignore (Socket.wait_writable c.fd ~until:infinity : bool);
        go pos
      end
      else go (pos + n)
    end
  in
  go 0

let accept t =
  let fd, _ =
    uninterrupted (fun () -> Unix.accept ~cloexec:true t.listener)
  in
  Unix.setsockopt_float fd SO_RCVTIMEO patience;
  let c = { fd; hello = "" } in
  let len = Bytes.get_uint16_le (Bytes.of_string (receive_bytes c 2)) 0 in
  { c with hello = receive_bytes c len }

let hello c = c.hello

let welcome ?interval_ms t =
  let c = accept t in
  send c (Protocol.welcome ?interval_ms ());
  c

let receive c =
  let header = Bytes.of_string (receive_bytes c Codec.header_size) in
  let len = Int32.to_int (Bytes.get_int32_le header 2) in
  (Bytes.get_uint16_le header 0, receive_bytes c len)

let subscribed c =
  match receive c with
  | id, payload when id = Core.Subscribe.type_id ->
      let asked = Check.ok (Core.Subscribe.decode_string payload) in
      Core.Subscribed.make_exn ~request:asked.request ~types:1
      |> Codec.encode (module Core.Subscribed)
      |> send c;
      asked
  | id, _ -> Alcotest.failf "a frame of type %d, no Subscribe" id

let expect c n =
  let id, payload = receive c in
  Alcotest.(check string)
    (Printf.sprintf "frame %d" n)
    (Check.hex (Protocol.counter n))
    (Check.hex (Codec.frame ~type_id:id payload))

let at_end c = read c (Bytes.create 1) 0 1 = 0
let hang_up c = Unix.close c.fd

let say_goodbye c =
  let rec go () =
    if fst (receive c) <> Core.Goodbye.type_id then go ()
  in
  go ();
  Alcotest.(check bool) "Goodbye is the last" true (at_end c);
  hang_up c

(* A pipe, so that waiting can have an end. *)
type event = { output : Unix.file_descr; input : Unix.file_descr }

let event () =
  let output, input = Unix.pipe ~cloexec:true () in
  { output; input }

let set e = ignore (Unix.write e.input (Bytes.make 1 'e') 0 1 : int)

let await e =
  match uninterrupted (fun () -> Unix.select [ e.output ] [] [] patience) with
  | [], _, _ -> failwith "an event did not come"
  | _ -> ()

let until what f =
  let last = Unix.gettimeofday () +. patience in
  while not (f ()) do
    if Unix.gettimeofday () > last then failwith (what ^ " did not come");
    Thread.yield ()
  done
