let case name f = Alcotest.test_case name `Quick f

let property name ?(count = 1000) gen ~print law =
  let test = QCheck2.Test.make ~name ~count ~print gen law in
  case name (fun () ->
      QCheck2.Test.check_exn ~rand:(Random.State.make [| 20251116 |]) test)

let error ~code ~path = function
  | Ok _ -> Alcotest.failf "accepted; expected %s at %S" code path
  | Error { Mycelium.Error.code = found; path = at } ->
      Alcotest.(check (pair string string))
        "code and path" (code, path)
        (Mycelium.Error.code_to_string found, at)

let ok = function
  | Ok v -> v
  | Error e -> Alcotest.failf "refused: %s" (Mycelium.Error.to_string e)

let refused what f =
  match f () with
  | _ -> Alcotest.failf "%s: accepted" what
  | exception Invalid_argument _ -> ()

let hex s =
  String.concat ""
    (List.map
       (fun c -> Printf.sprintf "%02x" (Char.code c))
       (List.of_seq (String.to_seq s)))

let patch s pos bytes =
  let b = Bytes.of_string s in
  Bytes.blit_string bytes 0 b pos (String.length bytes);
  Bytes.to_string b

let u64 s =
  match Mycelium.U64.of_string s with
  | Some v -> v
  | None -> Alcotest.failf "no U64: %s" s
