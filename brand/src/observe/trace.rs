//! Records of single calls (`lx trace`), and what `-e inject` does to them.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::signal::SigInfo;
use abi::{Errno, nr};
use host::host_call;
use host::start::Boot;
use kernel::Task;
use observe::book::{Injection, Wanted, Word};
use observe::record::{INJECTED, Kind, Part, RESTARTED, STACK, STAGE_FROM, Stage, State, first};
use observe::ring::Ring;
use observe::{Book, Slot, special};

use super::capture::Recorder;

/// Ticks after which a reader that does nothing is taken for dead: some seconds.
const DEAD: u64 = 20_000_000_000;
/// The most callers of which the addresses are noted.
const CALLERS: usize = 48;

/// A call whose record is being made.
pub(super) struct Call {
    recorder: Recorder,
    number: usize,
    args: [usize; 6],
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Whether the thread's calls are wanted at all: of its first process only, unless all are.
fn follows(book: &Book<'_>, slot: &Slot<'_>, wanted: Wanted) -> bool {
    let tid = slot.get(Word::Ids) & 0xffff_ffff;
    wanted.follow || book.root().load(Ordering::Relaxed) == tid
}

fn stage(slot: Slot<'static>) -> Stage<'static> {
    Stage::new(slot.words().get(STAGE_FROM..).unwrap_or_default())
}

fn recorder(book: &Book<'_>, slot: Slot<'static>, wanted: Wanted) -> Recorder {
    Recorder {
        stage: stage(slot),
        limit: book.string_limit().min(observe::shape::MOST * 4),
        paths: wanted.paths,
    }
}

/// Begins the record of the call that is about to be served, if it is wanted.
pub(super) fn begin(
    task: &Task,
    book: &Book<'_>,
    slot: Slot<'static>,
    number: usize,
    args: [usize; 6],
) -> Option<Call> {
    let wanted = book.wanted();
    let marked = wanted.records
        && book
            .call(number)
            .is_some_and(|call| call.load(Ordering::Relaxed) & 1 != 0);
    if !marked || !follows(book, &slot, wanted) {
        return None;
    }
    let mut recorder = recorder(book, slot, wanted);
    recorder.before(number, &args);
    if wanted.stacks {
        callers(task, &mut recorder);
    }
    let call = Call {
        recorder,
        number,
        args,
    };
    call.head(slot, Kind::Call, 0, 0);
    if special::executes(number) {
        // The image that comes puts it into the ring.
        slot.set(Word::Staged, wide(call.recorder.stage.words().len()));
    } else if special::returns_from_signal(number) {
        call.sigreturn(task, book);
        return None;
    } else if special::ends(number) {
        call.head(slot, Kind::Last, 0, 0);
        put(book, call.recorder.stage.words());
        if wanted.stacks {
            settle(book);
        }
    }
    Some(call)
}

impl Call {
    fn head(&self, slot: Slot<'_>, kind: Kind, flags: u64, result: u64) {
        let stage = &self.recorder.stage;
        stage.set(0, first(kind, flags, self.number));
        stage.set(1, slot.get(Word::Ids));
        stage.set(2, slot.get(Word::Since));
        stage.set(3, 0);
        stage.set(4, result);
        for (index, &argument) in self.args.iter().enumerate() {
            stage.set(5 + index, wide(argument));
        }
    }

    /// The call has come back.
    pub(super) fn end(
        mut self,
        task: &Task,
        book: &Book<'_>,
        slot: Slot<'static>,
        took: u64,
        injected: bool,
    ) {
        if special::ends(self.number) {
            return;
        }
        let result = task.thread.frame().regs.rax;
        let mut flags = if injected { INJECTED } else { 0 };
        if task.thread.will_restart() {
            flags |= RESTARTED;
        } else if let Ok(value) = Errno::decode(result) {
            self.recorder.after(self.number, &self.args, value);
        }
        self.head(slot, Kind::Call, flags, wide(result));
        self.recorder.stage.set(3, took);
        put(book, self.recorder.stage.words());
    }

    /// rt_sigreturn(2) goes back to what its frame says: the mask and rax are in there
    /// (`struct ucontext`, at the stack pointer).
    fn sigreturn(mut self, task: &Task, book: &Book<'_>) {
        const RAX: usize = 40 + 13 * 8;
        const MASK: usize = 40 + 256;
        let context = task.stack_pointer();
        self.recorder
            .bytes(0, Part::Before, context.wrapping_add(MASK), 8, 8);
        let mut rax = [0u8; 8];
        if host::user::read_bytes(context.wrapping_add(RAX), &mut rax).is_ok() {
            self.recorder.stage.set(4, u64::from_le_bytes(rax));
        }
        put(book, self.recorder.stage.words());
    }
}

/// Where the call was made, and by the chain of frame pointers its callers.
fn callers(task: &Task, recorder: &mut Recorder) {
    let regs = &task.thread.frame().regs;
    let mut bytes = [0u8; CALLERS * 8];
    let (mut address, mut frame) = (regs.rip, regs.rbp);
    let mut used = 0;
    for to in bytes.chunks_exact_mut(8) {
        to.copy_from_slice(&address.to_le_bytes());
        used += 8;
        let mut pair = [0u8; 16];
        if frame < regs.rsp || frame % 8 != 0 || host::user::read_bytes(frame, &mut pair).is_err() {
            break;
        }
        let word = |from: usize| {
            let word = pair
                .get(from..from + 8)
                .and_then(|word| word.try_into().ok());
            usize::from_le_bytes(word.unwrap_or_default())
        };
        let above = word(0);
        address = word(8);
        if above <= frame || address == 0 {
            break;
        }
        frame = above;
    }
    let bytes = bytes.get(..used).unwrap_or_default();
    recorder
        .stage
        .piece(STACK, Part::Before, State::Whole, bytes);
}

/// A program has begun: the exec that brought it here is recorded.
pub(super) fn executed(book: &Book<'_>, slot: Slot<'static>, now: u64) {
    let staged = usize::try_from(slot.get(Word::Staged)).unwrap_or(0);
    slot.set(Word::Staged, 0);
    let words = slot
        .words()
        .get(STAGE_FROM..)
        .and_then(|stage| stage.get(..staged));
    if let Some(words @ [_, _, since, took, ..]) = words {
        took.store(
            now.saturating_sub(since.load(Ordering::Relaxed)),
            Ordering::Relaxed,
        );
        put(book, words);
    }
}

/// The first program has begun: a record as of the exec that `lx run` stands for.
pub(super) fn started(book: &Book<'_>, slot: Slot<'static>, boot: &Boot, path: &[u8]) {
    let wanted = book.wanted();
    let root = slot.get(Word::Ids) & 0xffff_ffff;
    super::set_root(book, root);
    let number = observe::special::EXECVE;
    if !wanted.records
        || book
            .call(number)
            .is_none_or(|call| call.load(Ordering::Relaxed) & 1 == 0)
    {
        return;
    }
    slot.set(Word::Since, host::observe::ticks());
    let mut recorder = recorder(book, slot, wanted);
    recorder.stage.piece(0, Part::Before, State::Whole, path);
    let mut argc = 0u64;
    for (number, &at) in (0u8..).zip(boot.argv()).take(33) {
        argc += 1;
        if number < 32 {
            recorder.text(1, Part::Element(number), at, recorder.limit);
        }
    }
    recorder
        .stage
        .piece(1, Part::Count, State::Whole, &argc.to_le_bytes());
    let envc = wide(boot.envp().len());
    recorder
        .stage
        .piece(2, Part::Count, State::Whole, &envc.to_le_bytes());
    let address = |words: &[usize]| words.as_ptr().expose_provenance();
    let call = Call {
        recorder,
        number,
        args: [1, address(boot.argv()), address(boot.envp()), 0, 0, 0],
    };
    call.head(slot, Kind::Call, 0, 0);
    put(book, call.recorder.stage.words());
}

/// The guest's handler is about to be called.
pub(super) fn signal(book: &Book<'_>, slot: Slot<'static>, info: &SigInfo) {
    let wanted = book.wanted();
    if !wanted.records || !follows(book, &slot, wanted) {
        return;
    }
    let mut stage = stage(slot);
    stage.set(0, first(Kind::Signal, 0, 0));
    stage.set(1, slot.get(Word::Ids));
    stage.set(2, host::observe::ticks());
    for index in 3..observe::record::HEAD {
        stage.set(index, 0);
    }
    let mut bytes = [0u8; 48];
    let words = [info.signo, info.errno, info.code, info.pad].map(i32::to_le_bytes);
    let fields = info.fields.iter().flat_map(|field| field.to_le_bytes());
    for (to, from) in bytes
        .iter_mut()
        .zip(words.into_iter().flatten().chain(fields))
    {
        *to = from;
    }
    stage.piece(0, Part::Before, State::Whole, &bytes);
    put(book, stage.words());
}

/// Puts a record into the ring, and waits for room while the reader lives.
fn put(book: &Book<'_>, words: &[AtomicU64]) {
    let Some(ring) = Ring::of(book) else {
        return;
    };
    let mut tries = 0u32;
    while ring.put(words).is_none() {
        let stale =
            host::observe::ticks().saturating_sub(book.beat().load(Ordering::Relaxed)) > DEAD;
        if stale || book.gone().load(Ordering::Relaxed) != 0 {
            book.dropped().fetch_add(1, Ordering::Relaxed);
            return;
        }
        tries += 1;
        pause(if tries < 20 { 20_000 } else { 500_000 });
    }
}

/// Waits until the reader has read all: it wants to look at this process.
fn settle(book: &Book<'_>) {
    for _ in 0..1000 {
        if book.gone().load(Ordering::Relaxed) != 0
            || Ring::of(book).is_none_or(|ring| ring.used() == 0)
        {
            return;
        }
        pause(500_000);
    }
}

/// Waits for so many nanoseconds, or less.
fn pause(nanos: u64) {
    let time = [nanos / 1_000_000_000, nanos % 1_000_000_000];
    let at = time.as_ptr().expose_provenance();
    const CLOCK_MONOTONIC: usize = 1;
    let _ = host_call!(nr::CLOCK_NANOSLEEP, CLOCK_MONOTONIC, 0, at, 0);
}

/// What is to be done to the call, if a rule says so this time.
pub(super) fn injection(book: &Book<'_>, slot: Slot<'_>, number: usize) -> Option<Injection> {
    let call = book.call(number)?.load(Ordering::Relaxed);
    let rule = usize::try_from(call >> 8 & 0xff).ok()?.checked_sub(1)?;
    let injection = book.injection(rule)?;
    let before = slot.count_rule(rule)?;
    if !follows(book, &slot, book.wanted()) {
        return None;
    }
    injection.is_due(before + 1).then_some(injection)
}

/// Before the call: the result in its place, if it is not to be made.
pub(super) fn inject_before(task: &mut Task, injection: Injection) -> bool {
    if injection.delay_before > 0 {
        pause(injection.delay_before);
    }
    let Some(result) = injection.result else {
        return false;
    };
    task.thread.frame_mut().regs.rax = usize::try_from(result).unwrap_or(0);
    true
}

/// After it.
pub(super) fn inject_after(injection: Injection) {
    if injection.delay_after > 0 {
        pause(injection.delay_after);
    }
    if injection.signal > 0 {
        let pid = host_call!(nr::GETPID).unwrap_or(0);
        let tid = host_call!(nr::GETTID).unwrap_or(0);
        let signal = usize::try_from(injection.signal).unwrap_or(0);
        let _ = host_call!(nr::TGKILL, pid, tid, signal);
    }
}
