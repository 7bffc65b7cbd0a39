//! Core frames on their way out.

use mycelium_wire::Message;
use mycelium_wire::frame::Header;

/// What one side has to say apart from data, in order.
#[derive(Debug, Default)]
pub(super) struct Control {
    bytes: Vec<u8>,
}

impl Control {
    /// Adds a message. Texts in `args` are within their bounds (see [`cut`]); one that is not is left unsaid.
    pub(super) fn say<M: Message>(&mut self, args: &M::Args<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&Header::of::<M>().to_bytes());
        let payload = self.bytes.len();
        self.bytes.resize(payload + M::SIZE, 0);
        let written = self.bytes.get_mut(payload..).map(|buffer| M::encode_into(args, buffer).is_ok());
        if written != Some(true) {
            debug_assert!(false, "{} out of its bounds", M::NAME);
            self.bytes.truncate(start);
        }
    }

    /// Adds bytes that are frames already, or a handshake's opening.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes not yet taken.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Moves everything to the end of `into`.
    pub(super) fn take(&mut self, into: &mut Vec<u8>) {
        if into.is_empty() {
            std::mem::swap(into, &mut self.bytes);
        } else {
            into.append(&mut self.bytes);
        }
    }
}

/// As much of a text as a `String<N>` of `bound` bytes holds, cut at a character boundary.
pub(super) fn cut(text: &str, bound: usize) -> &str {
    let mut end = text.len().min(bound);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The longest `detail` of `Reject` and `Goodbye`, in bytes.
pub(super) const MAX_DETAIL: usize = 200;

/// The longest names in `ClientHello`, in bytes.
pub(super) const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use mycelium_wire::core_messages::{Ping, PingArgs};

    #[test]
    fn messages_are_framed_in_order() {
        let (mut control, mut out) = (Control::default(), vec![9]);
        control.say::<Ping>(&PingArgs { nonce: 1 });
        control.append(&[5]);
        assert_eq!(control.len(), 15);
        control.take(&mut out);
        assert_eq!(out, [9, 5, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5]);
        assert_eq!(control.len(), 0);
    }

    #[test]
    fn texts_are_cut_at_a_character() {
        assert_eq!((cut("aé", 2), cut("aé", 3), cut("", 0)), ("a", "aé", ""));
    }
}
