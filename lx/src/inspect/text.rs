//! The report of `lx inspect` for a reader.

use std::fmt::Write;

use super::facts::{Facts, Segment, Stack};

/// The report on the file called `name`.
pub(super) fn render(name: &str, facts: &Facts) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, name, facts);
    text
}

fn write(text: &mut String, name: &str, facts: &Facts) -> std::fmt::Result {
    let stack = match facts.stack {
        Stack::NotExecutable => "not executable",
        Stack::Executable => "executable",
        Stack::Unspecified => "no PT_GNU_STACK",
    };
    writeln!(text, "file         {name}")?;
    writeln!(
        text,
        "type         {} ({}-bit {})",
        facts.r#type, facts.bits, facts.machine
    )?;
    writeln!(text, "entry        {:#x}", facts.entry)?;
    writeln!(
        text,
        "interpreter  {}",
        facts.interpreter.as_deref().unwrap_or("none")
    )?;
    writeln!(text, "stack        {stack}")?;

    writeln!(text, "\nsegments")?;
    writeln!(
        text,
        "  {:<14} {:>10} {:>18} {:>10} {:>10}  {:<5} {:>8}",
        "type", "offset", "address", "file size", "mem. size", "flags", "align"
    )?;
    for segment in &facts.segments {
        write_segment(text, segment)?;
    }

    writeln!(text, "\nsyscall sites: {}", facts.sites.len())?;
    for site in &facts.sites {
        write!(text, "  {:#018x}  {}", site.address, site.class)?;
        match site.number {
            Some(number) => writeln!(text, " (call {number})")?,
            None => writeln!(text)?,
        }
    }
    if !facts.summary.is_empty() {
        writeln!(text, "\nsummary")?;
        for (class, count) in &facts.summary {
            writeln!(text, "  {count:>6}  {class}")?;
        }
    }
    Ok(())
}

fn write_segment(text: &mut String, segment: &Segment) -> std::fmt::Result {
    writeln!(
        text,
        "  {:<14} {:>#10x} {:>#18x} {:>#10x} {:>#10x}  {:<5} {:>#8x}",
        segment.r#type,
        segment.offset,
        segment.address,
        segment.file_size,
        segment.memory_size,
        segment.flags,
        segment.align
    )
}
