//! Captured connections: a client's opening, and frames one after the other, taken apart as the bytes come. What a
//! payload means is left to [`crate::value`]; reading and printing to the command line.

use std::collections::BTreeMap;

use crate::core_contract;
use crate::ir::{Message, Schema};
use crate::layout::MAX_MESSAGE_SIZE;
use crate::value;

/// Bytes of a frame before its payload: type id (u16) and length (u32), little-endian.
pub const HEADER: usize = 6;

/// Bytes of the length before what a client says first.
pub const OPENING_LENGTH: usize = 2;

/// Bytes of an opening of version 1, after its length: the schema digest.
pub const DIGEST_SIZE: usize = 32;

/// The longest opening that later versions may have, without its length.
pub const MAX_OPENING: usize = 1024;

/// The messages that can be on a connection: a contract's own and the framework's.
pub struct Types<'a> {
    by_id: BTreeMap<u16, (&'a Schema, &'a Message)>,
    hello: Option<(&'a Schema, &'a Message)>,
}

impl<'a> Types<'a> {
    /// Those of a contract and of the core contract.
    pub fn new(schema: &'a Schema) -> Self {
        let core = core_contract::schema().map(|core| &**core);
        let all = core.into_iter().chain([schema]);
        let by_id = all.flat_map(|schema| schema.messages.iter().map(move |m| (m.type_id, (schema, m)))).collect();
        let hello = core.and_then(|core| Some((core, core.message("ClientHello")?)));
        Self { by_id, hello }
    }

    /// The message with a type id, and the schema that it belongs to.
    pub fn get(&self, type_id: u16) -> Option<(&'a Schema, &'a Message)> {
        self.by_id.get(&type_id).copied()
    }

    /// `ClientHello`, with which openings of version 2 begin.
    pub fn hello(&self) -> Option<(&'a Schema, &'a Message)> {
        self.hello
    }

    fn hello_size(&self) -> usize {
        self.hello.map_or(usize::MAX, |(_, hello)| hello.layout.size as usize)
    }
}

/// The type id and the length in a frame's header.
pub fn header(bytes: &[u8; HEADER]) -> (u16, u32) {
    let [t0, t1, l0, l1, l2, l3] = *bytes;
    (u16::from_le_bytes([t0, t1]), u32::from_le_bytes([l0, l1, l2, l3]))
}

/// Whose bytes they are, where the beginning of the connection is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// A client's: its opening, then frames.
    Client,
    /// A bridge's, whose first word is a frame; or frames from anywhere.
    Bridge,
}

/// Something in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The first byte's place in the stream.
    pub offset: u64,
    /// What it is.
    pub what: What,
}

/// What there is in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A client's opening, without its length: a digest (version 1), or a `ClientHello` and what follows it (version 2).
    Opening(Vec<u8>),
    /// A frame.
    Frame {
        /// The type id of its header.
        type_id: u16,
        /// The payload, which has not been looked at.
        payload: Vec<u8>,
    },
    /// Bytes that were passed over to get back to where a frame begins: how many.
    Skipped(u64),
    /// No frame can begin here, and nothing after it is read: why.
    Broken(String),
    /// The stream ends in the middle of an opening or frame: how many bytes more it would take at least.
    Incomplete(usize),
}

/// A stream that is taken apart.
pub struct Stream<'a> {
    types: &'a Types<'a>,
    resync: bool,
    /// What has not been taken from the front yet.
    buffer: Vec<u8>,
    /// How much of `buffer` has been.
    taken: usize,
    /// Place of `buffer` in the stream.
    offset: u64,
    state: State,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Opening,
    Frames,
    /// Looking for a frame from a number of bytes after `taken` on.
    Lost(usize),
    Done,
}

impl<'a> Stream<'a> {
    /// A stream from its first byte. `resync`: look for the next frame where none can begin, instead of ending there.
    pub fn new(types: &'a Types<'a>, from: From, resync: bool) -> Self {
        let state = if from == From::Client { State::Opening } else { State::Frames };
        Self { types, resync, buffer: Vec::new(), taken: 0, offset: 0, state, ended: false }
    }

    /// More bytes of it.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.offset += self.taken as u64;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// There are no more bytes.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether nothing more can come of it.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn left(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    fn item(&mut self, what: What, size: usize) -> Option<Item> {
        let offset = self.offset + self.taken as u64;
        self.taken += size;
        Some(Item { offset, what })
    }

    fn last(&mut self, what: What) -> Option<Item> {
        self.state = State::Done;
        self.item(what, 0)
    }

    /// A part is not there yet, or will never be.
    fn wait(&mut self, needed: usize) -> Option<Item> {
        if !self.ended {
            return None;
        }
        match self.resync && !self.left().is_empty() {
            // What looked like the beginning of something may not be one.
            true => self.lose(),
            false if self.left().is_empty() && self.state == State::Frames => {
                self.state = State::Done;
                None
            }
            false => self.last(What::Incomplete(needed)),
        }
    }

    /// No frame begins here.
    fn refuse(&mut self, why: String) -> Option<Item> {
        if self.resync { self.lose() } else { self.last(What::Broken(why)) }
    }

    fn lose(&mut self) -> Option<Item> {
        self.state = State::Lost(1);
        self.find()
    }

    /// The next thing, if all of it has been fed.
    pub fn take(&mut self) -> Option<Item> {
        match self.state {
            State::Opening => self.opening(),
            State::Frames => self.frame(),
            State::Lost(_) => self.find(),
            State::Done => None,
        }
    }

    fn opening(&mut self) -> Option<Item> {
        let Some((length, said)) = self.left().split_first_chunk::<OPENING_LENGTH>() else {
            return self.wait(OPENING_LENGTH - self.left().len());
        };
        let length = usize::from(u16::from_le_bytes(*length));
        let least = self.types.hello_size();
        if length != DIGEST_SIZE && !(least..=MAX_OPENING).contains(&length) {
            return self.refuse(format!(
                "a client's opening has {DIGEST_SIZE} bytes (version 1) or {least} to {MAX_OPENING}, this says {length}"
            ));
        }
        match said.get(..length) {
            None => self.wait(length - said.len()),
            Some(said) => {
                let said = said.to_vec();
                self.state = State::Frames;
                self.item(What::Opening(said), OPENING_LENGTH + length)
            }
        }
    }

    fn frame(&mut self) -> Option<Item> {
        let Some((header, rest)) = self.left().split_first_chunk::<HEADER>() else {
            return self.wait(HEADER - self.left().len());
        };
        let (type_id, length) = self::header(header);
        if type_id == 0 {
            return self.refuse("type id 0, which no frame has".to_owned());
        }
        if length > MAX_MESSAGE_SIZE {
            return self.refuse(format!("a payload of {length} bytes, the most is {MAX_MESSAGE_SIZE}"));
        }
        if self.resync && self.types.get(type_id).is_none_or(|(_, message)| message.layout.size != length) {
            return self.lose();
        }
        let length = length as usize;
        let Some(payload) = rest.get(..length) else {
            return self.wait(length - rest.len());
        };
        if self.resync && !self.accepted(type_id, payload) {
            // A payload that is refused, or one that lost bytes and ends in the next frame?
            match self.begins(&rest[length..]) {
                Some(true) => {}
                Some(false) => return self.lose(),
                None if self.ended => {}
                None => return None,
            }
        }
        let payload = payload.to_vec();
        self.item(What::Frame { type_id, payload }, HEADER + length)
    }

    fn accepted(&self, type_id: u16, payload: &[u8]) -> bool {
        self.types.get(type_id).is_some_and(|(schema, message)| value::decode(schema, message, payload).is_ok())
    }

    /// Whether a frame of a known type can begin with these bytes; `None` where they are too few to say.
    fn begins(&self, bytes: &[u8]) -> Option<bool> {
        let (type_id, length) = header(bytes.first_chunk()?);
        Some(self.types.get(type_id).is_some_and(|(_, message)| message.layout.size == length))
    }

    /// Looks for the next frame of a known type, of its length, whose payload is accepted.
    fn find(&mut self) -> Option<Item> {
        let State::Lost(mut ahead) = self.state else { return None };
        while let Some(bytes) = self.left().get(ahead..) {
            match self.begins(bytes) {
                None => break,
                Some(false) => ahead += 1,
                Some(true) => {
                    let Some((header, rest)) = bytes.split_first_chunk() else { break };
                    let (type_id, length) = self::header(header);
                    match rest.get(..length as usize) {
                        Some(payload) if self.accepted(type_id, payload) => {
                            self.state = State::Frames;
                            return self.item(What::Skipped(ahead as u64), ahead);
                        }
                        None if !self.ended => {
                            self.state = State::Lost(ahead);
                            return None;
                        }
                        _ => ahead += 1,
                    }
                }
            }
        }
        if self.ended {
            self.state = State::Done;
            let left = self.left().len();
            return self.item(What::Skipped(left as u64), left);
        }
        self.state = State::Lost(ahead);
        None
    }
}
