//! Prints a page that the dispatch table makes: `compatibility` or `host-calls`. `cargo xtask compat`
//! keeps `docs/` by it.
#![forbid(unsafe_code)]

fn main() {
    let page = match std::env::args().nth(1).as_deref() {
        Some("host-calls") => syscalls::table::host_calls_page(),
        _ => syscalls::table::compatibility_page(),
    };
    print!("{page}");
}
