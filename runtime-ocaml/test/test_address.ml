module Failure = Mycelium.Failure
open Mycelium_unix

let bool = Alcotest.(check bool)

let addresses () =
  let same s expected =
    match Address.of_string s with
    | Ok a ->
        bool s true (a = expected);
        bool s true (Address.of_string (Address.to_string a) = Ok expected)
    | Error f -> Alcotest.fail (Failure.to_string f)
  in
  same "/run/a.sock" (Path "/run/a.sock");
  same "unix:a" (Path "a");
  same "tcp://[::1]:7000" (Tcp { host = "::1"; port = 7000 });
  same "tcp://bridge.example:1" (Tcp { host = "bridge.example"; port = 1 });
  let wrong s = bool s true (Result.is_error (Address.of_string s)) in
  List.iter wrong [ ""; "unix:"; "tcp://x"; "tcp://x:0"; "tcp://:1"; "tcp://x:y" ];
  List.iter wrong [ String.make 108 'x'; "unix:" ^ String.make 108 'x' ];
  List.iter wrong [ "a\000b" ];
  same (String.make 107 'x') (Path (String.make 107 'x'))

let tests = [ Check.case "written and read" addresses ]
