//! The macro behind `AnyMessage`, the enum over all messages of a contract.

/// The enum over all messages of a contract.
#[doc(hidden)]
#[macro_export]
macro_rules! any_message {
    ($(#[$attribute:meta])* pub enum $any:ident {}) => {
        $(#[$attribute])*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        pub enum $any<'a> {
            #[doc(hidden)]
            MycNone(::core::convert::Infallible, ::core::marker::PhantomData<&'a ()>),
        }

        $crate::any_message! { @api $any [] Self::MycNone(never, _) => match never {}, }
    };
    ($(#[$attribute:meta])* pub enum $any:ident { $($(#[$note:meta])* $message:ident,)+ }) => {
        $(#[$attribute])*
        #[allow(deprecated, non_camel_case_types, clippy::enum_variant_names, clippy::upper_case_acronyms)]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        pub enum $any<'a> {
            $($(#[$note])* $message(&'a $message),)+
        }

        $crate::any_message! { @api $any [$($message)+] }
    };
    (@api $any:ident [$($message:ident)*] $($none:tt)*) => {
        #[allow(deprecated)]
        impl $crate::MessageSet for $any<'_> {
            const MESSAGES: &'static [$crate::MessageInfo] = &[$(<$message as $crate::Message>::INFO),*];

            fn visit<V: $crate::MessageVisitor>(visitor: &mut V) {
                $($crate::MessageVisitor::visit::<$message>(visitor);)*
                let _ = visitor;
            }
        }

        #[allow(dead_code, deprecated)]
        impl<'a> $any<'a> {
            /// What is known of every message, in ascending type id.
            pub const MESSAGES: &'static [$crate::MessageInfo] =
                &[$(<$message as $crate::Message>::INFO),*];

            /// The message in a payload with this type id, after every check of the wire format.
            /// A type id that no message has is refused with the code `unknown_type`.
            pub fn decode(type_id: u16, payload: &'a [u8]) -> ::core::result::Result<Self, $crate::DecodeError> {
                match type_id {
                    $(<$message as $crate::Message>::TYPE_ID => {
                        ::core::result::Result::Ok(Self::$message($message::decode(payload)?))
                    })*
                    _ => {
                        let _ = payload;
                        ::core::result::Result::Err($crate::raw::unknown_type())
                    }
                }
            }

            /// What is known of the message without its fields.
            pub const fn info(&self) -> $crate::MessageInfo {
                match *self {
                    $(Self::$message(_) => <$message as $crate::Message>::INFO,)*
                    $($none)*
                }
            }

            /// The TLV type id.
            pub const fn type_id(&self) -> u16 {
                self.info().type_id
            }

            /// The name in the contract.
            pub const fn name(&self) -> &'static str {
                self.info().name
            }

            /// The topic the message is routed by.
            pub const fn topic(&self) -> &'static str {
                self.info().topic
            }

            /// The bytes on the wire.
            pub fn as_bytes(&self) -> &'a [u8] {
                match *self {
                    $(Self::$message(message) => message.as_bytes(),)*
                    $($none)*
                }
            }
        }
    };
}
