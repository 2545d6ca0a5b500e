//! How the brand is linked: freestanding, with nothing of the C library in it.
//!
//! What makes it a static-pie (`relocation-model=pie`, `crt-static`) stands in the rustflags of
//! the workspace and of `lx/build.rs`; here stands what must hold for the image
//! (`--cfg lx_image`).

/// Arguments to the linker driver, each with its reason.
const LINK_ARGUMENTS: &[&str] = &[
    // `_start` comes from `host`; no crt files, no libc.
    "-nostartfiles",
    "-nostdlib",
    // The image needs no executable stack and no relocation of its text.
    "-Wl,-z,noexecstack",
    "-Wl,-z,text",
    // Only the text is executable: no other bytes share a page with it in the file, so that the
    // range allowed to make host calls holds nothing else.
    "-Wl,-z,separate-code",
    // The image relocates itself and protects its own data, so RELRO would only split a segment.
    "-Wl,-z,norelro",
    "-Wl,--build-id=none",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_LX_IMAGE").is_none() {
        return;
    }
    for argument in LINK_ARGUMENTS {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}
