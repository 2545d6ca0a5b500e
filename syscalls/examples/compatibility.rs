//! Prints the compatibility page, for `cargo xtask compat`.
#![forbid(unsafe_code)]

fn main() {
    print!("{}", syscalls::table::compatibility_page());
}
