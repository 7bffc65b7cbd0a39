module RT = Mycelium_wire.Runtime

(* Zero checks go through words that overlap: one byte that is not zero has to
   be seen at every place, and none outside of the range. *)
let zeros_at_every_place () =
  for n = 0 to 150 do
    let b = Bytes.make (n + 40) '\xFF' in
    Bytes.fill b 20 n '\000';
    Alcotest.(check bool) "all zero" true (RT.is_zero b 20 n);
    for i = 20 to 20 + n - 1 do
      Bytes.set b i '\x80';
      if RT.is_zero b 20 n then Alcotest.failf "byte %d of %d unseen" i n;
      Bytes.set b i '\000'
    done
  done

(* The same for stores: all of the range, and nothing else. *)
let set_zeros_at_every_place () =
  for n = 0 to 150 do
    let b = Bytes.make (n + 40) '\xFF' in
    RT.set_zeros b 20 n;
    let expected =
      String.make 20 '\xFF' ^ String.make n '\000' ^ String.make 20 '\xFF'
    in
    Alcotest.(check string) "bytes" (Check.hex expected)
      (Check.hex (Bytes.to_string b))
  done

(* The unused part of a string is checked with words that begin in the used
   part. *)
let tails_of_text () =
  let tails_of ~max n =
    let size = 8 + max + (max land 1) in
    let b = Bytes.make (size + 16) '\xFF' in
    let text = String.make n 'x' in
    RT.set_text b 8 ~size text;
    RT.check_text b 8 ~max ~size "f";
    Alcotest.(check string) "taken" text (RT.take_text b 8 ~max ~size "f");
    for i = 10 to 8 + size - 1 do
      if i < 16 || i >= 16 + n then begin
        let kept = Bytes.get b i in
        Bytes.set b i '\001';
        let check b p = RT.check_text b p ~max ~size "f" in
        let take b p = ignore (RT.take_text b p ~max ~size "f" : string) in
        List.iter
          (fun f ->
            Check.error ~code:"padding" ~path:"f"
              (RT.try_check f b ~pos:8 ~len:size ~size))
          [ check; take ];
        Bytes.set b i kept
      end
    done
  in
  for max = 1 to 40 do
    for n = 0 to max do
      tails_of ~max n
    done
  done;
  List.iter
    (fun max ->
      List.iter
        (fun n -> if n <= max then tails_of ~max n)
        [ 0; 1; 7; 8; 31; 32; 33; 63; 64; 65; 95; 96; 100; 127; 224; 255; 256 ])
    [ 41; 48; 64; 65; 72; 88; 96; 100; 255; 256; 300 ]

(* Text is looked at in words, short fields under a mask: a byte that makes it
   invalid has to be seen at every place. *)
let text_at_every_place () =
  let text_of max =
    let size = 8 + max + (max land 1) in
    let step = if max <= 40 then 1 else 17 in
    let n = ref 0 in
    while !n <= max do
      let b = Bytes.make (size + 16) '\xFF' in
      RT.set_text b 8 ~size (String.make !n 'x');
      for i = 16 to 16 + !n - 1 do
        Bytes.set b i '\x80';
        Check.error ~code:"utf8" ~path:"f"
          (RT.try_check
             (fun b p -> RT.check_text b p ~max ~size "f")
             b ~pos:8 ~len:size ~size);
        Bytes.set b i 'x'
      done;
      n := !n + step
    done
  in
  for max = 1 to 40 do
    text_of max
  done;
  List.iter text_of [ 64; 100; 255; 256; 300 ]

(* Short copies are stores that overlap: they may not go beyond either end. *)
let octets_of_every_length () =
  for n = 0 to 70 do
    let s = String.init n (fun i -> Char.chr (i + 1)) in
    let b = Bytes.make (n + 40) '\xFF' in
    RT.set_octets b 20 s;
    let expected = String.make 20 '\xFF' ^ s ^ String.make 20 '\xFF' in
    Alcotest.(check string) "stored" (Check.hex expected)
      (Check.hex (Bytes.to_string b));
    Alcotest.(check string) "loaded" s (RT.get_octets b 20 ~len:n)
  done

let little_endian () =
  let b = Bytes.make 8 '\000' in
  let bytes set expected =
    set ();
    Alcotest.(check string) "bytes" expected (Check.hex (Bytes.to_string b))
  in
  bytes (fun () -> RT.set_u64 b 0 (Check.u64 "0x0123456789abcdef"))
    "efcdab8967452301";
  Alcotest.(check int) "u16" 0xcdef (RT.get_u16 b 0);
  Alcotest.(check int) "u32" 0x89abcdef (RT.get_u32 b 0);
  Alcotest.(check int) "i8" (0xef - 0x100) (RT.get_i8 b 0);
  Alcotest.(check int) "i16" (0xcdef - 0x10000) (RT.get_i16 b 0);
  Alcotest.(check int) "i32" (0x89abcdef - 0x1_0000_0000) (RT.get_i32 b 0);
  bytes (fun () -> RT.set_u32 b 0 4_000_000_000) "00286bee67452301";
  bytes (fun () -> RT.set_i16 b 0 (-2)) "feff6bee67452301";
  bytes (fun () -> RT.set_f64 b 0 1.5) "000000000000f83f";
  bytes (fun () -> RT.set_f32 b 0 1.5) "0000c03f0000f83f";
  Alcotest.(check (float 0.)) "f32" 1.5 (RT.get_f32 b 0)

let rounding () =
  let rounded v = RT.round_f32 v "f" in
  let bits v = Int32.bits_of_float (rounded v) in
  Alcotest.(check int32) "one NaN" 0x7FC00000l (bits (-.nan));
  Alcotest.(check int32)
    "from any NaN" 0x7FC00000l
    (bits (Int64.float_of_bits 0xFFF0_0000_0000_0001L));
  Alcotest.(check (float 0.)) "infinity" infinity (rounded infinity);
  Alcotest.(check (float 0.)) "largest" 0x1.fffffep127 (rounded 0x1.fffffep127);
  Alcotest.(check int32) "-0.0" Int32.min_int (bits (-0.));
  Alcotest.(check int32) "to zero" 0l (bits 1e-60);
  (* Half a step over the largest rounds to infinity, less does not. *)
  Alcotest.(check (float 0.)) "just fits" 0x1.fffffep127
    (rounded 0x1.fffffefffffffp127);
  match rounded 0x1.ffffffp127 with
  | _ -> Alcotest.fail "rounded to infinity"
  | exception Mycelium.Error.Invalid e ->
      Check.error ~code:"range" ~path:"f" (Error e)

let printing () =
  let check pp v expected =
    Alcotest.(check string) "printed" expected (Format.asprintf "%a" pp v)
  in
  check RT.pp_f32 (RT.round_f32 0.1 "") "0.1";
  check RT.pp_f64 0.1 "0.1";
  check RT.pp_f64 (RT.round_f32 0.1 "") "0.10000000149011612";
  check RT.pp_octets "\x00\xff" "0x00ff";
  check (RT.pp_option RT.pp_int) (Some (-1)) "Some (-1)"

let tests =
  [
    Check.case "zero checks at every place" zeros_at_every_place;
    Check.case "zero stores at every place" set_zeros_at_every_place;
    Check.case "tails of strings" tails_of_text;
    Check.case "strings at every place" text_at_every_place;
    Check.case "octets of every length" octets_of_every_length;
    Check.case "little-endian" little_endian;
    Check.case "rounding to f32" rounding;
    Check.case "printing" printing;
  ]
