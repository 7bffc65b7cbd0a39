//! Raw types one by one: what each accepts, what it reports first, and that writing leaves no byte as it was.

use super::*;
use crate::elements::Element;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

/// The verdict on `bytes` as an `R`: `ok`, or code and path.
fn verdict<R: Raw>(bytes: &[u8]) -> String {
    let raw = R::ref_from_bytes(bytes).expect("the test's bytes have the type's size");
    match check(raw, "f") {
        Ok(()) => "ok".to_string(),
        Err(fault) => {
            let error = crate::DecodeError::from(fault);
            alloc::format!("{} {}", error.code(), error.path())
        }
    }
}

/// `bytes` with one of them replaced.
fn with(bytes: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = byte;
    bytes
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Buy = 1,
    Sell = 2,
}

impl Enumeration for Side {
    type Raw = U16;
    const FIRST: Self = Side::Buy;

    fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Side::Buy),
            2 => Some(Side::Sell),
            _ => None,
        }
    }

    fn number(self) -> u32 {
        self as u32
    }
}

#[test]
fn sizes_are_the_wire_formats() {
    assert_eq!((size_of::<Str<33, 1>>(), size_of::<Str<32, 0>>()), (42, 40));
    assert_eq!((size_of::<List<[u8; 3], 3, 1>>(), size_of::<Opt<U64, 7>>()), (18, 16));
    assert_eq!((size_of::<Opt<Str<33, 1>, 1>>(), align_of::<Opt<U64, 7>>()), (44, 1));
}

#[test]
fn strings_report_count_then_padding_then_utf8_then_padding() {
    type S = Str<5, 1>;
    let good = [3, 0, 0, 0, 0, 0, 0, 0, b'a', b'b', b'c', 0, 0, 0];
    let cases = [
        (good.to_vec(), "ok"),
        (with(&good, 0, 0), "padding f"),
        (with(&good, 0, 6), "count f"),
        (with(&good, 1, 1), "count f"),
        (with(&good, 7, 1), "padding f"),
        (with(&with(&good, 7, 1), 0, 6), "count f"),
        (with(&with(&good, 7, 1), 9, 0xff), "padding f"),
        (with(&good, 10, 0xc3), "utf8 f"),
        (with(&with(&good, 10, 0xc3), 11, 0xa9), "utf8 f"),
        (with(&good, 11, b' '), "padding f"),
        (with(&good, 13, 1), "padding f"),
        (with(&with(&good, 8, 0xc3), 9, 0xa9), "ok"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(verdict::<S>(&bytes), expected, "{bytes:?}");
    }
}

#[test]
fn vectors_report_count_padding_elements_padding() {
    type L = List<[Bool; 2], 2, 0>;
    let good = [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    let cases = [
        (good.to_vec(), "ok"),
        (with(&good, 0, 3), "count f"),
        (with(&good, 2, 1), "padding f"),
        (with(&with(&good, 2, 1), 8, 2), "padding f"),
        (with(&good, 9, 2), "bool f[0][1]"),
        (with(&with(&good, 9, 2), 11, 2), "bool f[0][1]"),
        (with(&good, 10, 1), "padding f"),
        (with(&with(&good, 0, 2), 11, 2), "bool f[1][1]"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(verdict::<L>(&bytes), expected, "{bytes:?}");
    }
    assert_eq!(verdict::<List<[u8; 3], 1, 1>>(&[1, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 1]), "padding f");
}

#[test]
fn optionals_report_presence_padding_and_only_then_the_value() {
    type O = Opt<Enum<Side>, 1>;
    let cases = [
        ([0, 0, 0, 0], "ok"),
        ([1, 0, 2, 0], "ok"),
        ([2, 1, 0, 0], "presence f"),
        ([1, 1, 9, 0], "padding f"),
        ([1, 0, 0, 0], "enum f"),
        ([1, 0, 1, 1], "enum f"),
        // An absent value is zero, even where zero is no value.
        ([0, 0, 1, 0], "padding f"),
        ([0, 1, 0, 0], "padding f"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(verdict::<O>(&bytes), expected, "{bytes:?}");
    }
}

#[test]
fn only_one_nan_is_a_float32() {
    for (bits, expected) in [
        (0x7fc0_0000u32, "ok"),
        (0x7fc0_0001, "nan f"),
        (0xffc0_0000, "nan f"),
        (0x7f80_0001, "nan f"),
        (0x7f80_0000, "ok"),
        (0xff80_0000, "ok"),
        (0x8000_0000, "ok"),
    ] {
        assert_eq!(verdict::<F32>(&bits.to_le_bytes()), expected, "{bits:#x}");
    }
    assert_eq!(verdict::<F64>(&u64::MAX.to_le_bytes()), "ok");
    let mut raw = F32::new_zeroed();
    raw.set(f32::from_bits(0xffc1_2345));
    assert_eq!(raw.as_bytes(), 0x7fc0_0000u32.to_le_bytes());
}

/// The bytes after `write`, which has to write the same whatever was there.
fn written<R: Raw>(write: impl Fn(&mut R)) -> Vec<u8> {
    let results = [0x00, 0xaa, 0xff].map(|before| {
        let mut bytes = vec![before; size_of::<R>()];
        write(R::mut_from_bytes(&mut bytes).expect("of its size"));
        bytes
    });
    assert!(results[0] == results[1] && results[1] == results[2], "a byte was not written");
    let [bytes, ..] = results;
    assert_eq!(verdict::<R>(&bytes), "ok");
    bytes
}

// Messages are written in place over old ones: what is left of those would be refused, or leak.
#[test]
fn writing_writes_every_byte() {
    assert_eq!(written::<Str<5, 1>>(|s| s.set("añ")), [3, 0, 0, 0, 0, 0, 0, 0, b'a', 0xc3, 0xb1, 0, 0, 0]);
    assert_eq!(written::<Str<5, 1>>(|s| s.set("over the bound")), [0; 14]);
    assert_eq!(written::<Str<300, 0>>(|s| s.set(&"x".repeat(299)))[306..], [b'x', 0]);
    assert_eq!(written::<List<U16, 2, 0>>(|l| l.set(&[0x102u16])), [1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0]);
    assert_eq!(written::<List<U16, 2, 0>>(|l| l.set(&[1u16, 2, 3])), [0; 12]);
    assert_eq!(written::<List<[u8; 3], 1, 1>>(|l| l.copy(&[[7; 3]])), [1, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 0]);
    assert_eq!(written::<List<[u8; 3], 1, 1>>(|l| l.copy(&[[7; 3]; 2])), [0; 12]);
    assert_eq!(written::<Opt<U16, 1>>(|o| o.some().set(5)), [1, 0, 5, 0]);
    assert_eq!(written::<Opt<U16, 1>>(|o| o.none()), [0; 4]);
    assert_eq!(written::<[F32; 2]>(|a| [1.0, f32::NAN].store(a))[4..], [0, 0, 0xc0, 0x7f]);
}

#[test]
fn reading_gives_what_was_written() {
    let mut list = List::<Enum<Side>, 3, 0>::new_zeroed();
    list.set(&[Side::Sell, Side::Buy]);
    let elements = crate::Elements::<Side>::new(list.elements());
    assert_eq!(elements, [Side::Sell, Side::Buy]);
    assert_eq!((elements.get(0), elements.get(2), elements.len()), (Some(Side::Sell), None, 2));
    assert_eq!(elements.iter().rev().collect::<Vec<_>>(), [Side::Buy, Side::Sell]);
    let mut rows = [[I32::ZERO; 2]; 2];
    store(&mut rows, &[[1, -2], [3, 4]]);
    assert_eq!(load::<[[i32; 2]; 2]>(&rows), [[1, -2], [3, 4]]);
}

// A length over the bound never comes out of a check; it must not be able to panic all the same.
#[test]
fn unchecked_lengths_are_harmless() {
    let bytes = [0xff; 14];
    let raw = Str::<5, 1>::ref_from_bytes(&bytes).expect("of its size");
    assert_eq!(raw.text().len(), 5);
    let list = List::<[u8; 3], 2, 0>::ref_from_bytes(&bytes).expect("of its size");
    assert_eq!(list.elements().len(), 2);
}

#[test]
fn texts_of_a_list() {
    assert!(one_of(b"b", &["a", "b"]) && !one_of(b"", &["a"]) && !one_of(b"ab", &["a", "b"]));
}
