//! Conformance: the same programs run natively and under `lx`, and what they show is compared.
//!
//! Nothing here links against the layer; it drives built binaries only.
#![forbid(unsafe_code)]

pub mod apps;
pub mod child;
pub mod escape;
pub mod expect;
pub mod generated;
pub mod guests;
pub mod judge;
pub mod ltp;
pub mod lx;
pub mod own;
pub mod pool;
pub mod report;
pub mod restricted;
pub mod roots;
pub mod soak;
