module U64 = Mycelium.U64
module U256 = Mycelium.U256

let number text =
  match U256.of_string text with
  | Some v -> v
  | None -> Alcotest.failf "no U256: %s" text

let gen =
  let open QCheck2.Gen in
  let bytes n = string_size ~gen:char (return n) in
  let zeros n = String.make n '\000' in
  int_bound 32 >>= fun n ->
  map (fun s -> Option.get (U256.of_bytes_le (s ^ zeros (32 - n)))) (bytes n)

let pair = QCheck2.Gen.pair gen gen
let print_pair (a, b) = U256.to_hex a ^ " " ^ U256.to_hex b

(* 2^256 without its last digits. *)
let almost_decimal =
  "1157920892373161954235709850086879078532699846656405640394575840079131296"

let max_decimal = almost_decimal ^ "39935"

let compare_decimals a b =
  match compare (String.length a) (String.length b) with
  | 0 -> compare a b
  | c -> c

let edges () =
  let same name a b = Alcotest.(check string) name a b in
  same "max" max_decimal (U256.to_string U256.max_value);
  same "max, read" max_decimal (U256.to_string (number max_decimal));
  same "hex" ("0x" ^ String.make 64 'f') (U256.to_hex (number max_decimal));
  same "zero" "0x0" (U256.to_hex U256.zero);
  same "2^64" "18446744073709551616"
    (U256.to_string (number "0x10000000000000000"));
  same "bytes" ("01ff" ^ String.make 60 '0')
    (Check.hex (U256.to_bytes_le (number "0xff01")));
  let rejected text =
    Alcotest.(check bool) text true (U256.of_string text = None)
  in
  List.iter rejected
    [
      ""; "0x"; "-1"; "+1"; "1_0"; " 1"; "1g"; "0xg"; "0X1";
      almost_decimal ^ "39936";
      "0x1" ^ String.make 64 '0';
      "9" ^ max_decimal;
    ];
  let bytes n = U256.of_bytes_le (String.make n 'x') in
  Alcotest.(check bool) "31 bytes" true (bytes 31 = None);
  Alcotest.(check bool) "33 bytes" true (bytes 33 = None);
  Check.refused "of_int_exn" (fun () -> U256.of_int_exn (-1))

let tests =
  [
    Check.case "edges" edges;
    Check.property "of_string, to_string" gen ~print:U256.to_hex (fun v ->
        U256.of_string (U256.to_string v) = Some v
        && U256.of_string (U256.to_hex v) = Some v
        && U256.of_bytes_le (U256.to_bytes_le v) = Some v);
    Check.property "compare is the order of the decimals" pair ~print:print_pair
      (fun (a, b) ->
        let decimals = compare_decimals (U256.to_string a) (U256.to_string b) in
        compare (U256.compare a b) 0 = compare decimals 0
        && U256.equal a b = (decimals = 0));
    Check.property "numbers of 64 bits" QCheck2.Gen.ui64 ~print:Int64.to_string
      (fun bits ->
        let v = U64.of_int64 bits in
        let wide = U256.of_u64 v in
        U256.to_string wide = U64.to_string v
        && U256.to_u64 wide = Some v
        && U256.to_int wide = U64.to_int v);
    Check.property "what is wider has not 64 bits" gen ~print:U256.to_hex
      (fun v ->
        let fits = U256.compare v (U256.of_u64 U64.max_value) <= 0 in
        (U256.to_u64 v <> None) = fits);
  ]
