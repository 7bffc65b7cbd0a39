//! The driver programs: generated code of several contracts in one language, behind lines on stdin and stdout.
//!
//! A request is `CONTRACT MESSAGE decode HEX` (`x` before the digits) or `CONTRACT MESSAGE construct WORDS`, with
//! the words of [`crate::tokens`]. The reply is `ok` and the value's words (decode) or `x` and the payload's digits
//! (construct); or `err CODE PATH`; or `fault …` where the interface contradicts itself. What a driver tries on the
//! way is in its support file in `fixtures/`.

use std::process::Command;

use myc_schema::ir::{Message, Schema};
use myc_schema::value::{self, Value, ValueError};

use crate::program::feed;
use crate::tokens::{hex, words};

/// A built driver program.
pub struct Driver {
    /// The language, for messages.
    pub language: &'static str,
    /// The program.
    pub program: std::path::PathBuf,
}

impl Driver {
    /// The replies to requests, one each.
    pub fn ask(&self, requests: &[String]) -> Vec<String> {
        let mut input = requests.join("\n");
        input.push('\n');
        let run = feed(Command::new(&self.program), input);
        assert_eq!(run.code, Some(0), "{}: {}", self.language, run.stderr);
        let replies: Vec<String> = run.text().lines().map(str::to_owned).collect();
        assert_eq!(replies.len(), requests.len(), "{}: {}", self.language, run.stderr);
        replies
    }

    /// Sends every request and returns a line for each reply that is not the expected one.
    pub fn check(&self, exchanges: &[Exchange]) -> Vec<String> {
        let requests: Vec<String> = exchanges.iter().map(|exchange| exchange.request.clone()).collect();
        let replies = self.ask(&requests);
        let differing = exchanges.iter().zip(replies).filter(|(exchange, reply)| exchange.reply != *reply);
        differing
            .map(|(exchange, reply)| {
                format!(
                    "{}\n    {}\n    expected {}\n    {} says {reply}",
                    exchange.what, exchange.request, exchange.reply, self.language
                )
            })
            .collect()
    }
}

/// A request and the reply that is right.
#[derive(Clone)]
pub struct Exchange {
    /// What is asked, for people.
    pub what: String,
    /// The request.
    pub request: String,
    /// The right reply.
    pub reply: String,
}

impl Exchange {
    /// Asks for the values in a payload; the dynamic codec knows the reply.
    pub fn decode(what: &str, contract: &str, schema: &Schema, message: &Message, payload: &[u8]) -> Self {
        let reply = verdict(value::decode(schema, message, payload), |value| words(schema, message, &value));
        let request = format!("{contract} {} decode x{}", message.name, hex(payload));
        Self { what: what.to_owned(), request, reply }
    }

    /// Asks for the payload of values; the dynamic codec knows the reply.
    pub fn construct(what: &str, contract: &str, schema: &Schema, message: &Message, value: &Value) -> Self {
        let reply = verdict(value::encode(schema, message, value), |payload| format!("x{}", hex(&payload)));
        let words = words(schema, message, value);
        let request = format!("{contract} {} construct {words}", message.name);
        Self { what: what.to_owned(), request: request.trim_end().to_owned(), reply }
    }
}

/// How a driver tells a result.
pub fn verdict<T>(result: Result<T, ValueError>, tell: impl Fn(T) -> String) -> String {
    let line = match result {
        Ok(value) => format!("ok {}", tell(value)),
        Err(error) => rejection(&error.code.to_string(), &error.path),
    };
    line.trim_end().to_owned()
}

/// How a driver tells a failure.
pub fn rejection(code: &str, path: &str) -> String {
    format!("err {code} {path}").trim_end().to_owned()
}
