//! Conformance: the same programs run natively and under `lx`, and what they show is compared.
//!
//! Nothing here links against the layer; it drives built binaries only.
#![forbid(unsafe_code)]

pub mod apps;
pub mod cage;
pub mod child;
pub mod data;
pub mod escape;
pub mod expect;
pub mod generated;
pub mod gtest;
pub mod guests;
pub mod judge;
pub mod ltp;
pub mod lx;
pub mod oci;
pub mod options;
mod ordinary;
pub mod own;
pub mod pages;
pub mod pool;
mod progress;
pub mod report;
pub mod restricted;
pub mod roots;
pub mod runner;
pub mod soak;
pub mod stress;
pub mod suite;
pub mod way;
