module Core = Mycelium.Core_messages
module Codec = Mycelium.Codec

type role =
  | Sink of int
  | Source of { frame : string; count : int }
  | Echo
  | Bridge of { first : int; count : int; answer_every : int; last : bool }

let size = 65_536

let rec write_all fd b pos len =
  if len > 0 then begin
    let n = Unix.write fd b pos len in
    write_all fd b (pos + n) (len - n)
  end

let send fd s = write_all fd (Bytes.unsafe_of_string s) 0 (String.length s)

let rec read_exactly fd b pos len =
  if len > 0 then begin
    let n = Unix.read fd b pos len in
    if n = 0 then exit 0;
    read_exactly fd b (pos + n) (len - n)
  end

let digest = String.make 32 '\000'

let welcome () =
  Core.Welcome.make_exn ~schema_digest:digest ~protocol_version:2
    ~schema_mode:Exact ~connection_id:Mycelium.U64.one
    ~heartbeat_interval_ms:0 ~heartbeat_misses:0
    ~max_payload:Codec.max_payload

(* A bridge that has one client, which subscribes once. *)
let greet fd =
  let b = Bytes.create (2 + Core.Client_hello.size) in
  read_exactly fd b 0 (Bytes.length b);
  send fd (Codec.encode (module Core.Welcome) (welcome ()));
  let b = Bytes.create (Codec.header_size + Core.Subscribe.size) in
  read_exactly fd b 0 (Bytes.length b);
  let pos = Codec.header_size and len = Core.Subscribe.size in
  let asked = Core.Subscribe.decode_exn b ~pos ~len in
  Core.Subscribed.make_exn ~request:asked.request ~types:1
  |> Codec.encode (module Core.Subscribed)
  |> send fd

let rec skip fd b left =
  if left > 0 then begin
    let n = Unix.read fd b 0 (min left size) in
    if n > 0 then skip fd b (left - n)
  end

let rec echo fd b =
  match Unix.read fd b 0 size with
  | 0 -> ()
  | n ->
      write_all fd b 0 n;
      echo fd b

let rec until_end fd b = if Unix.read fd b 0 size > 0 then until_end fd b

let source fd frame count =
  let n = String.length frame in
  let many = size / n in
  let batch =
    Bytes.of_string (String.concat "" (List.init many (fun _ -> frame)))
  in
  let rec go left =
    if left > 0 then begin
      let now = min left many in
      write_all fd batch 0 (now * n);
      go (left - now)
    end
  in
  go count

(* {1 A bridge that comes and goes} *)

module Tick = Messages.Tick

let tick n =
  let n = Mycelium.U64.of_int_exn n in
  Tick.make_exn ~sequence:n ~price:n ~sent:n

let tick_size = Codec.header_size + Tick.size

let numbered fd ~first ~count =
  let b = Bytes.create size in
  let rec go n pos =
    if n = first + count then write_all fd b 0 pos
    else if pos + tick_size > size then begin
      write_all fd b 0 pos;
      go n 0
    end
    else go (n + 1) (Codec.encode_into (module Tick) (tick n) b ~pos)
  in
  go first 0

let answered fd ~first ~count ~every =
  let b = Bytes.create tick_size in
  for i = 1 to count / every do
    read_exactly fd b 0 tick_size;
    let pos = Codec.header_size and len = Tick.size in
    let answer = Tick.decode_exn b ~pos ~len in
    if not (Tick.equal answer (tick (first - 1 + (i * every)))) then begin
      prerr_endline "an answer that is not the next one";
      exit 1
    end
  done

let serve fd ~handshake role =
  let b = Bytes.create size in
  if handshake then greet fd;
  (match role with
  | Bridge { first; count; answer_every; last } ->
      numbered fd ~first ~count;
      answered fd ~first ~count ~every:answer_every;
      if not last then exit 0
  | Sink bytes ->
      skip fd b bytes;
      if not handshake then send fd "x"
  | Source { frame; count } -> source fd frame count
  | Echo -> echo fd b);
  Unix.shutdown fd SHUTDOWN_SEND;
  until_end fd b

let main () =
  match Array.to_list Sys.argv with
  | [ _; "peer"; words ] ->
      Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
      let (role : role), handshake =
        Marshal.from_string (Scanf.unescaped words) 0
      in
      (try
         let fd, _ = Unix.accept Unix.stdin in
         serve fd ~handshake role
       with Unix.Unix_error _ -> ());
      exit 0
  | _ -> ()

let next = ref 0

let new_path () =
  incr next;
  Filename.concat
    (Filename.get_temp_dir_name ())
    (Printf.sprintf "mycelium-bench-%d-%d" (Unix.getpid ()) !next)

let start_at path role ~handshake =
  let fd = Unix.socket ~cloexec:true PF_UNIX SOCK_STREAM 0 in
  Unix.bind fd (ADDR_UNIX path);
  Unix.listen fd 1;
  let words = String.escaped (Marshal.to_string (role, handshake) []) in
  let program = Sys.executable_name in
  let pid =
    Unix.create_process program [| program; "peer"; words |] fd Unix.stdout
      Unix.stderr
  in
  Unix.close fd;
  let finish () =
    let status = snd (Unix.waitpid [] pid) in
    Unix.unlink path;
    if status <> WEXITED 0 then failwith "the peer has failed"
  in
  finish

let start role ~handshake =
  let path = new_path () in
  (path, start_at path role ~handshake)
