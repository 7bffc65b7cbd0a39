//! What the generated code costs, beside floors and other formats in the same process. [`matrix`] says what is
//! measured, [`rounds`] how; the other modules are one format each. `docs/benchmarks.md` has the method and results.

pub mod bincode;
pub mod bridge;
pub mod checks;
pub mod copies;
pub mod matrix;
pub mod ours;
pub mod plain;
pub mod prost;
pub mod rkyv;
pub mod rounds;
pub mod sbe;
pub mod shapes;
pub mod transport;
