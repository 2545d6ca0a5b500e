//! `lx trace`: the calls of a program, line by line, as strace(1) prints them.

mod classes;
mod expression;
mod inject;
mod lines;
mod output;
mod stacks;
mod summary;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use host_std::probe::ticks;
use nix::sys::wait::WaitStatus;
use observe::Book;
use observe::book::Wanted;
use observe::record::Record;
use observe::ring::{Next, Ring};

use crate::cli::Trace;
use crate::failure::Failure;
use crate::observed::{Clock, Guest, Mapped, Moment};
use crate::stat::Tally;

use lines::Lines;
use output::Output;

/// Words of the ring: 32 MiB.
const RING: usize = 4 << 20;
/// How long a record may stay unfinished before it is taken for one of a thread that was killed.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a sign of life is written, for guests that wait for room in the ring.
const BEAT: Duration = Duration::from_millis(200);
/// Milliseconds between two looks at the ring: after one that found something, and the most.
const SHORTEST: u16 = 1;
const LONGEST: u16 = 16;

/// Runs the program and prints its calls.
pub(crate) fn trace(mut options: Trace) -> Result<ExitCode, Failure> {
    let asked = expression::Asked::parse(&options.expressions)?;
    let prints = !options.summary_only;
    let wanted = Wanted {
        tally: options.summary_only || options.summary,
        records: true,
        stacks: options.stacks,
        paths: options.paths,
        follow: options.follow > 0,
    };
    let mapped = Arc::new(Mapped::make(wanted, RING, options.strings)?);
    asked.note_in(&mapped.book(), prints);
    let mut output = Output::open(options.output.as_deref(), options.follow > 1)?;
    options.run.book = Some(Arc::clone(&mapped.file));
    let zoned = options.run.is_zoned();
    mapped.book().beat().store(ticks(), Ordering::Relaxed);
    let clock = Clock::start();
    let guest = match Guest::start(&options.run)? {
        Ok(guest) => guest,
        Err(status) => return Ok(status),
    };
    let alive = Arc::clone(&mapped);
    std::thread::spawn(move || {
        loop {
            alive.book().beat().store(ticks(), Ordering::Relaxed);
            std::thread::sleep(BEAT);
        }
    });
    let mut tracer = Tracer {
        lines: Lines::new(&options, asked, clock, zoned),
        tally: Tally::new(zoned),
        clock,
        guest,
        words: Vec::new(),
        stuck: None,
    };
    let result = tracer.follow(&mapped.book(), &mut output);
    mapped.book().gone().store(1, Ordering::Relaxed);
    result.map_err(|error| Failure::about("cannot write the trace", &error))?;
    if wanted.tally {
        tracer.tally.finish(&mapped.book());
        tracer.clock.look();
        let figures = tracer
            .tally
            .figures(&mapped.book(), &tracer.clock, &options.run.command);
        let text = summary::render(&figures.total);
        let written = output
            .write(0, text.as_bytes())
            .and_then(|()| output.flush());
        written.map_err(|error| Failure::about("cannot write the trace", &error))?;
    }
    Ok(tracer.guest.imitate())
}

struct Tracer {
    lines: Lines,
    tally: Tally,
    clock: Clock,
    guest: Guest,
    words: Vec<u64>,
    /// Since when the record at the tail is unfinished.
    stuck: Option<Instant>,
}

impl Tracer {
    /// Prints what comes, to the end.
    fn follow(&mut self, book: &Book<'_>, output: &mut Output) -> io::Result<()> {
        let Some(ring) = Ring::of(book) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let mut pause = SHORTEST;
        loop {
            let found = self.drain(&ring, output)?;
            if found {
                pause = SHORTEST;
            } else {
                output.flush()?;
                pause = (pause * 2).min(LONGEST);
            }
            let moment = self.guest.wait(if found { 0 } else { pause })?;
            self.tally.look(book);
            let over = self.guest.status().is_some() && !self.tally.is_anyone_left(book);
            if over || moment == Moment::Asked {
                // What was put in before the last one ended.
                while self.drain(&ring, output)? || self.stuck.is_some() {}
                break;
            }
        }
        let dropped = book.dropped().load(Ordering::Relaxed);
        let status = self.guest.status();
        self.lines
            .end(book, status.and_then(killed_by), dropped, output)?;
        output.flush()
    }

    /// Prints what is in the ring; whether there was anything.
    fn drain(&mut self, ring: &Ring<'_>, output: &mut Output) -> io::Result<bool> {
        let mut found = false;
        loop {
            match ring.next() {
                Next::Empty => break,
                Next::Record(len) => {
                    self.stuck = None;
                    found = true;
                    ring.take(len, &mut self.words);
                    if let Some(record) = Record::of(&self.words) {
                        self.lines.print(&record, &self.clock, output)?;
                    }
                }
                Next::Unfinished => {
                    let since = *self.stuck.get_or_insert_with(Instant::now);
                    if since.elapsed() < PATIENCE {
                        if found {
                            break;
                        }
                        std::thread::sleep(Duration::from_micros(50));
                        break;
                    }
                    ring.skip();
                }
                Next::Broken => ring.skip(),
            }
        }
        if matches!(ring.next(), Next::Empty) {
            self.stuck = None;
        }
        Ok(found)
    }
}

/// The signal that ended the guest, and whether there is a core file.
fn killed_by(status: WaitStatus) -> Option<(u64, bool)> {
    match status {
        WaitStatus::Signaled(_, signal, core) => {
            Some((u64::try_from(signal as i32).unwrap_or(0), core))
        }
        _ => None,
    }
}
