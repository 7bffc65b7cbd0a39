//! ZeroMQ over ipc: PUSH to PULL, REQ to REP, each end with a context of its own. Its settings are its defaults.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Failure, OneWay, RoundTrip, Size, each};

struct Pair {
    near: zmq::Socket,
    far: zmq::Socket,
    // The socket it binds is in it.
    _folder: tempfile::TempDir,
}

fn pair(near: zmq::SocketType, far: zmq::SocketType) -> Result<Pair, Failure> {
    let folder = tempfile::tempdir()?;
    let address = format!("ipc://{}/socket", folder.path().display());
    let far = zmq::Context::new().socket(far)?;
    far.bind(&address)?;
    let near = zmq::Context::new().socket(near)?;
    near.connect(&address)?;
    Ok(Pair { near, far, _folder: folder })
}

/// PUSH to PULL.
pub struct PushPull {
    push: zmq::Socket,
    frame: Vec<u8>,
    expect: mpsc::Sender<u64>,
    arrived: mpsc::Receiver<Result<Instant, zmq::Error>>,
    _folder: tempfile::TempDir,
}

impl PushPull {
    /// Both ends, PULL on a thread of its own.
    pub fn new(size: Size) -> Result<Self, Failure> {
        let Pair { near: push, far: pull, _folder } = pair(zmq::PUSH, zmq::PULL)?;
        let (expect, expected) = mpsc::channel();
        let (arrive, arrived) = mpsc::channel();
        thread::spawn(move || {
            let mut message = zmq::Message::new();
            for count in expected {
                let outcome = (0..count).try_for_each(|_| pull.recv(&mut message, 0)).map(|()| Instant::now());
                if arrive.send(outcome).is_err() {
                    break;
                }
            }
        });
        Ok(Self { push, frame: vec![7; size.frame()], expect, arrived, _folder })
    }
}

impl OneWay for PushPull {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        self.expect.send(count)?;
        let start = Instant::now();
        for _ in 0..count {
            self.push.send(&self.frame, 0)?;
        }
        Ok(self.arrived.recv()?? - start)
    }
}

/// REQ to REP.
pub struct ReqRep {
    req: zmq::Socket,
    frame: Vec<u8>,
    message: zmq::Message,
    _folder: tempfile::TempDir,
}

impl ReqRep {
    /// Both ends, REP on a thread of its own.
    pub fn new(size: Size) -> Result<Self, Failure> {
        let Pair { near: req, far: rep, _folder } = pair(zmq::REQ, zmq::REP)?;
        thread::spawn(move || {
            let mut message = zmq::Message::new();
            while rep.recv(&mut message, 0).is_ok() && rep.send(&message[..], 0).is_ok() {}
        });
        Ok(Self { req, frame: vec![7; size.frame()], message: zmq::Message::new(), _folder })
    }
}

impl RoundTrip for ReqRep {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        each(count, || {
            self.req.send(&self.frame, 0)?;
            Ok(self.req.recv(&mut self.message, 0)?)
        })
    }
}
