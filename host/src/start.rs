//! The beginning of the brand in a process, and its end when it has a bug.

use core::ffi::CStr;
use core::fmt::{self, Write};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use abi::signal::{SIGABRT, SigInfo, SigSet};
use abi::{SysResult, nr};

use crate::arch::{Label, lx_enter};
use crate::brand::{Brand, Outcome, Trap, TrapKind};
use crate::frame::Delivery;
use crate::memory::{self, PAGE};
use crate::thread::{Control, Frame, NewThread, Thread, install_task, task_mut};
use crate::{host_call, intercept, signal};

unsafe extern "C" {
    safe static __ehdr_start: Label;
    safe static __executable_start: Label;
    safe static etext: Label;
    safe static end: Label;
}

/// The brand's functions, by the type of its task.
pub(crate) struct Hooks {
    boot: fn(Boot, NonNull<Control>),
    pub(crate) dispatch: fn(NonNull<Control>),
    pub(crate) deliver: fn(NonNull<Control>, &SigInfo, &mut Delivery<'_>) -> Outcome,
    pub(crate) host_mask: fn(NonNull<Control>) -> SigSet,
    pub(crate) before_return: fn(NonNull<Control>) -> bool,
    pub(crate) child: fn(NonNull<Control>),
    pub(crate) drop_task: fn(NonNull<Control>),
    pub(crate) trap: fn(usize, Option<TrapKind>) -> Trap,
}

struct HooksOf<B>(core::marker::PhantomData<B>);

impl<B: Brand> HooksOf<B> {
    // SAFETY (of every task_mut below): the task is installed before the thread runs, and each
    // function is called on that thread with no other reference to the task alive: from entry.S,
    // or from a handler that interrupted guest code.
    const HOOKS: Hooks = Hooks {
        boot: |boot, control| install_task(control, B::boot(boot, Thread(control))),
        // SAFETY: see above.
        dispatch: |control| B::dispatch(unsafe { task_mut(control) }),
        deliver: |control, info, delivery| {
            // SAFETY: see above.
            B::deliver(unsafe { task_mut(control) }, info, delivery)
        },
        // SAFETY: see above.
        host_mask: |control| B::host_mask(unsafe { task_mut(control) }),
        // SAFETY: see above.
        before_return: |control| B::before_return(unsafe { task_mut(control) }),
        // SAFETY: see above.
        child: |control| B::child(unsafe { task_mut(control) }),
        // SAFETY: the thread has left it, and nobody else has it.
        drop_task: |control| unsafe { core::ptr::drop_in_place(task_mut::<B::Task>(control)) },
        trap: B::trap,
    };
}

static HOOKS: AtomicPtr<Hooks> = AtomicPtr::new(core::ptr::null_mut());

pub(crate) fn hooks() -> &'static Hooks {
    // SAFETY: `main` stored a static before anything can ask.
    unsafe { &*HOOKS.load(Ordering::Relaxed) }
}

/// entry.S calls this with a call to serve.
#[unsafe(no_mangle)]
extern "C" fn lx_dispatch(control: NonNull<Control>) {
    (hooks().dispatch)(control);
}

/// What the kernel left on the stack of the new process (`create_elf_tables`).
pub struct Boot {
    words: *mut usize,
    argc: usize,
    envc: usize,
    auxc: usize,
}

// SAFETY for the accessors: the kernel laid the words out; `lx_boot` counted them.
impl Boot {
    fn new(words: *mut usize) -> Self {
        // SAFETY: argc, argv.., 0, envp.., 0, auxv pairs.., 0 0, as the kernel wrote them.
        unsafe {
            let argc = words.read();
            let envp = words.add(argc + 2);
            let mut envc = 0;
            while envp.add(envc).read() != 0 {
                envc += 1;
            }
            let auxv = envp.add(envc + 1);
            let mut auxc = 0;
            while auxv.add(auxc * 2).read() != 0 {
                auxc += 1;
            }
            Self {
                words,
                argc,
                envc,
                auxc: auxc + 1,
            }
        }
    }

    fn words(&self, from: usize, count: usize) -> &'static [usize] {
        // SAFETY: within the words that `new` counted, which stay until the guest runs.
        unsafe { core::slice::from_raw_parts(self.words.add(from), count) }
    }

    /// Addresses of the arguments.
    #[must_use]
    pub fn argv(&self) -> &'static [usize] {
        self.words(1, self.argc)
    }

    /// Addresses of the environment strings.
    #[must_use]
    pub fn envp(&self) -> &'static [usize] {
        self.words(self.argc + 2, self.envc)
    }

    /// The auxiliary vector, flat: type and value in turn, with AT_NULL.
    #[must_use]
    pub fn auxv(&self) -> &'static [usize] {
        self.words(self.argc + self.envc + 3, self.auxc * 2)
    }

    /// A value of the auxiliary vector.
    #[must_use]
    pub fn auxiliary(&self, kind: usize) -> Option<usize> {
        self.auxv()
            .chunks_exact(2)
            .find(|pair| pair[0] == kind)
            .map(|pair| pair[1])
    }

    /// A random number, from the 16 bytes of `AT_RANDOM`.
    fn random(&self) -> u64 {
        const AT_RANDOM: usize = 25;
        self.auxiliary(AT_RANDOM).map_or(0, |at| {
            // SAFETY: the kernel put 16 bytes there.
            unsafe { core::ptr::with_exposed_provenance::<u64>(at).read_unaligned() }
        })
    }

    /// A string of the arguments or the environment.
    #[must_use]
    pub fn string(&self, address: usize) -> &'static CStr {
        // SAFETY: addresses in argv and envp are the kernel's, of strings that end with NUL.
        unsafe { CStr::from_ptr(core::ptr::with_exposed_provenance(address)) }
    }

    /// The stack pointer that the program will have.
    #[must_use]
    pub fn stack(&self) -> usize {
        self.words.expose_provenance()
    }

    /// Takes the last environment string away: the auxiliary vector moves down by one word, and
    /// `auxv` (as long as before) takes its place.
    pub fn finish(&mut self, auxv: &[usize]) {
        debug_assert!(auxv.len() == self.auxc * 2);
        if self.envc == 0 {
            return;
        }
        self.envc -= 1;
        // SAFETY: one word fewer than the kernel wrote, from the same start.
        unsafe {
            let last = self.words.add(self.argc + 2 + self.envc);
            last.write(0);
            for (index, word) in auxv.iter().enumerate().take(self.auxc * 2) {
                last.add(1 + index).write(*word);
            }
        }
    }
}

/// Takes the first steps for the brand `B`: `host::entry_point!(B)` calls it.
pub fn main<B: Brand>(words: *mut usize) -> ! {
    let hooks: &'static Hooks = &HooksOf::<B>::HOOKS;
    HOOKS.store(core::ptr::from_ref(hooks).cast_mut(), Ordering::Relaxed);
    if let Err(errno) = begin(words) {
        fatal(format_args!("cannot begin: {errno}"));
    }
    fatal(format_args!("the guest returned"));
}

fn begin(words: *mut usize) -> SysResult<()> {
    let (low, high) = (image_base(), end.address().next_multiple_of(PAGE));
    memory::add_range(low, high)?;
    memory::use_first_area();
    let boot = Boot::new(words);
    intercept::make_token(boot.random());
    let mut thread = NewThread::new()?;
    let control = thread.0;
    thread_frame(&mut thread);
    signal::use_own_stack(&Thread(control))?;
    signal::protect()?;
    // SAFETY: the control block is this thread's; entry.S and the windows find it through gs.
    unsafe { crate::arch::lx_write_gs_base(control.as_ptr().addr()) };
    (hooks().boot)(boot, control);
    intercept::arm()?;
    // SAFETY: the frame has the registers of the program's first instruction.
    unsafe { lx_enter(control.as_ptr()) }
}

fn thread_frame(thread: &mut NewThread) {
    // SAFETY: nothing else refers to the new control block.
    unsafe { (*thread.0.as_ptr()).frame = Frame::ZERO };
}

/// The image's text: the one range from which calls reach the host. Page-aligned.
pub(crate) fn text() -> (usize, usize) {
    let start = __executable_start.address() & !(PAGE - 1);
    (start, etext.address().next_multiple_of(PAGE))
}

/// Whether an address is in the image's text.
pub(crate) fn in_brand(address: usize) -> bool {
    let (start, stop) = text();
    (start..stop).contains(&address)
}

/// Where the image begins.
pub(crate) fn image_base() -> usize {
    __ehdr_start.address()
}

/// A line of a report, put together without allocation.
struct Line {
    text: [u8; 256],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            let Some(to) = self.text.get_mut(self.len) else {
                return Ok(());
            };
            *to = byte;
            self.len += 1;
        }
        Ok(())
    }
}

/// Writes one line to the standard error.
pub fn report(message: fmt::Arguments<'_>) {
    let mut line = Line {
        text: [0; 256],
        len: 0,
    };
    let _ = writeln!(line, "lx: {message}");
    let _ = host_call!(
        nr::WRITE,
        2,
        line.text.as_ptr().expose_provenance(),
        line.len
    );
}

/// Reports a bug of the brand and ends the process by SIGABRT.
pub fn fatal(message: fmt::Arguments<'_>) -> ! {
    report(format_args!("internal error: {message}"));
    let _ = signal::set_disposition(SIGABRT, signal::Disposition::Default);
    signal::set_mask(SigSet::EMPTY);
    let pid = host_call!(nr::GETPID).unwrap_or(0);
    let _ = host_call!(nr::KILL, pid, usize::from(SIGABRT));
    crate::process::exit_group(134)
}

/// Reports a panic and ends the process, for the brand's `#[panic_handler]`.
pub fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    match info.location() {
        Some(at) => fatal(format_args!(
            "{} at {}:{}",
            info.message(),
            at.file(),
            at.line()
        )),
        None => fatal(format_args!("{}", info.message())),
    }
}

/// Makes `start.S` begin with the brand `$brand`.
#[macro_export]
macro_rules! entry_point {
    ($brand:ty) => {
        /// start.S comes here with the stack that the kernel made.
        #[unsafe(no_mangle)]
        extern "C" fn lx_boot(words: *mut usize) -> ! {
            $crate::start::main::<$brand>(words)
        }
    };
}
