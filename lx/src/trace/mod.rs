//! `lx trace`: the calls of a program, line by line, as strace(1) prints them.

mod classes;
mod expression;
mod inject;
mod lines;
mod output;
mod stacks;
mod summary;

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::wait::WaitStatus;
use observe::book::Wanted;
use observe::record::Record;
use observe::ring::{Next, Ring};

use crate::cli::Trace;
use crate::failure::Failure;
use crate::observed::{Clock, Form, Mapped, Moment, Observed};
use crate::stat::Tally;

use lines::Lines;
use output::Output;

/// How long a record may stay unfinished before it is taken for one of a thread that was killed.
const PATIENCE: Duration = Duration::from_millis(500);
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
    let asked = Rc::new(asked);
    let form = Form {
        wanted,
        strings: options.strings,
        note: {
            let asked = Rc::clone(&asked);
            Box::new(move |book| asked.note_in(book, prints))
        },
    };
    let mut output = Output::open(options.output.as_deref(), options.follow > 1)?;
    let clock = Clock::start();
    let observed = match Observed::begin(&mut options.run, options.attach.as_ref(), form)? {
        Ok(observed) => observed,
        Err(status) => return Ok(status),
    };
    let mut tracer = Tracer {
        lines: Lines::new(&options, asked, observed.is_zoned()),
        tally: Tally::new(observed.is_zoned()),
        clock,
        observed,
        words: Vec::new(),
        stuck: HashMap::new(),
    };
    tracer.follow(&mut output)?;
    let books = tracer.observed.books();
    if wanted.tally {
        for mapped in &books {
            tracer.tally.finish(&mapped.book());
        }
        tracer.clock.look();
        let figures = tracer
            .tally
            .figures(&books, &tracer.clock, &options.run.command);
        let text = summary::render(&figures.total);
        let written = output
            .write(0, text.as_bytes())
            .and_then(|()| output.flush());
        written.map_err(unwritten)?;
    }
    Ok(tracer.observed.guest().imitate())
}

fn unwritten(error: io::Error) -> Failure {
    Failure::about("cannot write the trace", &error)
}

struct Tracer {
    lines: Lines,
    tally: Tally,
    clock: Clock,
    observed: Observed,
    words: Vec<u64>,
    /// Since when the record at the tail of a book's ring is unfinished, by the book's number.
    stuck: HashMap<usize, Instant>,
}

impl Tracer {
    /// Prints what comes, to the end.
    fn follow(&mut self, output: &mut Output) -> Result<(), Failure> {
        let mut pause = SHORTEST;
        loop {
            let books = self.observed.books();
            let found = self.drain(&books, output).map_err(unwritten)?;
            if found {
                pause = SHORTEST;
            } else {
                output.flush().map_err(unwritten)?;
                pause = (pause * 2).min(LONGEST);
            }
            let moment = self.observed.wait(if found { 0 } else { pause })?;
            for mapped in &books {
                self.tally.look(&mapped.book());
            }
            let ended = self.observed.guest().status().is_some();
            if moment == Moment::Asked || ended && !self.tally.is_anyone_left(&books) {
                // What was put in before the last one ended.
                while self.drain(&books, output).map_err(unwritten)? || !self.stuck.is_empty() {}
                break;
            }
        }
        let status = self.observed.guest().status();
        let books = self.observed.books();
        let ended = self.lines.end(&books, status.and_then(killed_by), output);
        ended.and_then(|()| output.flush()).map_err(unwritten)
    }

    /// Prints what is in the rings; whether there was anything.
    fn drain(&mut self, books: &[Arc<Mapped>], output: &mut Output) -> io::Result<bool> {
        let mut found = false;
        for (number, mapped) in books.iter().enumerate() {
            if let Some(ring) = Ring::of(&mapped.book()) {
                found |= self.drain_ring(number, &ring, output)?;
            }
        }
        Ok(found)
    }

    fn drain_ring(
        &mut self,
        number: usize,
        ring: &Ring<'_>,
        output: &mut Output,
    ) -> io::Result<bool> {
        let mut found = false;
        loop {
            match ring.next() {
                Next::Empty => break,
                Next::Record(len) => {
                    self.stuck.remove(&number);
                    found = true;
                    ring.take(len, &mut self.words);
                    if let Some(record) = Record::of(&self.words) {
                        self.lines.print(&record, &self.clock, output)?;
                    }
                }
                Next::Unfinished => {
                    let since = *self.stuck.entry(number).or_insert_with(Instant::now);
                    if since.elapsed() < PATIENCE {
                        if !found {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                        break;
                    }
                    ring.skip();
                }
                Next::Broken => ring.skip(),
            }
        }
        if matches!(ring.next(), Next::Empty) {
            self.stuck.remove(&number);
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
