//! The values of settings: one grammar for each kind, the same in the file and in flags. Which settings there are is
//! [`super::settings`]'s.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use mycelium_bus::deadline::LONGEST;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

mod words;

pub use words::{Level, LogFormat, OnFailure, Policy, Ready, Unknown};

/// What a setting can be: it reads from the text of a flag, and says itself in the same text.
pub trait Value: Sized {
    /// The value, or what is wrong with the text.
    fn parse(text: &str) -> Result<Self, String>;

    /// What [`Value::parse`] reads.
    fn text(&self) -> String;

    /// The value in the file: the same text, unless it is a list or a mapping there.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Plain(text) = Plain::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
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

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Value for Words {
    fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|_| format!("`{}` is no list such as `[--fast, x]`", text.escape_debug()))
    }

    fn text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Value for Environment {
    fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|error| {
            format!("`{}` is no environment such as `{{NAME: value, REMOVED: null}}`: {error}", text.escape_debug())
        })
    }

    fn text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        String::parse(text).map(Self::from)
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

/// Reads a setting of the file.
pub fn read<'de, T: Value, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer).map(Some)
}

/// One value as it is written: `0x10` and `1.50` stay what they are.
struct Plain(String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Written)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Plain>::deserialize(deserializer).map(|words| Self(words.into_iter().map(|Plain(word)| word).collect()))
    }
}

impl<'de> Deserialize<'de> for Uids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Variables;

        impl<'de> Visitor<'de> for Variables {
            type Value = Environment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("variables such as `NAME: value`, and `NAME: null` to remove one")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Environment, A::Error> {
                let mut variables = BTreeMap::new();
                while let Some(Plain(name)) = map.next_key()? {
                    let name_is_right = !name.is_empty() && !name.contains(['=', '\0']);
                    if !name_is_right {
                        return Err(A::Error::custom(format!("`{}` is no name of a variable", name.escape_debug())));
                    }
                    let value: Option<Plain> = map.next_value()?;
                    if variables.insert(name.clone(), value.map(|Plain(value)| value)).is_some() {
                        return Err(A::Error::custom(format!("the variable `{name}` is there twice")));
                    }
                }
                Ok(Environment(variables))
            }
        }

        deserializer.deserialize_map(Variables)
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
