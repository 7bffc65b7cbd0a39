external get64 : bytes -> int -> int64 = "%caml_bytes_get64u"

let[@inline] ( ||| ) a b = Int64.logor a b

(* The loop counts in [nativeint]: such a counter is a plain register, where an
   [int] is copied and shifted for every load. *)
let[@inline] word b i offset =
  get64 b (Nativeint.to_int (Nativeint.add i offset))

let[@inline] ( +% ) i n = Nativeint.add i n

let[@inline] four b i =
  word b i 0n ||| word b i 8n ||| (word b i 16n ||| word b i 24n)

let[@inline] eight b i =
  four b i
  ||| (word b i 32n ||| word b i 40n ||| (word b i 48n ||| word b i 56n))

(* The words from [first] on ORed together, and the one at [last]. Inlined,
   because the result is then not boxed. *)
let[@inline] gather b ~first ~last =
  let i = ref (Nativeint.of_int first) and last = Nativeint.of_int last in
  let seen = ref (word b last 0n) in
  while !i +% 56n <= last do
    seen := !seen ||| eight b !i;
    i := !i +% 64n
  done;
  if !i +% 24n <= last then begin
    seen := !seen ||| four b !i;
    i := !i +% 32n
  end;
  while !i < last do
    seen := !seen ||| word b !i 0n;
    i := !i +% 8n
  done;
  !seen

let is_zero b ~first ~last = gather b ~first ~last = 0L

let is_ascii b ~first ~last =
  Int64.logand (gather b ~first ~last) 0x8080_8080_8080_8080L = 0L
