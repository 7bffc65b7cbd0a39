module RT = Runtime

let header_size = 6
let max_payload = 4_194_304
let first_user_type_id = 100

let set_header b ~pos ~type_id ~length =
  if pos < 0 || pos > Bytes.length b - header_size then
    invalid_arg "Codec.set_header: no room at this position";
  if type_id < 1 || type_id > 0xFFFF then
    invalid_arg "Codec.set_header: type id";
  if length < 0 || length > max_payload then
    invalid_arg "Codec.set_header: length";
  RT.set_u16 b pos type_id;
  RT.set_u32 b (pos + 2) length

let frame ~type_id payload =
  let length = String.length payload in
  let b = Bytes.create (header_size + length) in
  set_header b ~pos:0 ~type_id ~length;
  Bytes.blit_string payload 0 b header_size length;
  Bytes.unsafe_to_string b

let encode_into (type a) (module M : Message.S with type t = a) (m : a) b ~pos =
  RT.check_room b ~pos ~size:(header_size + M.size);
  set_header b ~pos ~type_id:M.type_id ~length:M.size;
  M.encode_into m b ~pos:(pos + header_size);
  pos + header_size + M.size

let encode (type a) (module M : Message.S with type t = a) (m : a) =
  let b = Bytes.create (header_size + M.size) in
  let (_ : int) = encode_into (module M) m b ~pos:0 in
  Bytes.unsafe_to_string b

type frame = { type_id : int; buffer : bytes; pos : int; len : int }
type code = Zero_type_id | Too_long of { length : int; limit : int }
type malformed = { code : code; field : string; offset : int }
type error = Incomplete of int | Malformed of malformed

let code_to_string = function
  | Zero_type_id -> "type id 0 is not used"
  | Too_long { length; limit } ->
      Printf.sprintf "payload of %d bytes is over the limit of %d" length limit

let error_to_string = function
  | Incomplete needed ->
      Printf.sprintf "incomplete frame: %d more bytes needed" needed
  | Malformed { code; field; offset } ->
      Printf.sprintf "malformed frame: %s at byte %d of the stream: %s" field
        offset (code_to_string code)

let within_limits limit = max 0 (min limit max_payload)

let parse limit b pos len =
  if len < header_size then Error (Incomplete (header_size - len))
  else
    let type_id = RT.get_u16 b pos and length = RT.get_u32 b (pos + 2) in
    let rest = len - header_size in
    if type_id = 0 then
      Error (Malformed { code = Zero_type_id; field = "type_id"; offset = 0 })
    else if length > limit then
      let code = Too_long { length; limit } in
      Error (Malformed { code; field = "length"; offset = 2 })
    else if rest < length then Error (Incomplete (length - rest))
    else Ok { type_id; buffer = b; pos = pos + header_size; len = length }

let check_range b pos len =
  if pos < 0 || len < 0 || pos > Bytes.length b - len then
    invalid_arg "Codec: the range is not in the bytes"

let decode ?(limit = max_payload) b ~pos ~len =
  check_range b pos len;
  parse (within_limits limit) b pos len

module Decoder = struct
  type t = {
    limit : int;
    mutable buffer : bytes;
    mutable first : int;  (* Bytes before it were given out. *)
    mutable stop : int;  (* Bytes from it on are free. *)
    mutable before : int;  (* Bytes of the stream before the buffer. *)
  }

  let create ?(limit = max_payload) () =
    let limit = within_limits limit in
    { limit; buffer = Bytes.create 4096; first = 0; stop = 0; before = 0 }

  let pending d = d.stop - d.first

  (* Room for [len] bytes after the last one. What was given out makes room, so
     each byte is moved at most once for every time the buffer is half full. *)
  let reserve d len =
    let room = Bytes.length d.buffer in
    if len > room - d.stop then begin
      let used = pending d in
      let target =
        if used + len <= room && d.first >= room / 2 then d.buffer
        else Bytes.create (max (used + len) (2 * room))
      in
      Bytes.blit d.buffer d.first target 0 used;
      d.buffer <- target;
      d.before <- d.before + d.first;
      d.first <- 0;
      d.stop <- used
    end

  let push d b ~pos ~len =
    check_range b pos len;
    reserve d len;
    Bytes.blit b pos d.buffer d.stop len;
    d.stop <- d.stop + len

  let fill d ~max read =
    if max <= 0 then invalid_arg "Codec.Decoder.fill: max";
    reserve d max;
    let n = read d.buffer d.stop max in
    if n < 0 || n > max then invalid_arg "Codec.Decoder.fill: read";
    d.stop <- d.stop + n;
    n

  let next d =
    match parse d.limit d.buffer d.first (pending d) with
    | Ok frame ->
        d.first <- frame.pos + frame.len;
        Ok frame
    | Error (Malformed m) ->
        Error (Malformed { m with offset = d.before + d.first + m.offset })
    | Error (Incomplete _) as incomplete -> incomplete
end
