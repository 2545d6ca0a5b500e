//! Carries out the loader's plan: maps the program and its interpreter, and tells the host where
//! their parts are.

use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::start::Boot;
use host::sync::Lock;
use host::{host_call, user};
use kernel::program::Break;
use kernel::vfs::Layout;
use loader::auxv::AuxInfo;
use loader::elf::{Image, Stack};
use loader::place::{self, Place, Randomize};
use loader::plan::{Fixed, Plan, Step};
use syscalls::exec::{Opened, Prepared};

const MAP_PRIVATE: usize = 2;
const MAP_FIXED: usize = 0x10;
const MAP_ANONYMOUS: usize = 0x20;
const MAP_FIXED_NOREPLACE: usize = 0x10_0000;
const PROT_READ_WRITE: usize = 3;
const PROT_ALL: usize = 7;
const PROT_GROWSDOWN: usize = 0x0100_0000;
const PAGE: usize = host::memory::PAGE;
const ADDR_NO_RANDOMIZE: usize = 0x004_0000;
const QUERY_PERSONALITY: usize = 0xffff_ffff;

/// A program in memory.
pub(crate) struct Loaded {
    /// Where it starts.
    pub(crate) entry: usize,
    /// The auxiliary vector, flat.
    pub(crate) auxv: Vec<usize>,
    /// The addresses of its parts.
    pub(crate) layout: Layout,
}

fn narrow(address: u64) -> usize {
    usize::try_from(address).unwrap_or(usize::MAX)
}

fn wide(address: usize) -> u64 {
    u64::try_from(address).unwrap_or(u64::MAX)
}

/// Maps the program. An error is fatal: there is no process to go back to.
/// `execfn` is where its name is; with `secure` it is not to trust its environment.
pub(crate) fn load(
    boot: &Boot,
    prepared: &Prepared,
    execfn: usize,
    secure: bool,
) -> SysResult<Loaded> {
    let mut random = [0u64; 2];
    let at = random.as_mut_ptr().expose_provenance();
    host_call!(nr::GETRANDOM, at, size_of_val(&random), 0)?;
    let fixed = host_call!(nr::PERSONALITY, QUERY_PERSONALITY)? & ADDR_NO_RANDOMIZE != 0;
    let randomize = if fixed {
        Randomize::Nothing
    } else {
        Randomize::Brk
    };

    let image = &prepared.image;
    let plan = map(
        &prepared.program,
        image,
        place::place(image, randomize, random[0]),
    )?;
    let program = plan.layout;
    let mut base = 0;
    let mut entry = program.entry;
    if let Some((file, image)) = &prepared.interpreter {
        let plan = map(file, image, place::place_interpreter(image, program.bias))?;
        base = plan.layout.bias;
        entry = plan.layout.entry;
    }
    if image.stack == Stack::Exec {
        let page = boot.stack() & !(PAGE - 1);
        host_call!(nr::MPROTECT, page, PAGE, PROT_ALL | PROT_GROWSDOWN)?;
    }
    let info = AuxInfo {
        phdr: program.phdr,
        phnum: image.header.phnum,
        base,
        entry: program.entry,
        execfn: wide(execfn),
        secure,
    };
    let mut auxv = boot.auxv().to_vec();
    for pair in auxv.chunks_exact_mut(2) {
        if let [tag, value] = pair {
            *value = narrow(info.value(wide(*tag), wide(*value)));
        }
    }
    let brk = place::brk(image, program.bss_end, randomize, random[1]);
    let layout = Layout {
        start_code: program.start_code,
        end_code: program.end_code,
        start_data: program.start_data,
        end_data: program.end_data,
        start_brk: brk,
        start_stack: wide(boot.stack()),
        ..Layout::default()
    };
    Ok(Loaded {
        entry: narrow(entry),
        auxv,
        layout,
    })
}

/// Maps one image at its place.
fn map(file: &Opened, image: &Image, place: Place) -> SysResult<Plan> {
    let mut plan = match place {
        Place::Search { len, alignment } => {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS;
            let search = |len: u64| -> SysResult<u64> {
                let found = host_call!(nr::MMAP, 0, narrow(len), 0, flags, usize::MAX, 0)?;
                host_call!(nr::MUNMAP, found, narrow(len))?;
                Ok(wide(found))
            };
            // The kernel aligns downwards, where nothing lies before a program is mapped. Here the
            // brand may lie there, so that room for that is searched too.
            let roomy = len
                .checked_add(alignment)
                .ok_or(Errno::ENOMEM)
                .and_then(search);
            let found = roomy
                .map(|found| found + alignment)
                .or_else(|_| search(len))?;
            place::aligned(image, found).plan(image)?
        }
        at @ Place::At { .. } => at.plan(image)?,
    }
    .ok_or(Errno::EINVAL)?;
    let mut done = 0;
    if plan.is_hint()
        && let Some(first) = plan.steps.first()
    {
        let address = carry_out(file, first)?;
        plan.moved_to(wide(address))?;
        done = 1;
    }
    for step in plan.steps.iter().skip(done) {
        carry_out(file, step)?;
    }
    Ok(plan)
}

/// Does one step; the address where it took effect.
fn carry_out(file: &Opened, step: &Step) -> SysResult {
    match *step {
        Step::File {
            addr,
            len,
            prot,
            offset,
            fixed,
            reserve,
        } => {
            let (addr, len, reserve) = (narrow(addr), narrow(len), narrow(reserve));
            let flags = MAP_PRIVATE
                | match fixed {
                    Fixed::Hint => 0,
                    Fixed::NoReplace => MAP_FIXED_NOREPLACE,
                    Fixed::Replace => MAP_FIXED,
                };
            let prot = usize::try_from(prot).unwrap_or(0);
            let whole = len.max(reserve);
            if fixed != Fixed::Hint && host::memory::overlaps(addr, whole) {
                return Err(Errno::ENOMEM);
            }
            let fd = int(file.fd());
            let at = host_call!(nr::MMAP, addr, whole, prot, flags, fd, narrow(offset))?;
            if whole > len {
                host_call!(nr::MUNMAP, at + len, whole - len)?;
            }
            Ok(at)
        }
        Step::Zero { addr, len } => {
            let zeros = [0u8; PAGE];
            let part = zeros.get(..narrow(len)).unwrap_or(&zeros);
            user::write_bytes(narrow(addr), part)?;
            Ok(narrow(addr))
        }
        Step::Anon { addr, len, prot } => {
            let (addr, len) = (narrow(addr), narrow(len));
            if host::memory::overlaps(addr, len) {
                return Err(Errno::ENOMEM);
            }
            let prot = usize::try_from(prot).unwrap_or(0) | PROT_READ_WRITE;
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
            host_call!(nr::MMAP, addr, len, prot, flags, usize::MAX, 0)
        }
    }
}

/// `struct prctl_mm_map`.
#[repr(C)]
struct MmMap {
    addresses: [u64; 11],
    auxv: u64,
    auxv_size: u32,
    exe_fd: u32,
}

/// Tells the host where the program's parts are (`PR_SET_MM_MAP`), so that its break, `[heap]`
/// and /proc/PID/{stat,auxv,cmdline} are the guest's. Where it does not take that, the break that
/// the brand keeps itself. `end` is where the environment ends with the hidden string.
pub(crate) fn tell_host(layout: &Layout, end: u64, auxv: &[usize]) -> Option<Lock<Break>> {
    const PR_SET_MM: usize = 35;
    const PR_SET_MM_MAP: usize = 14;
    let map = MmMap {
        addresses: [
            layout.start_code,
            layout.end_code,
            layout.start_data,
            layout.end_data,
            layout.start_brk,
            layout.start_brk,
            layout.start_stack,
            layout.arg_start,
            layout.arg_end,
            layout.env_start,
            end,
        ],
        auxv: wide(auxv.as_ptr().expose_provenance()),
        auxv_size: u32::try_from(size_of_val(auxv)).unwrap_or(0),
        exe_fd: u32::MAX,
    };
    let at = (&raw const map).expose_provenance();
    if host_call!(
        nr::PRCTL,
        PR_SET_MM,
        PR_SET_MM_MAP,
        at,
        size_of::<MmMap>(),
        0
    )
    .is_ok()
    {
        return None;
    }
    let start = narrow(layout.start_brk);
    Some(Lock::new(Break { start, now: start }))
}
