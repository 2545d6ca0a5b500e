//! `lx stat`: what the calls of a program cost.

mod csv;
mod figures;
mod html;
mod json;
mod table;
mod tally;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use observe::book::Wanted;

use crate::cli::Stat;
use crate::failure::Failure;
use crate::observed::{Clock, Form, Moment, Observed};

pub(crate) use figures::{CallFigures, Figures, ProcessFigures};
pub(crate) use tally::Tally;

/// How often the threads that have ended are looked for, in milliseconds: a fork storm of some
/// thousands of processes in that time goes uncounted in part, and the report says so.
const LOOK: u16 = 20;
/// How long the processes that the program left behind are waited for before it is asked again
/// whether they live.
const WAIT: u16 = 100;

/// Runs the program and reports.
pub(crate) fn stat(mut options: Stat) -> Result<ExitCode, Failure> {
    let out = match &options.output {
        Some(path) => {
            let made = File::create(path);
            Some(made.map_err(|error| Failure::about(path.display(), &error))?)
        }
        None => None,
    };
    let form = Form {
        wanted: Wanted {
            tally: true,
            ..Wanted::default()
        },
        strings: 0,
        note: Box::new(|_| ()),
    };
    let mut clock = Clock::start();
    let mut observed = match Observed::begin(&mut options.run, options.attach.as_ref(), form)? {
        Ok(observed) => observed,
        Err(status) => return Ok(status),
    };
    let mut tally = Tally::new(observed.is_zoned());
    let every = options.interval.map(|n| Duration::from_secs(n.into()));
    let mut shown = Instant::now();
    loop {
        let ended = observed.guest().status().is_some();
        let moment = observed.wait(if ended { WAIT } else { LOOK })?;
        let books = observed.books();
        for mapped in &books {
            tally.look(&mapped.book());
        }
        if moment == Moment::Asked
            || observed.guest().status().is_some() && !tally.is_anyone_left(&books)
        {
            break;
        }
        if every.is_some_and(|every| shown.elapsed() >= every) {
            shown = Instant::now();
            clock.look();
            live(&tally.figures(&books, &clock, &options.run.command));
        }
    }
    clock.look();
    let books = observed.books();
    for mapped in &books {
        tally.finish(&mapped.book());
    }
    let figures = tally.figures(&books, &clock, &options.run.command);
    let text = if options.json {
        json::render(&figures)
    } else if options.csv {
        csv::render(&figures)
    } else if options.html {
        html::render(&figures)
    } else {
        table::render(&figures, options.per_process)
    };
    let written = match out {
        Some(mut file) => file.write_all(text.as_bytes()),
        None => io::stderr().write_all(text.as_bytes()),
    };
    written.map_err(|error| Failure::about("cannot write the report", &error))?;
    Ok(observed.guest().imitate())
}

/// The table so far, in the place of the one before.
fn live(figures: &Figures) {
    let mut out = io::stderr();
    let clear = if out.is_terminal() {
        "\x1b[H\x1b[J"
    } else {
        ""
    };
    let text = table::render(figures, false);
    let _ = write!(out, "{clear}{text}");
}
