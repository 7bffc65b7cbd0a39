//! A bridge as a service of the bus.

use mycelium_bridge::{OcamlBridgeConfig, OcamlBridgeService, OcamlChildConfig, WhenWorkerFails};
use mycelium_bus::MessageBus;
use mycelium_bus::service::{ServiceRuntime, ServiceState};
use mycelium_bus::supervision::{Intensity, Supervision};

use crate::place::soon;

fn config(path: &std::path::Path, script: &str) -> OcamlBridgeConfig {
    let supervision = Supervision { intensity: Intensity::new(0, crate::place::NEVER), ..Supervision::default() };
    let child = OcamlChildConfig::new("a", "sh").worker(|worker| worker.args(["-c", script]).supervision(supervision));
    OcamlBridgeConfig::new("desk", [7; 32]).bridge(|bridge| bridge.unix(path)).child(child)
}

#[tokio::test]
async fn a_bridge_is_a_service_with_endpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.sock");
    let runtime = ServiceRuntime::new(MessageBus::new());
    let service = OcamlBridgeService::new(config(&path, "[ $OCAMLRUNPARAM = b ] || exit 1; exec sleep 1000"));
    let supervised = service.service_config();
    let handle = runtime.spawn_with(service, supervised).unwrap();
    soon(handle.watch().wait_for(|status| status.state == ServiceState::Running)).await.unwrap();
    let endpoints = handle.metrics().endpoints();
    assert_eq!(endpoints.iter().map(|endpoint| endpoint.name()).collect::<Vec<_>>(), ["desk.unix"]);
    assert!(soon(runtime.shutdown()).await.is_clean());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_worker_that_is_given_up_on_may_take_the_service_along() {
    let folder = tempfile::tempdir().unwrap();
    let service = OcamlBridgeService::new(config(&folder.path().join("bus.sock"), "exit 4"));
    let mut supervised = service.service_config();
    supervised.supervision.intensity = Intensity::new(0, crate::place::NEVER);
    let runtime = ServiceRuntime::new(MessageBus::new());
    runtime.spawn_with(service.when_worker_fails(WhenWorkerFails::Fail), supervised).unwrap();
    let report = soon(runtime.failed()).await;
    let words = "desk: failed (error in run: the worker `a` is given up on: it ended with exit code 4)";
    assert_eq!(report.to_string(), words);
}
