//! The program that bridges in these tests start: this executable, which does as it is told.

use mycelium_bus::client::{Client, ClientConfig};

use crate::messages::*;

/// What the program does: a list of words.
const PLAY: &str = "DAEMON_TEST_PLAY";

/// The lines of a configuration for a worker that does as `play` says.
pub fn playing(id: &str, play: &str) -> String {
    let program = std::env::current_exe().expect("a path");
    format!(
        "- id: {id}\n  program: {program:?}\n  args: [--exact, 'worker::program', --nocapture, --quiet]\n  \
         env: {{ {PLAY}: '{play}' }}\n"
    )
}

/// Not a test, but the program: where nobody tells it what to do, it does nothing.
#[test]
fn program() {
    if let Ok(words) = std::env::var(PLAY) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(play(&words));
        std::process::exit(0);
    }
}

async fn play(words: &str) {
    for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC"] {
        assert!(std::env::var_os(variable).is_none(), "{variable} is the bridge's alone");
    }
    let mut client = None;
    let connected = |client: &Option<Client>| client.clone().expect("it is connected");
    for word in words.split(' ') {
        match word {
            "connect" => client = Some(connect().await),
            // Until the process is ended.
            "wait" => std::future::pending::<()>().await,
            "publish" => {
                let mut texts = connected(&client).publisher::<TextMessage>().expect("a publisher");
                let mut updates = connected(&client).publisher::<CounterUpdate>().expect("a publisher");
                let mut secrets = connected(&client).publisher::<Secret>().expect("a publisher");
                // A feed: fast enough for a test, and slow enough for a machine of one core.
                let mut feed = tokio::time::interval(std::time::Duration::from_millis(1));
                for number in 0.. {
                    feed.tick().await;
                    let sender = ["ada", "bob"][number as usize % 2];
                    let text = TextMessageArgs { sender, content: "hello", timestamp: number };
                    texts.publish_new(&text).await.expect("published");
                    let update = CounterUpdateArgs { counter_id: 7, value: number as i32, delta: 1 };
                    updates.publish_new(&update).await.expect("published");
                    secrets.publish_new(&SecretArgs { key: "hunter2" }).await.expect("published");
                }
            }
            word => std::process::exit(word.strip_prefix("exit-").expect("a word").parse().expect("a code")),
        }
    }
}

async fn connect() -> Client {
    let variable = |name: &str| std::env::var(name).expect("the bridge sets it");
    let token = variable("MYCELIUM_WORKER_TOKEN");
    let byte = |at: usize| u8::from_str_radix(&token[at..at + 2], 16).expect("hexadecimal digits");
    let token: Vec<u8> = (0..token.len()).step_by(2).map(byte).collect();
    let worker = Some((variable("MYCELIUM_WORKER_ID"), token.try_into().expect("16 bytes")));
    let config = ClientConfig { worker, ..ClientConfig::new(SCHEMA_DIGEST, AnyMessage::MESSAGES) };
    Client::connect_unix(variable("MYCELIUM_SOCKET"), config).await.expect("a connection")
}
