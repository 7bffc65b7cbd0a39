//! What a recorder is told of workers and clients. Alone in its process, as all of it is for one recorder.

#[path = "supervision/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "supervision/worker.rs"]
#[allow(dead_code)]
mod worker;

use metrics_exporter_prometheus::PrometheusBuilder;
use mycelium_bridge::metrics::{METRICS, describe};
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use place::{MOMENT, NEVER, Place, eager, soon};
use worker::{playing, shell};

#[tokio::test]
async fn workers_and_clients_are_measured() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    // The runtime has one thread, and everything is measured there.
    let _guard = metrics::set_default_local_recorder(&recorder);
    describe();
    let intensity = Intensity::new(2, NEVER);
    let supervision = Supervision { backoff: Backoff::constant(MOMENT), intensity, healthy_after: NEVER };
    let failing = shell("failing", "echo one; printf '%99s\\n' two >&2; exit 3").supervision(supervision).max_line(50);
    let place = Place::new([eager(playing("serving", "connect serve")), failing]).await;
    soon(place.bridge.ready()).await;
    place.bridge.export();
    let text = page.render();
    let serving = r#"bridge="test",worker="serving""#;
    let failing = r#"bridge="test",worker="failing""#;
    for line in [
        r#"mycelium_bridge_workers{bridge="test"} 2"#.to_owned(),
        r#"mycelium_bridge_clients{bridge="test"} 1"#.to_owned(),
        r#"mycelium_bridge_frames_total{bridge="test",direction="in"} 0"#.to_owned(),
        format!("mycelium_bridge_worker_ready{{{serving}}} 1"),
        format!("mycelium_bridge_worker_failed{{{serving}}} 0"),
        format!("mycelium_bridge_worker_launches_total{{{serving}}} 1"),
        format!("mycelium_bridge_worker_ready{{{failing}}} 0"),
        format!("mycelium_bridge_worker_failed{{{failing}}} 1"),
        format!("mycelium_bridge_worker_launches_total{{{failing}}} 3"),
        format!("mycelium_bridge_worker_restarts_total{{{failing},reason=\"exit\"}} 2"),
        format!("mycelium_bridge_worker_uptime_seconds{{{failing}}} 0"),
        format!("mycelium_bridge_worker_output_lines_total{{{failing},stream=\"stdout\"}} 3"),
        format!("mycelium_bridge_worker_output_cut_lines_total{{{failing},stream=\"stderr\"}} 3"),
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
    // Nothing is told that the table does not have.
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(METRICS.iter().any(|metric| metric.name == name) || name.starts_with("mycelium_bus_"), "{name}");
    }
    place.end().await;
}
