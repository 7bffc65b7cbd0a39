module Handshake = Mycelium.Handshake
module Hello = Mycelium.Core_messages.Client_hello

let digest = String.init 32 Char.chr

let version_1 () =
  let s = Handshake.v1 ~schema_digest:digest in
  Alcotest.(check string) "bytes" ("2000" ^ Check.hex digest) (Check.hex s);
  Check.refused "31 bytes" (fun () ->
      Handshake.v1 ~schema_digest:(String.make 31 'x'));
  Check.refused "33 bytes" (fun () ->
      Handshake.v1 ~schema_digest:(String.make 33 'x'))

let version_2 () =
  let hello = Check.ok (Handshake.hello ~schema_digest:digest ()) in
  let s = Handshake.v2 hello in
  Alcotest.(check int) "length" (Hello.size + 2) (String.length s);
  Alcotest.(check int) "length in front" Hello.size
    (Char.code s.[0] + (256 * Char.code s.[1]));
  Alcotest.(check string) "digest, version, capabilities"
    (Check.hex digest ^ "020000000000")
    (Check.hex (String.sub s 2 38));
  let rest = String.sub s 2 Hello.size in
  Alcotest.(check bool) "the message" true
    (Hello.equal hello (Check.ok (Hello.decode_string rest)))

let capabilities () =
  let bits ?worker_id ?shared () =
    let hello =
      Handshake.hello ?worker_id ?shared ~schema_digest:digest () |> Check.ok
    in
    hello.capabilities
  in
  Alcotest.(check int) "none" 0 (bits ());
  Alcotest.(check int) "shared" 1 (bits ~shared:true ());
  Alcotest.(check int) "worker" 2 (bits ~worker_id:"echo-1" ());
  Alcotest.(check int) "both" 3 (bits ~worker_id:"echo-1" ~shared:true ())

let refused () =
  Check.error ~code:"count" ~path:"schema_digest"
    (Handshake.hello ~schema_digest:"short" ());
  Check.error ~code:"count" ~path:"client_name"
    (Handshake.hello ~client_name:(String.make 65 'x') ~schema_digest:digest
       ());
  Check.error ~code:"count" ~path:"worker_token"
    (Handshake.hello ~worker_token:"short" ~schema_digest:digest ())

let tests =
  [
    Check.case "version 1" version_1;
    Check.case "version 2" version_2;
    Check.case "capabilities" capabilities;
    Check.case "values that do not fit" refused;
  ]
