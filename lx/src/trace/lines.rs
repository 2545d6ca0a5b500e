//! From a record to a line, with what the options want before and behind it.

use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use decode::{Out, Style};
use observe::Book;
use observe::book::Word;
use observe::record::{Kind, Part, Record, STACK, State};

use super::expression::Asked;
use super::output::Output;
use super::stacks::Stacks;
use crate::cli::Trace;
use crate::observed::{Clock, Mapped};

/// The state of a printer.
pub(super) struct Lines {
    asked: Rc<Asked>,
    style: Style,
    follow: bool,
    relative: bool,
    /// 1: the time of day; 2: with microseconds; 3: seconds since 1970.
    times: u8,
    durations: bool,
    only_good: bool,
    only_bad: bool,
    stacks: Option<Stacks>,
    threads: HashSet<u32>,
    root: u32,
    last: Option<u64>,
    out: Out,
}

impl Lines {
    pub(super) fn new(options: &Trace, asked: Rc<Asked>, zoned: bool) -> Self {
        Self {
            asked,
            style: Style {
                strings: options.strings,
            },
            follow: options.follow > 0,
            relative: options.relative,
            times: options.times,
            durations: options.durations,
            only_good: options.successful,
            only_bad: options.failed,
            stacks: options.stacks.then(|| Stacks::new(zoned)),
            threads: HashSet::new(),
            root: 0,
            last: None,
            out: Out::new(),
        }
    }

    /// Prints a record.
    pub(super) fn print(
        &mut self,
        record: &Record<'_>,
        clock: &Clock,
        output: &mut Output,
    ) -> io::Result<()> {
        if self.root == 0 {
            self.root = record.tid();
        }
        if self.follow {
            self.threads.insert(record.tid());
        }
        if self.is_hidden(record) {
            return Ok(());
        }
        let tid = record.tid();
        self.out.clear();
        self.out.begin();
        self.before(record, clock, output);
        match record.kind() {
            Some(Kind::Signal) => decode::delivered(record, &mut self.out),
            _ => decode::call(record, self.style, &mut self.out),
        }
        if self.durations && record.kind() == Some(Kind::Call) {
            let micros = clock.nanos(record.took()) / 1000;
            self.out.text(" <");
            seconds(micros, &mut self.out);
            self.out.text(">");
        }
        self.out.text("\n");
        if let Some(stacks) = &mut self.stacks
            && let Some(piece) = record.piece(STACK, Part::Before)
        {
            let addresses: Vec<u8> = piece.bytes().collect();
            stacks.print(record.pid(), &addresses, &mut self.out);
        }
        if record.kind() == Some(Kind::Last) {
            self.out.begin();
            self.before(record, clock, output);
            self.out.text("+++ exited with ");
            self.out.dec(record.argument(0) & 0xff);
            self.out.text(" +++\n");
            self.threads.remove(&tid);
        }
        output.write(tid, self.out.bytes())
    }

    fn is_hidden(&self, record: &Record<'_>) -> bool {
        if record.kind() == Some(Kind::Signal) {
            let piece = record.piece(0, Part::Before);
            let number = piece.filter(|piece| piece.state == State::Whole);
            let number = number.and_then(|piece| piece.bytes().next()).unwrap_or(0);
            return number == 0 || number > 64 || self.asked.signals >> (number - 1) & 1 == 0;
        }
        let failed = i64::from_ne_bytes(record.result().to_ne_bytes()) < 0
            && record.result() >= 0u64.wrapping_sub(4095);
        self.only_good && failed || self.only_bad && !failed
    }

    /// Who, and when.
    fn before(&mut self, record: &Record<'_>, clock: &Clock, output: &Output) {
        let tid = u64::from(record.tid());
        if self.follow && !output.is_apart() {
            let digits = usize::try_from(tid.checked_ilog10().unwrap_or(0) + 1).unwrap_or(1);
            let spaces = &"     "[digits.min(5)..];
            if output.is_stderr() {
                if self.threads.len() > 1 {
                    self.out.text("[pid ");
                    self.out.text(spaces);
                    self.out.dec(tid);
                    self.out.text("] ");
                }
            } else {
                self.out.dec(tid);
                self.out.text(spaces);
                self.out.text(" ");
            }
        }
        let began = record.began();
        let moment = clock.moment(began);
        match self.times {
            0 => {}
            1 => time_of_day(moment, false, &mut self.out),
            2 => time_of_day(moment, true, &mut self.out),
            _ => {
                self.out.dec(moment.as_secs());
                self.out.text(".");
                self.out.padded(moment.subsec_micros().into(), 6);
                self.out.text(" ");
            }
        }
        if self.relative {
            let passed = self.last.map_or(0, |last| began.saturating_sub(last));
            let micros = clock.nanos(passed) / 1000;
            let width = (micros / 1_000_000).checked_ilog10().unwrap_or(0);
            let width = usize::try_from(width).unwrap_or(0) + 1;
            self.out.text(&"      "[width.min(6)..]);
            seconds(micros, &mut self.out);
            self.out.text(" ");
            self.last = Some(began);
        }
    }

    /// What there is to say when all have ended: who was in the midst of a call, and what ended the
    /// first process.
    pub(super) fn end(
        &mut self,
        books: &[Arc<Mapped>],
        killed: Option<(u64, bool)>,
        output: &mut Output,
    ) -> io::Result<()> {
        let mut dropped = 0u64;
        for mapped in books {
            self.unfinished(&mapped.book(), output)?;
            let missing = mapped.book().dropped().load(Ordering::Relaxed);
            dropped = dropped.saturating_add(missing);
        }
        if let Some((signal, core)) = killed {
            let name = decode::signal_name(signal);
            let core = if core { " (core dumped)" } else { "" };
            self.line(self.root, &["+++ killed by ", &name, core, " +++"], output)?;
        }
        if dropped > 0 {
            let text = format!("lx: {dropped} calls were not printed: there was no room for them");
            self.line(self.root, &[&text], output)?;
        }
        Ok(())
    }

    /// Who is in the midst of a call.
    fn unfinished(&mut self, book: &Book<'_>, output: &mut Output) -> io::Result<()> {
        for (index, holder) in book.directory().iter().enumerate() {
            let Some(slot) = book
                .slot(index)
                .filter(|_| holder.load(Ordering::Acquire) != 0)
            else {
                continue;
            };
            let tid = u32::try_from(slot.get(Word::Ids) & 0xffff_ffff).unwrap_or(0);
            let doing = usize::try_from(slot.get(Word::Doing)).unwrap_or(0);
            let wanted = self.follow || tid == self.root;
            let name = doing.checked_sub(1).and_then(decode::name);
            if slot.get(Word::Ended) == 0
                && wanted
                && let Some(name) = name
            {
                self.line(tid, &[name, "( <unfinished ...>"], output)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, tid: u32, parts: &[&str], output: &mut Output) -> io::Result<()> {
        self.out.clear();
        if self.follow && !output.is_apart() && !output.is_stderr() {
            self.out.text(&format!("{tid:<5} "));
        }
        for part in parts {
            self.out.text(part);
        }
        self.out.text("\n");
        output.write(tid, self.out.bytes())
    }
}

/// Microseconds as seconds.
fn seconds(micros: u64, out: &mut Out) {
    out.dec(micros / 1_000_000);
    out.text(".");
    out.padded(micros % 1_000_000, 6);
}

/// The time of day, in UTC.
fn time_of_day(moment: Duration, precise: bool, out: &mut Out) {
    let seconds = moment.as_secs() % 86_400;
    for (index, part) in [seconds / 3600, seconds / 60 % 60, seconds % 60]
        .into_iter()
        .enumerate()
    {
        if index > 0 {
            out.text(":");
        }
        out.padded(part, 2);
    }
    if precise {
        out.text(".");
        out.padded(moment.subsec_micros().into(), 6);
    }
    out.text(" ");
}
