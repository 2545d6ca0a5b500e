//! The host side of a zone: what the host offers, how a zone is set up and confined, and zsched,
//! which supervises it from outside. See `ARCHITECTURE.md`.
//!
//! [`start`] splits the process that was `lx`. The parent becomes zsched ([`supervise`]); the child
//! goes into new namespaces, builds the zone there ([`inside`]), and goes on as the guest.
#![forbid(unsafe_code)]

pub mod asked;
mod bare;
mod cgroup;
pub mod config;
pub mod confine;
pub mod container;
pub mod contracts;
mod cpu;
mod detached;
mod entrance;
mod error;
mod facts;
mod first;
mod gate;
mod guard;
pub mod host;
mod idmap;
pub mod inside;
mod join;
mod keeper;
pub mod limits;
mod namespaces;
pub mod passwd;
mod processes;
mod pty;
mod relay;
mod report;
mod service;
pub mod spec;
mod start;
mod state;
mod supervise;
mod terminal;
mod upper;
pub mod zones;

pub use detached::{Begun, Steps, start_detached};
pub use error::Error;
pub use gate::Gate;
pub use join::{Program, attend, join, join_detached};
pub use kernel::zone::NATIVE;
pub use namespaces::{has_namespaces, has_overlayfs};
pub use processes::Process;
pub use start::{is_fixed, start};
pub use supervise::End;
