//! Verdicts on runs under lx beside a native one.

use crate::child::{End, Shown};
use crate::expect::{Exception, Kind};
use crate::report::{Verdict, first_difference};

/// A script leaves with this status when the machine lacks something that it needs.
const SKIP_STATUS: i32 = 77;

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
    if let Some(exception) = exception.filter(|e| e.kind == Kind::Skip) {
        return Ok(Verdict::Skipped(exception.reason.clone()));
    }
    let verdict = repeated(tries, attempt)?;
    Ok(match (exception, verdict) {
        (Some(e), Verdict::Failed(_)) => Verdict::Expected(e.reason.clone()),
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
pub fn difference(expected: &Shown, got: &Shown, full: bool) -> String {
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
    parts.join("; ")
}

/// What makes a native run of a script unfit to compare with: a skip, or a time limit.
#[must_use]
pub fn native_trouble(native: &Shown) -> Option<Verdict> {
    match native.end {
        End::Exit(SKIP_STATUS) => {
            let text = String::from_utf8_lossy(&native.stdout);
            let reason = text.lines().last().unwrap_or("no reason given");
            Some(Verdict::Skipped(reason.to_owned()))
        }
        End::TimedOut => Some(Verdict::Failed("native run: time limit".to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Tries, judged};
    use crate::report::Verdict;

    #[test]
    fn a_failure_that_goes_is_flaky() {
        let tries = Tries {
            repeat: 1,
            retries: 1,
        };
        let mut outcomes = vec![None, Some("x".to_owned())];
        let verdict = judged(None, tries, || Ok(outcomes.pop().flatten()));
        assert_eq!(verdict, Ok(Verdict::Flaky("x".into())));
        let verdict = judged(None, tries, || Ok(Some("y".into())));
        assert_eq!(verdict, Ok(Verdict::Failed("y".into())));
        assert_eq!(judged(None, tries, || Ok(None)), Ok(Verdict::Passed));
    }
}
