//! What workers print holds up nobody.

use mycelium_bridge::WorkerState;

use crate::place::{Place, eager, soon};
use crate::worker::playing;

// On one thread: whoever does not give way holds up everything.
#[tokio::test]
async fn a_flood_of_output_holds_up_nobody() {
    let place = Place::new([
        eager(playing("flooding", "flood")).max_line(64),
        eager(playing("flooding too", "flood")).max_line(64),
        eager(playing("quiet", "connect serve")),
    ])
    .await;
    let many = 10_000;
    soon(place.bridge.wait_until(|workers| workers[2].state == WorkerState::Ready)).await;
    // The quiet one goes and comes, however much the others print.
    for launch in 2..5 {
        place.bridge.restart("quiet").unwrap();
        let is_back =
            |worker: &mycelium_bridge::WorkerStatus| worker.launches == launch && worker.state == WorkerState::Ready;
        soon(place.bridge.wait_until(|workers| is_back(&workers[2]))).await;
    }
    soon(async {
        while ["flooding", "flooding too"].iter().any(|id| place.worker(id).output_lines < many) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(place.worker("flooding").output_cut > 0);
    place.end().await;
}
