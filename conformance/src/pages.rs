//! `conformance report`: pages from results that were kept.

use crate::report::json::{Record, tally};
use crate::report::{Tally, html, junit};
use std::fs;
use std::path::PathBuf;

/// `conformance report`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Results that --json wrote
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write one page for browsers with all of them, which shows, filters and compares
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the first of them in the form of JUnit
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// Writes what is asked for, and prints the counts.
pub fn run(options: &Options) -> Result<Tally, String> {
    let read = options.files.iter().map(|file| Record::read(file));
    let records: Vec<Record> = read.collect::<Result<_, _>>()?;
    let mut sum = Tally::default();
    for record in &records {
        println!("{}: {}", record.suite, tally(record).line());
        sum += tally(record);
    }
    if let Some(path) = &options.html {
        html::write(path, &records)?;
    }
    if let (Some(path), Some(first)) = (&options.junit, records.first()) {
        fs::write(path, junit::text(first)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(Tally { failed: 0, ..sum })
}
