module Failure = Mycelium.Failure

let unreachable address problem =
  Error (Failure.Unreachable { address = Address.to_string address; problem })

let close fd = try Unix.close fd with Unix.Unix_error _ -> ()

external prepare : Unix.file_descr -> unit = "mycelium_prepare" [@@noalloc]

external recv : Unix.file_descr -> bytes -> int -> int -> int
  = "mycelium_recv"
  [@@noalloc]

external send : Unix.file_descr -> bytes -> int -> int -> int
  = "mycelium_send"
  [@@noalloc]

external poll_readable : Unix.file_descr -> Unix.file_descr -> float -> int
  = "mycelium_wait_readable"

external poll_writable : Unix.file_descr -> int -> float -> int
  = "mycelium_wait_writable"

(* {1 Connecting} *)

let is_no_socket path =
  match Unix.stat path with
  | { st_kind = S_SOCK; _ } -> false
  | _ -> true
  | exception Unix.Unix_error _ -> false

let explain address (e : Unix.error) =
  match (address, e) with
  | Address.Path path, (ECONNREFUSED | EISDIR | ENOTSOCK)
    when is_no_socket path ->
      "what is at this path is no socket: correct the path"
  | Address.Path _, ENOENT ->
      "there is nothing at this path: start the bridge, or correct the path"
  | Address.Path _, ECONNREFUSED ->
      "nobody listens: start the bridge (the socket file is a stale one)"
  | Address.Path _, (EACCES | EPERM) ->
      "permission denied: see the mode of the socket file and of its folder"
  | Address.Path _, (EAGAIN | EWOULDBLOCK) -> "the bridge does not accept"
  | Address.Tcp _, ECONNREFUSED ->
      "nobody listens: start the bridge, or correct host and port"
  | _, (EMFILE | ENFILE) ->
      "too many files are open: close some, or raise the limit"
  | _ -> Unix.error_message e

let finish fd =
  prepare fd;
  Ok fd

let rec uninterrupted f =
  try f () with Unix.Unix_error (EINTR, _, _) -> uninterrupted f

let timeout until =
  if until = infinity then -1. else Float.max 0. (until -. Clock.now ())

let wait_readable fd ~other ~until =
  let fd = match fd with Some fd -> fd | None -> other in
  poll_readable fd other (timeout until)

let wait_writable fd ~until = poll_writable fd (-1) (timeout until) <> 0

(* The system refuses to wait much longer than this, which is 30 years. *)
let longest = 1e9
let remaining until = Float.min longest (Float.max 0.001 (until -. Clock.now ()))

let connect_path address path ~until =
  match Address.check address with
  | Error _ as e -> e
  | Ok _ -> (
      let fd = Unix.socket ~cloexec:true PF_UNIX SOCK_STREAM 0 in
      try
        (* How long connecting may wait where the backlog is full. *)
        Unix.setsockopt_float fd SO_SNDTIMEO (remaining until);
        uninterrupted (fun () -> Unix.connect fd (ADDR_UNIX path));
        finish fd
      with Unix.Unix_error (e, _, _) ->
        close fd;
        unreachable address (explain address e))

let rec becomes_writable fd ~until =
  wait_writable fd ~until
  || (Clock.now () < until && becomes_writable fd ~until)

let connect_one address (info : Unix.addr_info) ~until =
  let fd = Unix.socket ~cloexec:true info.ai_family SOCK_STREAM 0 in
  let failed problem =
    close fd;
    unreachable address problem
  in
  try
    Unix.set_nonblock fd;
    (try Unix.connect fd info.ai_addr with
    | Unix.Unix_error ((EINPROGRESS | EINTR | EAGAIN), _, _) -> ());
    if not (becomes_writable fd ~until) then failed "no answer in time"
    else
      match Unix.getsockopt_error fd with
      | Some e -> failed (explain address e)
      | None ->
          Unix.setsockopt fd TCP_NODELAY true;
          finish fd
  with Unix.Unix_error (e, _, _) -> failed (explain address e)

(* Each has its share of the time. What one of them fails with, be it that this
   system has no such addresses, is no reason not to try the next. *)
let rec connect_any address infos ~until connect =
  match infos with
  | [] -> unreachable address "no such host: correct its name"
  | info :: rest -> (
      let now = Clock.now () in
      let share = (until -. now) /. float_of_int (1 + List.length rest) in
      match connect info ~until:(now +. share) with
      | Error _ when rest <> [] -> connect_any address rest ~until connect
      | exception Unix.Unix_error (e, _, _) ->
          if rest <> [] then connect_any address rest ~until connect
          else unreachable address (explain address e)
      | outcome -> outcome)

let connect_tcp address ~host ~port ~until =
  let infos =
    Unix.getaddrinfo host (string_of_int port) [ AI_SOCKTYPE SOCK_STREAM ]
  in
  connect_any address infos ~until (connect_one address)

let connect address ~until =
  try
    match address with
    | Address.Path path -> connect_path address path ~until
    | Address.Tcp { host; port } -> connect_tcp address ~host ~port ~until
  with Unix.Unix_error (e, _, _) -> unreachable address (explain address e)

(* {1 Reading and writing} *)

let again = -1
let lost = -2

let check b pos len =
  if pos < 0 || len < 0 || pos > Bytes.length b - len then
    invalid_arg "Socket: the range is not in the bytes"

let read fd b ~pos ~len =
  check b pos len;
  recv fd b pos len

let write fd b ~pos ~len =
  check b pos len;
  send fd b pos len

let shutdown_with fd how =
  try Unix.shutdown fd how with Unix.Unix_error _ -> ()

let shutdown_send fd = shutdown_with fd SHUTDOWN_SEND
let shutdown fd = shutdown_with fd SHUTDOWN_ALL
