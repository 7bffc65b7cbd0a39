module Hello = Core_messages.Client_hello

let with_length bytes =
  let b = Bytes.create (2 + String.length bytes) in
  Bytes.set_uint16_le b 0 (String.length bytes);
  Bytes.blit_string bytes 0 b 2 (String.length bytes);
  Bytes.unsafe_to_string b

let v1 ~schema_digest =
  if String.length schema_digest <> 32 then
    invalid_arg "Handshake.v1: a schema digest has 32 bytes";
  with_length schema_digest

let v2 hello = with_length (Hello.encode hello)
let can_share = 0b01
let is_worker = 0b10

let hello ?(client_name = "") ?(worker_id = "")
    ?(worker_token = String.make 16 '\000') ?(shared = false) ~schema_digest ()
    =
  let capabilities =
    (if shared then can_share else 0)
    lor if worker_id <> "" then is_worker else 0
  in
  Hello.make ~schema_digest ~protocol_version:2 ~capabilities ~client_name
    ~worker_id ~worker_token
