//! Verdicts on runs under lx beside a native one.

use crate::child::{End, Shown};
use crate::expect::Exception;
use crate::report::{Verdict, first_difference};

/// A program leaves with this status when the machine lacks something that it needs.
pub const SKIP_STATUS: i32 = 77;

/// How often a case is run.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// Runs of a case that passes.
    pub repeat: u32,
    /// Further runs of one that failed, to tell flaky from broken.
    pub retries: u32,
}

/// What comes of the runs that `attempt` makes: each gives none when it agrees with the native
/// run, else what differs.
pub fn judged(
    exception: Option<&Exception>,
    tries: Tries,
    attempt: impl FnMut() -> Result<Option<String>, String>,
) -> Result<Verdict, String> {
    let verdict = repeated(tries, attempt)?;
    Ok(match (exception, verdict) {
        (Some(e), Verdict::Failed(_)) => Verdict::Expected(e.class, e.reason.clone()),
        (Some(e), Verdict::Passed) => {
            Verdict::Failed(format!("passes, though expected to fail: {}", e.reason))
        }
        (_, verdict) => verdict,
    })
}

fn repeated(
    tries: Tries,
    mut attempt: impl FnMut() -> Result<Option<String>, String>,
) -> Result<Verdict, String> {
    for _ in 0..tries.repeat.max(1) {
        let Some(first) = attempt()? else {
            continue;
        };
        for _ in 0..tries.retries {
            if attempt()?.is_none() {
                return Ok(Verdict::Flaky(first));
            }
        }
        return Ok(Verdict::Failed(first));
    }
    Ok(Verdict::Passed)
}

/// What two runs differ in, in one line; with `full` both outputs too.
#[must_use]
pub fn difference(expected: &Shown, got: &Shown, full: bool) -> Option<String> {
    if got.agrees(expected) {
        return None;
    }
    let mut parts = Vec::new();
    if expected.end != got.end {
        parts.push(format!("ended by {}, expected {}", got.end, expected.end));
    }
    if expected.stdout != got.stdout {
        parts.push(first_difference(&expected.stdout, &got.stdout));
    }
    if let Some(line) = String::from_utf8_lossy(&got.stderr).lines().last() {
        parts.push(format!("stderr: {line}"));
    }
    if full {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        parts.push(format!(
            "\n--- expected ---\n{}--- got ---\n{}--- stderr ---\n{}",
            text(&expected.stdout),
            text(&got.stdout),
            text(&got.stderr)
        ));
    }
    Some(parts.join("; "))
}

/// What makes a native run unfit to compare with: a skip, a failed check, or a time limit.
#[must_use]
pub fn native_trouble(native: &Shown) -> Option<Verdict> {
    let text = String::from_utf8_lossy(&native.stdout);
    match native.end {
        End::Exit(SKIP_STATUS) => {
            let reason = text.lines().last().unwrap_or("no reason given");
            return Some(Verdict::Skipped(reason.to_owned()));
        }
        End::TimedOut => {
            let after = native.took.as_secs();
            let why = format!("native run: time limit after {after} s");
            return Some(Verdict::Failed(why));
        }
        _ => {}
    }
    // The form in which guests of this suite say so.
    text.lines()
        .find(|line| line.starts_with("BAD "))
        .map(|line| Verdict::Failed(format!("native run: {line}")))
}

#[cfg(test)]
mod tests {
    use super::{Tries, judged, native_trouble};
    use crate::child::{End, Shown};
    use crate::expect::{Class, Expectations};
    use crate::report::Verdict;
    use crate::way::Way;
    use std::time::Duration;

    const TRIES: Tries = Tries {
        repeat: 1,
        retries: 1,
    };

    #[test]
    fn a_failure_that_goes_is_flaky() {
        let mut outcomes = vec![None, Some("x".to_owned())];
        let verdict = judged(None, TRIES, || Ok(outcomes.pop().flatten()));
        assert_eq!(verdict, Ok(Verdict::Flaky("x".into())));
        let verdict = judged(None, TRIES, || Ok(Some("y".into())));
        assert_eq!(verdict, Ok(Verdict::Failed("y".into())));
        assert_eq!(judged(None, TRIES, || Ok(None)), Ok(Verdict::Passed));
    }

    #[test]
    fn an_unexpected_pass_fails() {
        let file = Expectations::parse("c * missing not there").expect("valid");
        let exception = file.find("c", Way::SUD);
        let verdict = judged(exception, TRIES, || Ok(Some("y".into())));
        let expected = Verdict::Expected(Class::Missing, "not there".into());
        assert_eq!(verdict, Ok(expected));
        let verdict = judged(exception, TRIES, || Ok(None));
        assert!(matches!(verdict, Ok(Verdict::Failed(_))));
    }

    #[test]
    fn native_runs_that_tell_nothing_are_named() {
        let shown = |end, stdout: &str| Shown {
            stdout: stdout.as_bytes().to_vec(),
            stderr: Vec::new(),
            end,
            took: Duration::ZERO,
        };
        let skip = native_trouble(&shown(End::Exit(77), "x\nSKIP no AMX\n"));
        assert_eq!(skip, Some(Verdict::Skipped("SKIP no AMX".into())));
        let bad = native_trouble(&shown(End::Exit(1), "BAD rbx kept\n"));
        assert_eq!(
            bad,
            Some(Verdict::Failed("native run: BAD rbx kept".into()))
        );
        assert_eq!(native_trouble(&shown(End::Signal(11), "ok\n")), None);
    }
}
