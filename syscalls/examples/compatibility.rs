//! Prints the compatibility page; `cargo xtask compat` keeps `docs/compatibility.md` by it.
#![forbid(unsafe_code)]

fn main() {
    print!("{}", syscalls::table::compatibility_page());
}
