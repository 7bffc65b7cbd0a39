module U64 = Mycelium.U64

let shown v = U64.to_string v
let gen = QCheck2.Gen.(map U64.of_int64 (oneof [ ui64; map Int64.of_int int ]))
let pair = QCheck2.Gen.pair gen gen
let print_pair (a, b) = shown a ^ " " ^ shown b

(* Decimal numbers in the order of the numbers. *)
let compare_decimals a b =
  match compare (String.length a) (String.length b) with
  | 0 -> compare a b
  | c -> c

let spellings () =
  let accepted text expected =
    Alcotest.(check (option string)) text (Some expected)
      (Option.map shown (U64.of_string text))
  in
  let rejected text =
    Alcotest.(check (option string)) text None
      (Option.map shown (U64.of_string text))
  in
  accepted "0" "0";
  accepted "007" "7";
  accepted "18446744073709551615" "18446744073709551615";
  accepted "9223372036854775808" "9223372036854775808";
  accepted "0xFfFfFfFfFfFfFfFf" "18446744073709551615";
  accepted "0x00000000000000000000001" "1";
  List.iter rejected
    [
      ""; "-1"; "+1"; " 1"; "1 "; "1_000"; "0u5"; "0x"; "0xg"; "0X1"; "0b1";
      "18446744073709551616"; "0x10000000000000000"; "1.0"; "0x-1"; "0x_1";
    ]

let edges () =
  Alcotest.(check (option int)) "max_int" (Some max_int)
    (U64.to_int (U64.of_int_exn max_int));
  Alcotest.(check (option int)) "max_int + 1" None
    (U64.to_int (Check.u64 "4611686018427387904"));
  Alcotest.(check (option int)) "2^63" None
    (U64.to_int (Check.u64 "9223372036854775808"));
  Alcotest.(check (option string)) "-1" None
    (Option.map shown (U64.of_int (-1)));
  Check.refused "of_int_exn" (fun () -> U64.of_int_exn (-1));
  Alcotest.(check string) "hex" "0x8000000000000000"
    (U64.to_hex (Check.u64 "9223372036854775808"));
  Alcotest.(check int) "2^63 is more than 1" 1
    (U64.compare (Check.u64 "9223372036854775808") U64.one);
  Alcotest.(check bool) "max" true (U64.ge U64.max_value U64.zero)

let tests =
  [
    Check.case "spellings" spellings;
    Check.case "edges" edges;
    Check.property "of_string, to_string" gen ~print:shown (fun v ->
        U64.of_string (shown v) = Some v
        && U64.of_string (U64.to_hex v) = Some v);
    Check.property "compare is the order of the decimals" pair ~print:print_pair
      (fun (a, b) ->
        compare (U64.compare a b) 0
        = compare (compare_decimals (shown a) (shown b)) 0
        && U64.ge a b = (U64.compare a b >= 0)
        && U64.equal a b = (U64.compare a b = 0));
    Check.property "of_int, to_int" QCheck2.Gen.int ~print:string_of_int
      (fun i ->
        match U64.of_int i with
        | None -> i < 0
        | Some v -> i >= 0 && U64.to_int v = Some i);
  ]
