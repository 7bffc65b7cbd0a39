module Utf8 = Mycelium.Utf8

(* Decoding by the book: a code point, then whether its shortest form was
   used. *)
let is_valid_plainly s =
  let n = String.length s in
  let byte i = if i < n then Char.code s.[i] else 0 in
  let rec go i =
    if i >= n then true
    else
      let lead = byte i in
      let length =
        if lead < 0x80 then 1
        else if lead land 0xE0 = 0xC0 then 2
        else if lead land 0xF0 = 0xE0 then 3
        else if lead land 0xF8 = 0xF0 then 4
        else 0
      in
      let tail k = byte (i + k) land 0xC0 = 0x80 in
      let bits k = byte (i + k) land 0x3F in
      length > 0
      && i + length <= n
      && List.for_all tail (List.init (length - 1) (fun k -> k + 1))
      &&
      let point, least =
        match length with
        | 1 -> (lead, 0)
        | 2 -> (((lead land 0x1F) lsl 6) lor bits 1, 0x80)
        | 3 ->
            ( ((lead land 0x0F) lsl 12) lor (bits 1 lsl 6) lor bits 2,
              0x800 )
        | _ ->
            ( ((lead land 0x07) lsl 18)
              lor (bits 1 lsl 12)
              lor (bits 2 lsl 6)
              lor bits 3,
              0x10000 )
      in
      point >= least
      && point <= 0x10FFFF
      && not (point >= 0xD800 && point <= 0xDFFF)
      && go (i + length)
  in
  go 0

(* The edges of every row of the table of well-formed sequences. *)
let table =
  [
    ("", true);
    ("a", true);
    ("\x7F", true);
    ("\x80", false);
    ("\xBF", false);
    ("\xC0\x80", false);
    ("\xC1\xBF", false);
    ("\xC2\x80", true);
    ("\xC2", false);
    ("\xC2\x7F", false);
    ("\xC2\xC0", false);
    ("\xDF\xBF", true);
    ("\xE0\x9F\xBF", false);
    ("\xE0\xA0\x80", true);
    ("\xE0\xA0", false);
    ("\xE1\x80\x80", true);
    ("\xEC\xBF\xBF", true);
    ("\xED\x9F\xBF", true);
    ("\xED\xA0\x80", false);
    ("\xED\xBF\xBF", false);
    ("\xEE\x80\x80", true);
    ("\xEF\xBF\xBF", true);
    ("\xF0\x8F\xBF\xBF", false);
    ("\xF0\x90\x80\x80", true);
    ("\xF0\x90\x80", false);
    ("\xF3\xBF\xBF\xBF", true);
    ("\xF4\x8F\xBF\xBF", true);
    ("\xF4\x90\x80\x80", false);
    ("\xF5\x80\x80\x80", false);
    ("\xF8\x88\x80\x80\x80", false);
    ("\xFF", false);
  ]

(* The checks go through words: a sequence has to be found at every place of
   one. *)
let at_every_place f =
  for before = 0 to 40 do
    for after = 0 to 17 do
      f (String.make before 'x') (String.make after 'y')
    done
  done

let edges () =
  let check (sequence, expected) =
    let found = Utf8.is_valid sequence in
    Alcotest.(check bool) (Check.hex sequence) expected found;
    at_every_place (fun before after ->
        let s = before ^ sequence ^ after in
        if Utf8.is_valid s <> is_valid_plainly s then
          Alcotest.failf "%S is judged wrongly" s)
  in
  List.iter check table

let ascii () =
  at_every_place (fun before after ->
      Alcotest.(check bool) "all" true (Utf8.is_ascii (before ^ after));
      Alcotest.(check bool)
        "one not" false
        (Utf8.is_ascii (before ^ "\x80" ^ after)))

(* Pieces of sequences meet more often than random bytes do. *)
let pieces =
  QCheck2.Gen.(
    let piece =
      oneof
        [
          map fst (oneofl table);
          map (String.make 1) char;
          oneofl [ "é"; "\xE2\x82\xAC"; "\xF0\x9F\x90\xAB"; "plain text" ];
        ]
    in
    map (String.concat "") (list_size (int_bound 12) piece))

(* Text mostly of one script, as text is, with a byte or none replaced: runs of
   characters of two and three bytes have ways of their own. *)
let scripts =
  QCheck2.Gen.(
    let character =
      frequency
        [
          (8, oneofl [ "é"; "\xC2\x80"; "\xDF\xBF"; "λ"; "Ж" ]);
          (1, oneofl [ " "; "x"; "abcdefgh" ]);
        ]
    and wide =
      frequency
        [
          ( 8,
            oneofl
              [ "€"; "語"; "\xE0\xA0\x80"; "\xED\x9F\xBF"; "\xEE\x80\x80" ] );
          (1, oneofl [ " "; "x"; "é"; "\xF0\x9F\x90\xAB" ]);
        ]
    in
    let text =
      map (String.concat "")
        (bind (oneofl [ character; wide ]) (list_size (int_range 1 40)))
    in
    let spoil (s, (replaced, at, byte)) =
      let at = at mod String.length s in
      if replaced then String.mapi (fun i c -> if i = at then byte else c) s
      else s
    in
    let bytes =
      oneof
        [ char; oneofl [ '\x9F'; '\xA0'; '\xC1'; '\xC3'; '\xE0'; '\xED'; 'x' ] ]
    in
    map spoil (pair text (triple bool (int_bound 200) bytes)))

(* As Rust's [Debug] prints them, which is tested with the same texts. *)
let quoted () =
  let check s expected =
    Alcotest.(check string) "quoted" ("\"" ^ expected ^ "\"") (Utf8.quoted s)
  in
  List.iter
    (fun s -> check s s)
    [ ""; "it's"; "Grüße, κόσμε"; "語"; "\xF0\x9F\x90\xAB"; "\xC3\xBF" ];
  check "a\"b\\c" "a\\\"b\\\\c";
  check "\000\t\n\r\x1B[2J\x7F" "\\0\\t\\n\\r\\u{1b}[2J\\u{7f}";
  List.iter
    (fun (s, expected) -> check ("ü" ^ s ^ "x") ("ü" ^ expected ^ "x"))
    [
      ("\xC2\x85", "\\u{85}");
      ("\xC2\x9F", "\\u{9f}");
      ("\xD8\x9C", "\\u{61c}");
      ("\xE2\x80\x8B", "\\u{200b}");
      ("\xE2\x80\x8F", "\\u{200f}");
      ("\xE2\x80\xA8", "\\u{2028}");
      ("\xE2\x80\xA9", "\\u{2029}");
      ("\xE2\x80\xAA", "\\u{202a}");
      ("\xE2\x80\xAE", "\\u{202e}");
      ("\xE2\x81\xA6", "\\u{2066}");
      ("\xE2\x81\xA9", "\\u{2069}");
      ("\xEF\xBB\xBF", "\\u{feff}");
      ("\xF3\xA0\x81\x81", "\\u{e0041}");
    ];
  check "\xE2\x80\xA7" "\xE2\x80\xA7";
  Alcotest.(check string) "not UTF-8" {|"\128\n"|} (Utf8.quoted "\x80\n")

let tests =
  [
    Check.case "edges of well-formed sequences" edges;
    Check.case "ascii at every place" ascii;
    Check.case "quoted" quoted;
    Check.property "as decoded by the book" ~count:20_000 pieces
      ~print:Check.hex (fun s -> Utf8.is_valid s = is_valid_plainly s);
    Check.property "text of one script" ~count:20_000 scripts ~print:Check.hex
      (fun s -> Utf8.is_valid s = is_valid_plainly s);
  ]
