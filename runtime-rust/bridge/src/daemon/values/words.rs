//! Values that are one of a few words.

use mycelium_bus::{OverflowPolicy, UnknownTypes};

use super::Value;

/// Variants by name, each a word of the file.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            const ALL: &[(&str, $name)] = &[$(($word, $name::$variant)),+];
        }

        impl Value for $name {
            fn parse(text: &str) -> Result<Self, String> {
                one_of(text, Self::ALL)
            }

            fn text(&self) -> String {
                word(self, Self::ALL)
            }
        }
    )+};
}

words! {
    /// How logs are written.
    LogFormat {
        /// For people.
        Text = "text",
        /// One object a line.
        Json = "json",
    }

    /// How important a line of a log is.
    Level {
        /// Nothing works.
        Error = "error",
        /// Somebody should look.
        Warn = "warn",
        /// What is usual.
        Info = "info",
        /// For who looks for a mistake.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }

    /// When the service manager and `/readyz` are told that the bridge is ready.
    Ready {
        /// When every worker is.
        Workers = "workers",
        /// When the sockets are bound.
        Start = "start",
    }

    /// What happens when a worker was given up on.
    OnFailure {
        /// The bridge ends, with exit code 1.
        Exit = "exit",
        /// The bridge goes on with the others.
        Continue = "continue",
    }

    /// What happens to a frame that finds a client's queue full.
    Policy {
        /// Publishers wait.
        Block = "block",
        /// The oldest makes room.
        DropOldest = "drop_oldest",
        /// It is dropped.
        DropNewest = "drop_newest",
        /// It is dropped, and the client disconnected.
        Disconnect = "disconnect",
    }

    /// What happens to a frame of a type that is not in the contract.
    Unknown {
        /// It is counted and not forwarded.
        Refuse = "refuse",
        /// It is forwarded unchecked.
        Forward = "forward",
    }
}

impl From<Policy> for OverflowPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Block => Self::Block,
            Policy::DropOldest => Self::DropOldest,
            Policy::DropNewest => Self::DropNewest,
            Policy::Disconnect => Self::Disconnect,
        }
    }
}

impl From<Unknown> for UnknownTypes {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Refuse => Self::Refuse,
            Unknown::Forward => Self::Forward,
        }
    }
}

impl From<Level> for tracing::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

pub(super) fn one_of<T: Copy>(text: &str, all: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = all.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<String> = all.iter().map(|(word, _)| format!("`{word}`")).collect();
    let near = myc_schema::suggest::nearest(text, all.iter().map(|(word, _)| *word));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(format!("`{}` is none of {}{near}", text.escape_debug(), words.join(", ")))
}

fn word<T: PartialEq>(value: &T, all: &[(&str, T)]) -> String {
    all.iter().find(|(_, known)| known == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
}
