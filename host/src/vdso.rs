//! The kernel's vDSO (vdso(7)), which the brand asks for the time instead of making a host call.

use core::ffi::CStr;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::thread::Thread;

/// Where the vDSO's ELF image is, or 0.
static IMAGE: AtomicUsize = AtomicUsize::new(0);
static CLOCK_GETTIME: AtomicUsize = AtomicUsize::new(0);
/// "Looked for, and not there."
const ABSENT: usize = 1;

const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;

/// Says where the vDSO is (`AT_SYSINFO_EHDR`).
pub fn set_image(address: usize) {
    IMAGE.store(address, Ordering::Relaxed);
}

/// clock_gettime by the vDSO into `now`, seconds and nanoseconds: whether it did. It does not for
/// a clock that it does not know, and where there is no vDSO.
// The caller's memory, not a result: a result would be copied as one vector right after the vDSO
// stored two words, which the processor cannot forward and waits for instead.
pub fn clock_gettime(thread: &Thread, clock: i32, now: &mut [i64; 2]) -> bool {
    let mut function = CLOCK_GETTIME.load(Ordering::Relaxed);
    if function == 0 {
        function = find(c"__vdso_clock_gettime").unwrap_or(ABSENT);
        CLOCK_GETTIME.store(function, Ordering::Relaxed);
    }
    if function == ABSENT {
        return false;
    }
    // SAFETY: the vDSO's function of that name has this signature.
    let function: extern "C" fn(i32, *mut i64) -> i32 =
        unsafe { core::mem::transmute(core::ptr::with_exposed_provenance::<()>(function)) };
    // SAFETY: the control block is the running thread's.
    let flag = unsafe { &(*thread.0.as_ptr()).in_vdso };
    flag.store(1, Ordering::Relaxed);
    let result = function(clock, now.as_mut_ptr());
    flag.store(0, Ordering::Relaxed);
    result == 0
}

/// The address of a function of the vDSO.
fn find(name: &CStr) -> Option<usize> {
    let image = IMAGE.load(Ordering::Relaxed);
    if image == 0 {
        return None;
    }
    let word = |at: usize| -> usize {
        // SAFETY: within the vDSO's image, which the kernel maps whole and keeps.
        unsafe { core::ptr::with_exposed_provenance::<usize>(at).read_unaligned() }
    };
    let half = |at: usize| -> u32 {
        // SAFETY: as above.
        unsafe { core::ptr::with_exposed_provenance::<u32>(at).read_unaligned() }
    };
    let headers = image + word(image + 32);
    let count = usize::try_from(half(image + 56) & 0xffff).ok()?;
    let (mut bias, mut dynamic) = (None, None);
    for header in (0..count).map(|index| headers + index * 56) {
        match half(header) {
            PT_LOAD if bias.is_none() => {
                bias = Some(
                    image
                        .wrapping_add(word(header + 8))
                        .wrapping_sub(word(header + 16)),
                );
            }
            PT_DYNAMIC => dynamic = Some(image.wrapping_add(word(header + 8))),
            _ => {}
        }
    }
    let (bias, mut entry) = (bias?, dynamic?);
    let (mut strings, mut symbols) = (0, 0);
    while word(entry) != 0 {
        match word(entry) {
            DT_STRTAB => strings = bias.wrapping_add(word(entry + 8)),
            DT_SYMTAB => symbols = bias.wrapping_add(word(entry + 8)),
            _ => {}
        }
        entry += 16;
    }
    // The string table follows the symbol table, whose length stands nowhere else.
    if symbols == 0 || strings <= symbols {
        return None;
    }
    (symbols..strings).step_by(24).find_map(|symbol| {
        let offset = usize::try_from(half(symbol)).ok()?;
        // SAFETY: a name in the string table ends with NUL.
        let found = unsafe { CStr::from_ptr(core::ptr::with_exposed_provenance(strings + offset)) };
        (found == name).then(|| bias.wrapping_add(word(symbol + 8)))
    })
}
