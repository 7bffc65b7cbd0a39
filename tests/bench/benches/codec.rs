//! The matrix under criterion, for looking at one lane over time: `cargo bench --bench codec -- 'NewOrder decode'`.
//! Ratios are judged by the `ratios` program, whose rounds interleave.

use criterion::{Criterion, criterion_group, criterion_main};
use mycelium_bench::matrix;

fn codec(criterion: &mut Criterion) {
    for group in matrix::groups() {
        let mut benchmarks = criterion.benchmark_group(group.name);
        for mut lane in group.lanes {
            benchmarks.bench_function(lane.name, |bencher| bencher.iter_custom(|count| lane.time(0, count)));
        }
        benchmarks.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
