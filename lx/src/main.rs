//! The command line of lx. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

/// The brand's image, built by `build.rs`.
static BRAND: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/brand.image"));

fn main() {
    println!("{}", BRAND.len());
}
