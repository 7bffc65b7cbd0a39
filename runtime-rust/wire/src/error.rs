//! Why bytes or values were refused: [`DecodeError`], [`ValueError`], [`Code`]. What is refused
//! is decided by generated code and by [`crate::raw`].

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// The kind of a failure: the same in every language. [`Display`](fmt::Display) gives the name
/// that the golden files and the other languages use, such as `utf8` or `rule:min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The payload or buffer is not exactly as long as the message.
    Length,
    /// A presence byte is neither 0 nor 1.
    Presence,
    /// A byte that carries nothing is not zero.
    Padding,
    /// A string is longer, or a vector has more elements, than its bound.
    Count,
    /// A string is not UTF-8.
    Utf8,
    /// A boolean byte is neither 0 nor 1.
    Bool,
    /// Not one of the enum's values.
    Enum,
    /// An `f32` NaN other than 0x7fc00000.
    Nan,
    /// A number outside its type's range.
    Range,
    /// A validation rule of the contract, by name: `min` for `rule:min`.
    Rule(&'static str),
    /// No message has this type id. Only the enum over all messages reports it.
    UnknownType,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Code::Length => "length",
            Code::Presence => "presence",
            Code::Padding => "padding",
            Code::Count => "count",
            Code::Utf8 => "utf8",
            Code::Bool => "bool",
            Code::Enum => "enum",
            Code::Nan => "nan",
            Code::Range => "range",
            Code::Rule(name) => return write!(f, "rule:{name}"),
            Code::UnknownType => "unknown_type",
        })
    }
}

/// What went wrong and where; becomes a [`DecodeError`] or a [`ValueError`] on its way out of
/// generated code. One pointer wide, so that the check that succeeds costs nothing.
#[doc(hidden)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fault(Box<Inner>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Inner {
    code: Code,
    path: String,
}

impl Fault {
    /// A failure of the value at hand; what contains it says where that is.
    #[cold]
    #[inline(never)]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner { code, path: String::new() }))
    }

    /// A failure of the field `name`.
    #[cold]
    #[inline(never)]
    pub fn of(code: Code, name: &str) -> Self {
        Self(Box::new(Inner { code, path: name.into() }))
    }

    /// The failure of something inside the field `name`.
    #[cold]
    #[inline(never)]
    pub fn in_field(self, name: &str) -> Self {
        self.inside(name.into())
    }

    /// The failure of something inside an element.
    #[cold]
    #[inline(never)]
    pub fn in_element(self, index: usize) -> Self {
        self.inside(format!("[{index}]"))
    }

    // Paths are put together from the inside out: nothing is built for what is accepted.
    fn inside(mut self, mut outer: String) -> Self {
        if !self.0.path.is_empty() && !self.0.path.starts_with('[') {
            outer.push('.');
        }
        outer.push_str(&self.0.path);
        self.0.path = outer;
        self
    }

    fn print(&self, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, path } = &*self.0;
        if path.is_empty() { write!(f, "{what}: {code}") } else { write!(f, "{what}: {code} at `{path}`") }
    }

    fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("code", &self.0.code).field("path", &self.0.path).finish()
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Fault", f)
    }
}

macro_rules! error {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// One pointer wide; nothing is allocated before something fails.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Fault);

        impl $name {
            /// The kind of failure.
            pub fn code(&self) -> Code {
                self.0.0.code
            }

            /// The field, in the contract's spelling (`bids[3].price.exponent`); empty where the
            /// failure is the whole payload's.
            pub fn path(&self) -> &str {
                &self.0.0.path
            }
        }

        impl From<Fault> for $name {
            fn from(fault: Fault) -> Self {
                Self(fault)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.print($what, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.debug(stringify!($name), f)
            }
        }

        impl core::error::Error for $name {}
    };
}

error! {
    /// Why a payload is not a message: the first failure in the wire format's order of checks.
    DecodeError, "payload refused"
}

error! {
    /// Why values are not a message or struct: the first failure in declared order of the fields.
    ValueError, "value refused"
}

/// A number or name that none of an enum's values has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownEnumValue {
    /// The enum's name in the contract.
    pub name: &'static str,
    /// The number, where a number was given.
    pub number: Option<u32>,
}

impl fmt::Display for UnknownEnumValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{number} is not a value of {}", self.name),
            None => write!(f, "not the name of a value of {}", self.name),
        }
    }
}

impl core::error::Error for UnknownEnumValue {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    // Without this, paths of nested values would not be those of the golden files.
    #[test]
    fn paths_grow_from_the_inside() {
        let fault = Fault::of(Code::Rule("min"), "exponent").in_field("price").in_element(3).in_field("bids");
        let error = DecodeError::from(fault);
        assert_eq!(error.path(), "bids[3].price.exponent");
        assert_eq!(error.code().to_string(), "rule:min");
        assert_eq!(error.to_string(), "payload refused: rule:min at `bids[3].price.exponent`");

        let fault = Fault::new(Code::Nan).in_element(1).in_element(0).in_field("matrix");
        assert_eq!(ValueError::from(fault).path(), "matrix[0][1]");
    }

    #[test]
    fn a_failure_of_the_whole_payload_has_no_path() {
        let error = DecodeError::from(Fault::new(Code::Length));
        assert_eq!((error.path(), error.to_string().as_str()), ("", "payload refused: length"));
    }

    // Results of every check are returned by value all the way up.
    #[test]
    fn errors_are_one_pointer_wide() {
        assert_eq!(size_of::<Result<(), Fault>>(), size_of::<usize>());
        assert_eq!(size_of::<Result<&u8, DecodeError>>(), 2 * size_of::<usize>());
    }
}
