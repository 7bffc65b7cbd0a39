//! The macros that generated code calls: the parts of a type that are the same for every one. Only
//! `include_messages!` is for people.

mod any;

/// Includes the `messages.rs` that a build script wrote to `$OUT_DIR`
/// (`myc_schema::build::Config::new().compile("contracts.yaml")`). With another stem:
/// `include_messages!("orders")`. Use it inside a module of its own.
#[macro_export]
macro_rules! include_messages {
    () => {
        $crate::include_messages!("messages");
    };
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}

/// A message type and its twin. See [`crate::raw::Twin`] for what the word `unsafe` vouches for:
/// `myc_check` and `myc_write` of the twin and `myc_check` of the arguments, which generated code
/// defines beside the call.
#[doc(hidden)]
#[macro_export]
macro_rules! message {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident(unsafe $twin:ident) from $args:ident $(<$lt:lifetime>)?, $storage:ident, $debug:ident;
        const TYPE_ID: u16 = $type_id:literal;
        const TOPIC: &str = $topic:literal;
        const NAME: &str = $wire_name:literal;
        const FINGERPRINT: [u8; 8] = $fingerprint:expr;
        layout $size:literal { $($layout:tt)* }
    ) => {
        $crate::composite! {
            $(#[$attribute])*
            pub struct $name(unsafe $twin) from $args $(<$lt>)?, $storage;
            layout $size { $($layout)* }
        }

        #[allow(dead_code, deprecated, clippy::self_named_constructors)]
        impl $name {
            /// The TLV type id.
            pub const TYPE_ID: u16 = $type_id;
            /// The topic the message is routed by.
            pub const TOPIC: &'static str = $topic;
            /// The name in the contract.
            pub const NAME: &'static str = $wire_name;
            /// The first eight bytes of SHA-256 over the message's canonical text.
            pub const FINGERPRINT: [u8; 8] = $fingerprint;

            /// The message in a payload: a reference into it, at any address, after every check of
            /// the wire format. An error has the first failure's code and field path.
            #[inline]
            pub fn decode(payload: &[u8]) -> ::core::result::Result<&Self, $crate::DecodeError> {
                $crate::raw::decode::<Self, $twin>(payload)
            }
        }

        $crate::read! { $storage $name $twin }
        $crate::redact! { $debug $name $args $(<$lt>)? = $wire_name }

        // SAFETY: the type was just declared so, and its functions are those of `crate::cast`.
        #[allow(deprecated)]
        unsafe impl $crate::raw::Generated for $name {}

        #[allow(deprecated)]
        impl $crate::Message for $name {
            type Args<'a> = $args $(<$lt>)?;

            const TYPE_ID: u16 = $type_id;
            const TOPIC: &'static str = $topic;
            const NAME: &'static str = $wire_name;
            const SIZE: usize = $size;
            const FINGERPRINT: [u8; 8] = $fingerprint;
            const SCHEMA_DIGEST: [u8; 32] = SCHEMA_DIGEST;
            const REDACTED: bool = $crate::is_redacted!($debug);

            #[inline]
            fn decode(payload: &[u8]) -> ::core::result::Result<&Self, $crate::DecodeError> {
                $crate::raw::decode::<Self, $twin>(payload)
            }

            fn read_boxed(
                payload: &[u8],
            ) -> ::core::result::Result<$crate::alloc::boxed::Box<Self>, $crate::DecodeError> {
                $crate::raw::read_boxed::<Self, $twin>(payload)
            }

            #[inline]
            fn encode_into<'myc>(
                args: &Self::Args<'_>,
                buffer: &'myc mut [u8],
            ) -> ::core::result::Result<&'myc Self, $crate::ValueError> {
                $crate::raw::encode_into::<Self, $twin>(args, buffer)
            }
        }
    };
}

/// A struct of a contract, or what a message has in common with one.
#[doc(hidden)]
#[macro_export]
macro_rules! composite {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident(unsafe $twin:ident) from $args:ident $(<$lt:lifetime>)?, $storage:ident;
        layout $size:literal { $($offset:literal => $field:ident: $raw:ty,)* }
    ) => {
        $crate::twin! { $storage $twin { $($field: $raw,)* } }

        const _: () = {
            ::core::assert!(::core::mem::size_of::<$twin>() == $size);
            ::core::assert!(::core::mem::align_of::<$twin>() == 1);
            $(::core::assert!(::core::mem::offset_of!($twin, $field) == $offset);)*
        };

        impl $crate::raw::Raw for $twin {
            const TOTAL: bool = false;

            #[inline]
            fn check(&self) -> $crate::raw::Verdict {
                self.myc_check()
            }
        }

        // SAFETY: the compiler that generated the call vouches for `myc_check` and `myc_write`.
        unsafe impl $crate::raw::Twin for $twin {
            type Args<'a> = $args $(<$lt>)?;

            #[inline(always)]
            fn check_args(args: &Self::Args<'_>) -> $crate::raw::Verdict {
                args.myc_check()
            }

            #[inline(always)]
            fn write(&mut self, args: &Self::Args<'_>) {
                self.myc_write(args)
            }
        }

        $crate::checked! { $storage $(#[$attribute])* $name $twin $args $(<$lt>)? }

        #[allow(dead_code, deprecated, clippy::needless_lifetimes, clippy::self_named_constructors)]
        impl $name {
            /// The size on the wire, in bytes.
            pub const SIZE: usize = $size;

            /// Writes a value into a buffer of exactly [`Self::SIZE`] bytes and gives it back, in
            /// place. Errors have the first failure's code and field path; after one the buffer is as it was.
            #[inline(always)]
            pub fn encode_into<'myc $(, $lt)?>(
                args: $args $(<$lt>)?,
                buffer: &'myc mut [u8],
            ) -> ::core::result::Result<&'myc Self, $crate::ValueError> {
                $crate::raw::encode_into::<Self, $twin>(&args, buffer)
            }

            /// The bytes on the wire.
            #[inline]
            pub fn as_bytes(&self) -> &[u8] {
                $crate::zerocopy::IntoBytes::as_bytes(self)
            }
        }

        /// Equal if the bytes are: a NaN equals itself, and -0.0 is not 0.0.
        #[allow(deprecated)]
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }

        #[allow(deprecated)]
        impl ::core::cmp::Eq for $name {}

        #[allow(deprecated)]
        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                ::core::hash::Hash::hash(self.as_bytes(), state);
            }
        }
    };
}

/// The plain-old-data twin: `copy` up to 64 KiB, `boxed` above.
#[doc(hidden)]
#[macro_export]
macro_rules! twin {
    (copy $twin:ident $fields:tt) => {
        $crate::twin! { @define [::core::clone::Clone, ::core::marker::Copy] $twin $fields }
    };
    (boxed $twin:ident $fields:tt) => {
        $crate::twin! { @define [] $twin $fields }
    };
    (@define [$($derive:path),*] $twin:ident { $($field:ident: $raw:ty,)* }) => {
        #[derive(
            $($derive,)*
            $crate::zerocopy::FromBytes,
            $crate::zerocopy::IntoBytes,
            $crate::zerocopy::Immutable,
            $crate::zerocopy::KnownLayout,
            $crate::zerocopy::Unaligned,
        )]
        #[repr(C)]
        #[zerocopy(crate = "::mycelium_wire::zerocopy")]
        #[allow(non_camel_case_types, non_snake_case)]
        struct $twin {
            $($field: $raw,)*
        }
    };
}

/// The public type: `repr(transparent)` over the checked twin, whatever the call says.
#[doc(hidden)]
#[macro_export]
macro_rules! checked {
    (copy $(#[$attribute:meta])* $name:ident $twin:ident $args:ident $(<$lt:lifetime>)?) => {
        $crate::checked! { @define [::core::clone::Clone, ::core::marker::Copy] $(#[$attribute])* $name $twin }

        #[allow(dead_code, deprecated, clippy::needless_lifetimes, clippy::self_named_constructors)]
        impl $name {
            /// A value made from its fields. An error has the code and path of the first field that the
            /// contract refuses.
            #[inline]
            pub fn new $(<$lt>)? (args: $args $(<$lt>)?) -> ::core::result::Result<Self, $crate::ValueError> {
                ::core::result::Result::Ok(Self { raw: $crate::raw::Valid::new(&args)? })
            }
        }
    };
    (boxed $(#[$attribute:meta])* $name:ident $twin:ident $args:ident $(<$lt:lifetime>)?) => {
        $crate::checked! { @define [] $(#[$attribute])* $name $twin }

        #[allow(dead_code, deprecated, clippy::needless_lifetimes, clippy::self_named_constructors)]
        impl $name {
            /// A value made from its fields, on the heap: the type is larger than 64 KiB. An error has the
            /// code and path of the first field that the contract refuses.
            pub fn new $(<$lt>)? (
                args: $args $(<$lt>)?,
            ) -> ::core::result::Result<$crate::alloc::boxed::Box<Self>, $crate::ValueError> {
                $crate::raw::new_boxed::<$name, $twin>(&args)
            }
        }

        #[allow(deprecated)]
        impl ::core::clone::Clone for $crate::alloc::boxed::Box<$name> {
            fn clone(&self) -> Self {
                $crate::raw::clone_boxed::<$name, $twin>(&**self)
            }
        }
    };
    (@define [$($derive:path),*] $(#[$attribute:meta])* $name:ident $twin:ident) => {
        $(#[$attribute])*
        #[derive(
            $($derive,)*
            $crate::zerocopy::IntoBytes,
            $crate::zerocopy::Immutable,
            $crate::zerocopy::KnownLayout,
            $crate::zerocopy::Unaligned,
        )]
        #[repr(transparent)]
        #[zerocopy(crate = "::mycelium_wire::zerocopy")]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        pub struct $name {
            raw: $crate::raw::Valid<$twin>,
        }

        // SAFETY: the type was just declared `repr(transparent)` over `Valid` of the twin.
        #[allow(deprecated)]
        unsafe impl $crate::raw::Checked<$twin> for $name {}
    };
}

/// The owned read of a message.
#[doc(hidden)]
#[macro_export]
macro_rules! read {
    (copy $name:ident $twin:ident) => {
        #[allow(dead_code, deprecated, clippy::self_named_constructors)]
        impl $name {
            /// An owned copy of the message in a payload, after every check of the wire format.
            #[inline]
            pub fn read(payload: &[u8]) -> ::core::result::Result<Self, $crate::DecodeError> {
                ::core::result::Result::Ok(*Self::decode(payload)?)
            }
        }
    };
    (boxed $name:ident $twin:ident) => {
        #[allow(dead_code, deprecated, clippy::self_named_constructors)]
        impl $name {
            /// An owned copy of the message in a payload, after every check of the wire format, on the
            /// heap: the type is larger than 64 KiB.
            pub fn read(
                payload: &[u8],
            ) -> ::core::result::Result<$crate::alloc::boxed::Box<Self>, $crate::DecodeError> {
                $crate::raw::read_boxed::<Self, $twin>(payload)
            }
        }
    };
}

/// Whether the contract keeps the payload out of logs.
#[doc(hidden)]
#[macro_export]
macro_rules! is_redacted {
    (printed) => {
        false
    };
    (redacted) => {
        true
    };
}

/// `Debug` of a message whose payload may not be printed; for the others generated code has it.
#[doc(hidden)]
#[macro_export]
macro_rules! redact {
    (printed $name:ident $args:ident $(<$lt:lifetime>)? = $wire_name:literal) => {};
    (redacted $name:ident $args:ident $(<$lt:lifetime>)? = $wire_name:literal) => {
        /// The name alone: the contract keeps the payload out of logs.
        #[allow(deprecated)]
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::concat!($wire_name, " <redacted>"))
            }
        }

        /// The name alone: the contract keeps the payload out of logs.
        #[allow(deprecated)]
        impl $(<$lt>)? ::core::fmt::Debug for $args $(<$lt>)? {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::concat!($wire_name, " <redacted>"))
            }
        }
    };
}

/// What an enum has besides its definition.
#[doc(hidden)]
#[macro_export]
macro_rules! enumeration {
    (
        $name:ident: $repr:ident as $raw:ty = $wire_name:literal {
            $first_number:literal => $first:ident = $first_name:literal,
            $($number:literal => $value:ident = $value_name:literal,)*
        }
    ) => {
        #[allow(dead_code)]
        impl $name {
            /// Every value, in the contract's order.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$value),*];

            /// The name in the contract.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$value => $value_name,)*
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::UnknownEnumValue;

            fn from_str(name: &str) -> ::core::result::Result<Self, $crate::UnknownEnumValue> {
                match name {
                    $first_name => ::core::result::Result::Ok(Self::$first),
                    $($value_name => ::core::result::Result::Ok(Self::$value),)*
                    _ => ::core::result::Result::Err($crate::UnknownEnumValue {
                        name: $wire_name,
                        number: ::core::option::Option::None,
                    }),
                }
            }
        }

        impl ::core::convert::From<$name> for $repr {
            #[inline]
            fn from(value: $name) -> Self {
                value as $repr
            }
        }

        impl ::core::convert::TryFrom<$repr> for $name {
            type Error = $crate::UnknownEnumValue;

            #[inline]
            fn try_from(number: $repr) -> ::core::result::Result<Self, $crate::UnknownEnumValue> {
                let number = ::core::convert::Into::into(number);
                match $crate::raw::Enumeration::from_number(number) {
                    ::core::option::Option::Some(value) => ::core::result::Result::Ok(value),
                    ::core::option::Option::None => ::core::result::Result::Err($crate::UnknownEnumValue {
                        name: $wire_name,
                        number: ::core::option::Option::Some(number),
                    }),
                }
            }
        }

        impl $crate::raw::Enumeration for $name {
            type Raw = $raw;

            const FIRST: Self = Self::$first;

            #[inline(always)]
            fn from_number(number: u32) -> ::core::option::Option<Self> {
                match number {
                    $first_number => ::core::option::Option::Some(Self::$first),
                    $($number => ::core::option::Option::Some(Self::$value),)*
                    _ => ::core::option::Option::None,
                }
            }

            #[inline(always)]
            fn number(self) -> u32 {
                self as u32
            }
        }
    };
}
