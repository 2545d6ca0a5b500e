//! The command line of lx, as its users meet it. One program, since each costs a link.
#![forbid(unsafe_code)]

mod bad_input;
mod bare;
mod common;
mod layers;
mod observed;
mod oci;
mod paths;
mod reports;
mod rights;
mod rooted;
mod run;
mod running;
mod system;
mod tools;
mod traced;
mod zone;
