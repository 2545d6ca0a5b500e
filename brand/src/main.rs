//! The brand: the freestanding image that lives in every guest process. See `ARCHITECTURE.md`.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
