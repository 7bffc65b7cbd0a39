//! What only generated OCaml can get wrong: arrays that anyone can write to, views of bytes that nobody checked,
//! messages as large as they get on a small stack, more messages than a closed type has room for.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use mycelium_tests::contract::Contract;
use mycelium_tests::ocaml_program;
use mycelium_tests::toolchain::run;

/// Runs a program with a stack of half a megabyte; it prints what is wrong and exits with 1.
fn succeeds(program: &std::path::Path) {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -s 512 && exec \"$0\""]).arg(program).stdin(Stdio::null());
    let output = run(limited);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

/// Without this, a write to an element of a message's array could make bytes that no reader accepts, or worse, write
/// outside of the message.
#[test]
fn arrays_that_were_written_to_are_refused() {
    let contract = Contract::new(
        "writable",
        "
tag_ranges: { app: 100-49999 }
domains: { Test: { description: Arrays } }
structs:
  Pair: { fields: { left: u8, right: u64 } }
messages:
  Arrays:
    tlv_type: 100
    domain: Test
    fields:
      u16s: \"Vec<u16, 4>\"
      u32s: \"[u32; 2]\"
      i8s: \"[i8; 2]\"
      i16s: \"Vec<i16, 2>\"
      i32s: \"[i32; 2]\"
      f32s: \"Vec<f32, 3>\"
      octets: \"[[u8; 3]; 2]\"
      nested: \"[[i16; 2]; 2]\"
      grids: \"Vec<[[f32; 2]; 2], 2>\"
      maybe: { type: \"Vec<u16, 2>\", optional: true }
      pairs: \"Vec<Pair, 2>\"
      last: u8
"
        .to_owned(),
    );
    succeeds(&ocaml_program::build_one("writable", &contract, include_str!("../fixtures/ocaml_writable.ml")));
}

/// Without this, reading, writing or comparing 65,535 elements could take a stack frame for each of them.
#[test]
fn the_largest_message_needs_no_stack() {
    let contract = Contract::new(
        "largest",
        "
tag_ranges: { app: 100-49999 }
domains: { Test: { description: Size } }
structs:
  Cell: { fields: { at: u32, text: \"String<50>\" } }
messages:
  Largest: { tlv_type: 100, domain: Test, fields: { cells: \"Vec<Cell, 65535>\" } }
  Words: { tlv_type: 101, domain: Test, fields: { word: \"[u8; 65535]\", text: \"String<65535>\", raw: \"Vec<u8, 65535>\" } }
"
        .to_owned(),
    );
    succeeds(&ocaml_program::build_one("largest", &contract, include_str!("../fixtures/ocaml_largest.ml")));
}

/// Without this, a contract of more messages than a closed type can have constructors, 246, would not compile.
#[test]
fn three_hundred_messages_have_a_dispatcher() {
    let mut text =
        String::from("tag_ranges: { app: 100-49999 }\ndomains: { Test: { description: Many } }\nmessages:\n");
    for index in 0..300 {
        let _ =
            writeln!(text, "  Message{index}: {{ tlv_type: {}, domain: Test, fields: {{ a: u16 }} }}", 1000 + index);
    }
    let contract = Contract::new("three_hundred", text);
    let main = r#"
open Messages

let () =
  let message = Any_message.Message7 (Message7.make_exn ~a:513) in
  let bytes = Bytes.of_string (Any_message.encode message) in
  assert (Bytes.to_string bytes = "\001\002");
  let decode type_id = Any_message.decode ~type_id bytes ~pos:0 ~len:2 in
  (match decode 1007 with
  | Some (Ok (Any_message.Message7 { a = 513 })) -> ()
  | _ -> assert false);
  (match decode 1008 with
  | Some (Ok other) ->
      assert (Any_message.name other = "Message8");
      assert (Any_message.type_id other = 1008);
      assert (not (Any_message.equal message other))
  | _ -> assert false);
  assert (decode 999 = None);
  assert (Any_message.equal message message);
  let differs = Any_message.Message7 (Message7.make_exn ~a:514) in
  assert (not (Any_message.equal message differs));
  assert (Format.asprintf "%a" Any_message.pp message = "Message7 { a = 513; }")
"#;
    succeeds(&ocaml_program::build_one("three_hundred", &contract, main));
}
