//! The values of settings: one grammar for each kind, the same in the file and in flags. Which settings there are is
//! [`super::settings`]'s.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use mycelium_bus::deadline::LONGEST;

use super::config::findings::{Findings, inside};
use super::config::yaml::{self, Node};

mod words;

pub use words::{Level, LogFormat, OnFailure, Policy, Ready, Unknown};

/// What a setting can be: it reads from the text of a flag, and says itself in the same text.
pub trait Value: Sized {
    /// The value, or what is wrong with the text.
    fn parse(text: &str) -> Result<Self, String>;

    /// What [`Value::parse`] reads.
    fn text(&self) -> String;

    /// The value in the file: the same text, unless it is a list or a mapping there. `None`: it is wrong, which is said.
    fn read(node: &Node, path: &str, findings: &mut Findings) -> Option<Self> {
        match Self::parse(node.text(path, findings)?) {
            Ok(value) => Some(value),
            Err(words) => {
                findings.at(node.place, path, words);
                None
            }
        }
    }
}

/// The value of a flag that is written as in the file; `None`: it is wrong, which is said.
fn of_flag<T: Value>(text: &str, findings: &mut Findings) -> Option<T> {
    let node = yaml::read(text.as_bytes(), findings)?;
    let value = T::read(&node, "", findings)?;
    findings.is_empty().then_some(value)
}

/// A span of time, such as `250ms`, `5s` or `1m 30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

/// A span of time, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

/// A number of bytes, such as `4MiB`, `64kB` or `65536`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A number from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u64);

/// A number with a fraction, from 0 on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor(pub f64);

/// The permissions of a file, in octal digits such as `0660`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

/// 32 bytes as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

/// How much is restarted: a number, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restarts(pub Option<u32>);

/// A path, or `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathOrOff(pub Option<PathBuf>);

/// Numbers of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uids(pub Vec<u32>);

/// The arguments of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

/// Variables of an environment; one without a value is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(pub BTreeMap<String, Option<String>>);

impl Value for Period {
    fn parse(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(format!("`{text}` has no unit: write `{text}s` or `{text}ms`"));
        }
        match humantime::parse_duration(text) {
            Ok(time) if time > LONGEST => {
                Err(format!("`{}` is longer than can be counted: 36500 days at most", text.escape_debug()))
            }
            Ok(time) => Ok(Self(time)),
            Err(_) => Err(format!("`{}` is no span of time such as `250ms`, `5s` or `1m 30s`", text.escape_debug())),
        }
    }

    fn text(&self) -> String {
        humantime::format_duration(self.0).to_string()
    }
}

impl Value for Limit {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self(None)),
            text => Ok(Self(Some(Period::parse(text).map_err(|words| format!("{words}, or `never`"))?.0))),
        }
    }

    fn text(&self) -> String {
        self.0.map_or_else(|| "never".to_owned(), |time| Period(time).text())
    }
}

impl Value for Size {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<ByteSize>() {
            Ok(size) => Ok(Self(size.as_u64())),
            Err(_) => Err(format!("`{}` is no size such as `4MiB`, `64kB` or `65536`", text.escape_debug())),
        }
    }

    fn text(&self) -> String {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return format!("{}{name}", self.0 / unit);
            }
        }
        self.0.to_string()
    }
}

impl Value for Count {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{}` is no number from 0 on", text.escape_debug()))
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Factor {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Self(number)),
            _ => Err(format!("`{}` is no number from 0 on, such as `1.5`", text.escape_debug())),
        }
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Mode {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no mode in octal digits such as `0660`", text.escape_debug());
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && text.starts_with('0'));
        mode.map(Self).ok_or_else(wrong)
    }

    fn text(&self) -> String {
        format!("{:04o}", self.0)
    }
}

impl Value for Digest {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no digest of 64 hexadecimal digits", text.escape_debug());
        let nibbles: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let nibbles = nibbles.filter(|nibbles| nibbles.len() == 64).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(nibbles.chunks_exact(2)) {
            *byte = (pair[0] << 4 | pair[1]) as u8;
        }
        Ok(Self(bytes))
    }

    fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Value for Restarts {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "unlimited" => Ok(Self(None)),
            text => match text.parse::<u32>() {
                Ok(number) if number < u32::MAX => Ok(Self(Some(number))),
                _ => Err(format!("`{}` is no number from 0 on, or `unlimited`", text.escape_debug())),
            },
        }
    }

    fn text(&self) -> String {
        self.0.map_or_else(|| "unlimited".to_owned(), |number| number.to_string())
    }
}

impl Value for PathOrOff {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("an empty path; `off` turns it off".to_owned()),
            "off" => Ok(Self(None)),
            path => Ok(Self(Some(path.into()))),
        }
    }

    fn text(&self) -> String {
        self.0.as_ref().map_or_else(|| "off".to_owned(), |path| path.display().to_string())
    }
}

impl Value for Uids {
    fn parse(text: &str) -> Result<Self, String> {
        let uid = |uid: &str| {
            uid.trim().parse().map_err(|_| format!("`{}` is no number of a user such as `1000`", uid.escape_debug()))
        };
        text.split(',').map(uid).collect::<Result<_, _>>().map(Self)
    }

    fn text(&self) -> String {
        self.0.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
    }

    fn read(node: &Node, path: &str, findings: &mut Findings) -> Option<Self> {
        let uid =
            |text: &str| text.parse().map_err(|_| format!("expected a number from 0 to {}, found `{text}`", u32::MAX));
        elements(node, path, findings, uid).map(Self)
    }
}

impl Value for Words {
    fn parse(text: &str) -> Result<Self, String> {
        let words = of_flag(text, &mut Findings::default());
        words.ok_or_else(|| format!("`{}` is no list such as `[--fast, x]`", text.escape_debug()))
    }

    fn text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    fn read(node: &Node, path: &str, findings: &mut Findings) -> Option<Self> {
        elements(node, path, findings, |text| Ok(text.to_owned())).map(Self)
    }
}

/// The elements of a list, each a text that is one. One that is not is said, and the whole is none.
fn elements<T>(
    node: &Node,
    path: &str,
    findings: &mut Findings,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<Vec<T>> {
    let nodes = node.elements(path, findings)?;
    let mut elements = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(text) = node.text(&path, findings) else { continue };
        match parse(text) {
            Ok(element) => elements.push(element),
            Err(words) => findings.at(node.place, &path, words),
        }
    }
    (elements.len() == nodes.len()).then_some(elements)
}

impl Value for Environment {
    fn parse(text: &str) -> Result<Self, String> {
        let mut findings = Findings::default();
        of_flag(text, &mut findings).ok_or_else(|| {
            let why: String = findings.lines().iter().map(|line| format!(": {line}")).collect();
            format!("`{}` is no environment such as `{{NAME: value, REMOVED: null}}`{why}", text.escape_debug())
        })
    }

    fn text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    fn read(node: &Node, path: &str, findings: &mut Findings) -> Option<Self> {
        let expected = "variables such as `NAME: value`, and `NAME: null` to remove one";
        let mut variables = BTreeMap::new();
        let mut is_right = true;
        for (name, node) in node.entries(expected, path, findings)? {
            let inner = inside(path, &name.text);
            let name_is_right = !name.text.is_empty() && !name.text.contains(['=', '\0']);
            if !name_is_right {
                findings.at(name.place, path, format!("`{}` is no name of a variable", name.text));
            }
            let value = if node.is_nothing() { Some(None) } else { node.text(&inner, findings).map(Some) };
            is_right &= name_is_right && value.is_some();
            variables.insert(name.text.clone(), value.flatten().map(str::to_owned));
        }
        is_right.then_some(Self(variables))
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("it is empty".to_owned()),
            text if text.contains(char::is_control) => {
                Err(format!("`{}` has control characters: leave them out", text.escape_debug()))
            }
            text => Ok(text.to_owned()),
        }
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.into()) }
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        words::one_of(text, &[("true", true), ("false", false)])
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: &str) -> Result<String, String> {
        T::parse(text).map(|value| value.text())
    }

    // A flag and a key that read the same text differently would be a trap; a default whose text does not read back
    // could not be copied from the documentation.
    #[test]
    fn texts_read_back() {
        type Read = fn(&str) -> Result<String, String>;
        let same: &[(Read, &[&str])] = &[
            (read::<Period>, &["250ms", "5s", "1m 30s", "0s", "1h"]),
            (read::<Limit>, &["never", "5s"]),
            (read::<Size>, &["4MiB", "64KiB", "1000", "1GiB", "0"]),
            (read::<Count>, &["0", "18446744073709551615"]),
            (read::<Factor>, &["0", "1.5", "2"]),
            (read::<Mode>, &["0600", "0777", "0000"]),
            (read::<Restarts>, &["unlimited", "0", "5"]),
            (read::<PathOrOff>, &["off", "/run/x"]),
            (read::<Uids>, &["0", "1000,1001"]),
            (read::<LogFormat>, &["text", "json"]),
            (read::<Policy>, &["block", "drop_oldest", "drop_newest", "disconnect"]),
            (read::<bool>, &["true", "false"]),
            (read::<Words>, &["[]", "[\"a b\",\"1.50\"]"]),
            (read::<Environment>, &["{}", "{\"A\":null,\"B\":\"0x10\"}"]),
        ];
        for (read, texts) in same {
            for text in *texts {
                assert_eq!(read(text).as_deref(), Ok(*text));
            }
        }
        assert_eq!(read::<Size>("64kB").as_deref(), Ok("64000"));
        assert_eq!(read::<Words>("[a, 0x10, 1.50, true]").as_deref(), Ok("[\"a\",\"0x10\",\"1.50\",\"true\"]"));
    }

    #[test]
    fn wrong_texts_say_what_is_right() {
        for (result, words) in [
            (read::<Period>("5"), "`5` has no unit: write `5s` or `5ms`"),
            (read::<Period>(""), "is no span of time"),
            (read::<Period>("99999999999999999999s"), "is no span of time"),
            (read::<Period>("9223372036854775807s"), "36500 days at most"),
            (read::<Period>("36501 days"), "36500 days at most"),
            (read::<Limit>("0"), "or `never`"),
            (read::<Limit>("300years"), "36500 days at most, or `never`"),
            (read::<Size>("4 potatoes"), "`4MiB`"),
            (read::<Size>("-1"), "`4MiB`"),
            (read::<Count>("-1"), "no number from 0 on"),
            (read::<Factor>("NaN"), "no number from 0 on"),
            (read::<Mode>("660"), "octal digits such as `0660`"),
            (read::<Mode>("01777"), "octal"),
            (read::<Digest>("abc"), "64 hexadecimal digits"),
            (read::<Restarts>("4294967295"), "unlimited"),
            (read::<Policy>("drop-oldest"), "did you mean `drop_oldest`?"),
            (read::<Ready>("later"), "`workers`, `start`"),
            (read::<bool>("yes"), "`true`, `false`"),
            (read::<Uids>("1000,root"), "`root` is no number of a user"),
            (read::<Words>("a b"), "no list"),
            (read::<Environment>("{A: 1, A: 2}"), "there twice"),
            (read::<Environment>("{'A=B': 1}"), "no name of a variable"),
            (read::<PathOrOff>(""), "`off`"),
            (read::<String>(""), "empty"),
        ] {
            let error = result.expect_err(words);
            assert!(error.contains(words), "{error}");
        }
    }
}
