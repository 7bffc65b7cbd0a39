//! The program that bridges in these tests start: this executable, which runs one function if it is told to.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;

use mycelium_bridge::{BridgeConfig, ForeignBridge, WorkerConfig, variables};
use mycelium_bus::MessageBus;
use mycelium_wire::core_messages::*;
use mycelium_wire::frame::{self, HEADER_SIZE, Header};
use mycelium_wire::handshake::{self, CAPABILITY_WORKER};

/// What the program does.
const PLAY: &str = "BRIDGE_TEST_PLAY";

/// A worker that does as `play` says, which is a list of words. See [`play`].
pub fn playing(id: &str, play: &str) -> WorkerConfig {
    let program = std::env::current_exe().unwrap();
    WorkerConfig::new(id, program).args(["--exact", "worker::program", "--nocapture", "--quiet"]).env(PLAY, play)
}

/// A worker that is a shell with a script.
pub fn shell(id: &str, script: &str) -> WorkerConfig {
    WorkerConfig::new(id, "sh").args(["-c", script])
}

/// This program again, for a test that starts it itself.
pub fn command(play: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "worker::program", "--nocapture", "--quiet"]).env(PLAY, play);
    command
}

/// Not a test, but the program: where nobody tells it what to do, it does nothing.
#[test]
fn program() {
    if let Ok(words) = std::env::var(PLAY) {
        play(&words);
    }
}

fn play(words: &str) -> ! {
    let mut socket = None;
    let mut words = words.split(' ');
    while let Some(word) = words.next() {
        let mut number = || words.next().unwrap().parse::<i32>().unwrap();
        match word {
            "connect" => socket = Some(connect()),
            "disconnect" => socket = None,
            // Answers pings until the bridge says goodbye, and then waits to be ended.
            "serve" => {
                serve(socket.as_mut().unwrap());
                drop(socket.take());
                wait();
            }
            "serve-once" => serve(socket.as_mut().unwrap()),
            "wait" => wait(),
            "exit" => std::process::exit(number()),
            "abort" => std::process::abort(),
            "garbage" => {
                let garbage: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
                let _ = socket.as_mut().unwrap().write_all(&garbage);
            }
            "flood" => loop {
                let line = [b'x'; 200];
                let _ = std::io::stdout().write_all(&line).and_then(|()| std::io::stdout().write_all(b"\n"));
                let _ = std::io::stderr().write_all(&[0xff; 4096]);
            },
            // A process in the same group, which does not end by itself and keeps the output open.
            "fork" => drop(Command::new("sleep").arg("1000").spawn().unwrap()),
            "bridge" => bridge(),
            other => panic!("{other}"),
        }
    }
    std::process::exit(0);
}

fn wait() -> ! {
    loop {
        std::thread::park();
    }
}

fn connect() -> UnixStream {
    let variable = |name: &str| std::env::var(name).unwrap();
    let token = variable(variables::WORKER_TOKEN);
    let token: Vec<u8> =
        (0..token.len()).step_by(2).map(|at| u8::from_str_radix(&token[at..at + 2], 16).unwrap()).collect();
    let digest = variable(variables::SCHEMA_DIGEST);
    assert_eq!(digest, "07".repeat(32));
    let mut socket = UnixStream::connect(variable(variables::SOCKET)).unwrap();
    let id = variable(variables::WORKER_ID);
    socket.write_all(&hello(&id, token.try_into().unwrap(), CAPABILITY_WORKER)).unwrap();
    let (type_id, _) = read_frame(&mut socket).expect("an answer");
    if type_id != Welcome::TYPE_ID {
        // As the OCaml library ends for a bridge that refuses it for good.
        std::process::exit(78);
    }
    socket
}

pub fn hello(id: &str, token: [u8; 16], capabilities: u32) -> Vec<u8> {
    let hello = ClientHello::new(ClientHelloArgs {
        schema_digest: &[7; 32],
        protocol_version: 2,
        capabilities,
        client_name: "worker",
        worker_id: id,
        worker_token: &token,
    });
    handshake::client_v2(&hello.unwrap()).to_vec()
}

fn serve(socket: &mut UnixStream) {
    while let Some((type_id, payload)) = read_frame(socket) {
        match type_id {
            Ping::TYPE_ID => {
                let nonce = Ping::decode(&payload).unwrap().nonce();
                let mut pong = Header::of::<Pong>().to_bytes().to_vec();
                pong.resize(HEADER_SIZE + Pong::SIZE, 0);
                Pong::encode_into(PongArgs { nonce }, &mut pong[HEADER_SIZE..]).unwrap();
                if socket.write_all(&pong).is_err() {
                    return;
                }
            }
            Goodbye::TYPE_ID => return,
            _ => {}
        }
    }
}

/// The next frame; `None` at the end.
pub fn read_frame(socket: &mut UnixStream) -> Option<(u16, Vec<u8>)> {
    let mut header = [0; HEADER_SIZE];
    socket.read_exact(&mut header).ok()?;
    let header = Header::from_bytes(header, frame::MAX_PAYLOAD).unwrap();
    let mut payload = vec![0; header.length()];
    socket.read_exact(&mut payload).ok()?;
    Some((header.type_id(), payload))
}

/// A bridge with two workers, one of which takes no notice of anything; their processes are on stdout.
fn bridge() -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // What the shell has started outlives it, for a moment, or for as long as it likes.
        let config = BridgeConfig::new("killed", [7; 32])
            .unix(std::env::var("BRIDGE_TEST_SOCKET").unwrap())
            .worker(playing("serving", "connect serve"))
            .worker(shell(
                "stubborn",
                "trap '' TERM HUP INT PIPE; sleep 1000 > /dev/null 2>&1 & echo $! > $BRIDGE_TEST_SOCKET.child; \
                 while true; do sleep 1; done",
            ));
        let bridge = ForeignBridge::start(&MessageBus::new(), config).await.unwrap();
        let workers = bridge
            .wait_until(|workers| workers[0].state == mycelium_bridge::WorkerState::Ready && workers[1].pid.is_some())
            .await;
        let pids: Vec<_> = workers.iter().map(|worker| worker.pid.unwrap().to_string()).collect();
        println!("pids {}", pids.join(" "));
        std::future::pending::<()>().await;
    });
    unreachable!()
}
