(* Conversions of large numbers against Zarith's, which is another's work. *)

module U64 = Mycelium.U64
module U256 = Mycelium.U256
module G = QCheck2.Gen

let bits n = Z.pred (Z.shift_left Z.one n)

(* Of every length, and near powers of two and of ten. *)
let number ~max =
  let open G in
  let random =
    int_range 1 (max / 8) >>= fun n ->
    string_size ~gen:char (return n) >|= Z.of_bits
  in
  let near base =
    int_bound 80 >>= fun n ->
    int_range (-2) 2 >|= fun d -> Z.add (Z.pow (Z.of_int base) n) (Z.of_int d)
  in
  let edge = oneofl [ Z.zero; Z.one; bits max ] in
  frequency [ (4, random); (2, near 2); (2, near 10); (1, edge) ]
  >|= fun z -> if Z.sign z < 0 then Z.zero else Z.logand z (bits max)

let hex z = "0x" ^ Z.format "%x" z
let le z = let s = Z.to_bits z in
  String.init 32 (fun i -> if i < String.length s then s.[i] else '\000')

let u64 z = U64.of_int64 (Z.to_int64 (Z.signed_extract z 0 64))

let u64_agrees z =
  let v = u64 z in
  U64.to_string v = Z.to_string z
  && U64.to_hex v = hex z
  && U64.of_string (Z.to_string z) = Some v
  && U64.of_string (hex z) = Some v
  && U64.to_int v = (if Z.fits_int z then Some (Z.to_int z) else None)

let u64_order (a, b) = U64.compare (u64 a) (u64 b) = Z.compare a b

let u256 z =
  match U256.of_bytes_le (le z) with
  | Some v -> v
  | None -> Alcotest.fail "32 bytes"

let u256_agrees z =
  let v = u256 z in
  let same = function Some w -> U256.equal v w | None -> false in
  U256.to_string v = Z.to_string z
  && U256.to_hex v = hex z
  && U256.to_bytes_le v = le z
  && same (U256.of_string (Z.to_string z))
  && same (U256.of_string (hex z))
  && U256.to_int v = (if Z.fits_int z then Some (Z.to_int z) else None)
  && (U256.to_u64 v <> None) = (Z.numbits z <= 64)

let u256_order (a, b) =
  compare (U256.compare (u256 a) (u256 b)) 0 = compare (Z.compare a b) 0

(* One more than the largest, and anything longer, is refused. *)
let refused extra =
  let over n = Z.add (bits n) (Z.succ (Z.abs extra)) in
  U64.of_string (Z.to_string (over 64)) = None
  && U64.of_string (hex (over 64)) = None
  && U256.of_string (Z.to_string (over 256)) = None
  && U256.of_string (hex (over 256)) = None

let pair g = G.pair g g
let print_pair (a, b) = Z.to_string a ^ ", " ^ Z.to_string b
let print = Z.to_string

let tests =
  [
    Check.property "U64" ~count:3000 (number ~max:64) ~print u64_agrees;
    Check.property "U64, order" (pair (number ~max:64)) ~print:print_pair
      u64_order;
    Check.property "U256" ~count:3000 (number ~max:256) ~print u256_agrees;
    Check.property "U256, order" (pair (number ~max:256)) ~print:print_pair
      u256_order;
    Check.property "too large" (number ~max:512) ~print refused;
  ]
