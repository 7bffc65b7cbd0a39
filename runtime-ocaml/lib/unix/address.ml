module Failure = Mycelium.Failure

type t = Path of string | Tcp of { host : string; port : int }

let after prefix s =
  let n = String.length prefix in
  if String.length s >= n && String.sub s 0 n = prefix then
    Some (String.sub s n (String.length s - n))
  else None

let unbracketed host =
  let n = String.length host in
  if n > 2 && host.[0] = '[' && host.[n - 1] = ']' then String.sub host 1 (n - 2)
  else host

let tcp s =
  let wrong problem = Error (Failure.Configuration { key = s; problem }) in
  match String.rindex_opt s ':' with
  | None -> wrong "an address is tcp://HOST:PORT"
  | Some colon -> (
      let host = unbracketed (String.sub s 0 colon) in
      let port = String.sub s (colon + 1) (String.length s - colon - 1) in
      match int_of_string_opt port with
      | Some port when port > 0 && port < 65536 && host <> "" ->
          Ok (Tcp { host; port })
      | _ -> wrong "an address is tcp://HOST:PORT, with a port of 1 to 65535")

let wrong problem = Error (Failure.Configuration { key = "address"; problem })

(* [sun_path] has 108 bytes, with the zero at its end. *)
let longest_path = 107

let check t =
  match t with
  | Path "" -> wrong "is empty"
  | Path path when String.length path > longest_path ->
      wrong
        (Printf.sprintf
           "the path has %d bytes, a socket's may have %d: choose a shorter one"
           (String.length path) longest_path)
  | Path path when String.contains path '\000' ->
      wrong "the path has a zero byte, and the system takes none"
  | Path _ | Tcp _ -> Ok t

let of_string s =
  match (after "tcp://" s, after "unix:" s) with
  | Some rest, _ -> tcp rest
  | None, Some path -> check (Path path)
  | None, None -> check (Path s)

let to_string = function
  | Path path -> path
  | Tcp { host; port } ->
      if String.contains host ':' then Printf.sprintf "tcp://[%s]:%d" host port
      else Printf.sprintf "tcp://%s:%d" host port
