//! Values that get lost between languages: the ones at the edges of signed integers, strings that do not fit, text that
//! is none. Each test is one way in which money disappears.

use mycelium_tests::driver::Driver;
use mycelium_tests::golden;
use mycelium_tests::tokens::hex;

const LANGUAGES: [fn() -> &'static Driver; 2] = [golden::rust, golden::ocaml];

fn ask(driver: &Driver, message: &str, operation: &str, words: &str) -> String {
    let request = format!("{message} {operation} {words}").trim_end().to_owned();
    let mut replies = driver.ask(&[request]);
    replies.pop().expect("a reply")
}

/// The payload that a driver makes of values.
fn construct(driver: &Driver, message: &str, words: &str) -> String {
    let reply = ask(driver, message, "construct", words);
    reply.strip_prefix("ok ").unwrap_or_else(|| panic!("{}: {reply}", driver.language)).to_owned()
}

/// The values that a driver reads in a payload.
fn decode(driver: &Driver, message: &str, payload: &str) -> String {
    let reply = ask(driver, message, "decode", payload);
    reply.strip_prefix("ok ").unwrap_or_else(|| panic!("{}: {reply}", driver.language)).to_owned()
}

/// Made in Rust, read in OCaml, made again of what was read there, and read in Rust.
fn survives(message: &str, words: &str) {
    let (rust, ocaml) = (golden::rust(), golden::ocaml());
    let payload = construct(rust, message, words);
    let read = decode(ocaml, message, &payload);
    assert_eq!(read, words, "read in OCaml");
    let again = construct(ocaml, message, &read);
    assert_eq!(again, payload, "made in OCaml");
    assert_eq!(decode(rust, message, &again), words, "read in Rust");
}

#[test]
fn u16_40000_survives_rust_to_ocaml_to_rust() {
    survives("trading BookSnapshot", "x45 1 0 0 1 40000 0 5");
    survives("corners ListRules", "x01 2 40000 65535 x00000001 Red Far");
}

#[test]
fn u32_4_000_000_000_survives_rust_to_ocaml_to_rust() {
    survives("reference BatchOperation", "1 1 x0000000000000000000000000000000000000000 4000000000");
    survives("core Subscribed", "1 4294967295");
}

#[test]
fn u64_2_to_the_63_survives_rust_to_ocaml_to_rust() {
    survives("core Ping", "9223372036854775808");
    survives("core Ping", "18446744073709551615");
    survives("core Ping", "9223372036854775807");
}

#[test]
fn u256_max_survives_rust_to_ocaml_to_rust() {
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    survives("corners WideRules", &format!("1000000000000000000000 {max} 1 {max}"));
}

#[test]
fn negative_numbers_survive_rust_to_ocaml_to_rust() {
    survives("reference CounterUpdate", "0 -2147483648 -1");
}

/// A string that is cut is a different string, and half a character is none.
#[test]
fn a_string_over_its_bound_is_an_error_and_never_cut() {
    for driver in LANGUAGES.map(|build| build()) {
        for (sender, fits) in [
            ("x".repeat(32), true),
            ("x".repeat(33), false),
            ("é".repeat(16), true),
            (format!("{}x", "é".repeat(16)), false),
            (format!("x{}", "é".repeat(16)), false),
            // Lengths that a 16-bit count would wrap around.
            ("x".repeat(65_536), false),
            ("x".repeat(65_536 + 5), false),
            ("x".repeat(131_072 + 32), false),
        ] {
            let words = format!("x{} x61 7", hex(sender.as_bytes()));
            let reply = ask(driver, "reference TextMessage", "construct", &words);
            let length = sender.len();
            if fits {
                assert!(reply.starts_with("ok "), "{}, {length} bytes: {reply}", driver.language);
                assert_eq!(decode(driver, "reference TextMessage", &reply[3..]), words);
            } else {
                assert_eq!(reply, "err count sender", "{}, {length} bytes", driver.language);
            }
        }
    }
}

#[test]
fn a_vector_over_its_bound_is_an_error_and_never_cut() {
    let items = |count: usize| format!("1 {count}{} 7", format!(" x{}", "00".repeat(20)).repeat(count));
    for driver in LANGUAGES.map(|build| build()) {
        for (count, fits) in [(10, true), (11, false), (65_536 + 1, false)] {
            let reply = ask(driver, "reference BatchOperation", "construct", &items(count));
            assert_eq!(reply.starts_with("ok "), fits, "{}, {count} items", driver.language);
            if !fits {
                assert_eq!(reply, "err count items", "{}, {count} items", driver.language);
            }
        }
        let (bins, matrix) = (" 0000000000000000".repeat(64), " 4 0 0 0 0".repeat(4));
        let spectrum = format!("1 64{bins} 4{matrix} 0 x{} -", "00".repeat(256));
        assert_eq!(ask(driver, "telemetry Spectrum", "construct", &spectrum), "err count raw", "{}", driver.language);
    }
}

/// Rust's `&str` cannot hold it; OCaml's `string` can.
#[test]
fn ocaml_refuses_text_that_is_not_utf8() {
    let ocaml = golden::ocaml();
    for bytes in ["80", "c3", "c0af", "eda080", "f4908080", "f09f98", "61ff"] {
        let reply = ask(ocaml, "reference TextMessage", "construct", &format!("x{bytes} x61 7"));
        assert_eq!(reply, "err utf8 sender", "{bytes}");
    }
}

/// OCaml's integers have 63 bits and its floats are f64: what the wire has no room for is an error.
#[test]
fn ocaml_refuses_numbers_that_do_not_fit() {
    let ocaml = golden::ocaml();
    let (too_large, largest) = ((3.5e38f64).to_bits(), f64::from(f32::MAX).to_bits());
    let reading = |flags: &str, small: &str, error: u64| {
        format!("1 2 true 0000000000000000 {error:016x} {small} 0 0 0 {flags} 0")
    };
    for (words, expected) in [
        (reading("65536", "0", largest), "err range flags"),
        (reading("-1", "0", largest), "err range flags"),
        (reading("0", "128", largest), "err range offset_i8"),
        (reading("0", "-129", largest), "err range offset_i8"),
        (reading("0", "0", too_large), "err range error"),
    ] {
        assert_eq!(ask(ocaml, "telemetry SensorReading", "construct", &words), expected, "{words}");
    }
    construct(ocaml, "telemetry SensorReading", &reading("65535", "-128", largest));
}

/// 0.1 is less than the f32 next to it: what is compared with a bound is what is written.
#[test]
fn ocaml_compares_what_it_writes_with_the_bounds_of_an_f32() {
    let ocaml = golden::ocaml();
    let values = |ratio: f64| {
        let bits = [ratio, 1.0, 0.0, 1.0, 0.0, 0.0].map(|value| format!("{:016x}", value.to_bits()));
        bits.join(" ")
    };
    for (ratio, reply) in [(0.1, "ok"), (16_777_217.0, "ok"), (16_777_216.9, "ok"), (0.09999999, "err rule:min ratio")]
    {
        let found = ask(ocaml, "corners FloatRules", "construct", &values(ratio));
        assert!(found.starts_with(reply), "{ratio}: {found}");
    }
    let written = construct(ocaml, "corners FloatRules", &values(0.1));
    assert_eq!(decode(golden::rust(), "corners FloatRules", &written), values(f64::from(0.1f32)));
}
