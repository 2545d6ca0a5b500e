//! Programs of the engine that run between the steps of a container's life, and read its state.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oci_spec::runtime::Hook;
use serde_json::Value;

use crate::error::{Context, Error, Result};

/// How often a hook with a time limit is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs them one after the other, until one fails.
pub(crate) fn run(kind: &str, hooks: Option<&Vec<Hook>>, state: &Value) -> Result<()> {
    for (number, hook) in hooks.into_iter().flatten().enumerate() {
        let name = format!("error running {kind} hook #{number}");
        run_one(hook, state).map_err(|error| Error::new(format!("{name}: {error}")))?;
    }
    Ok(())
}

fn run_one(hook: &Hook, state: &Value) -> Result<()> {
    let path = hook.path();
    let mut command = Command::new(path);
    if let Some((name, rest)) = hook.args().as_ref().and_then(|args| args.split_first()) {
        command.arg0(name).args(rest);
    }
    let variables = hook.env().iter().flatten();
    command
        .env_clear()
        .envs(variables.filter_map(|variable| variable.split_once('=')));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().about(path.display())?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read it does not want it.
        let _ = input.write_all(state.to_string().as_bytes());
    }
    let seconds = hook
        .timeout()
        .and_then(|seconds| u64::try_from(seconds).ok());
    let status = match seconds {
        Some(seconds) => wait(&mut child, Duration::from_secs(seconds))?,
        None => child.wait().about(path.display())?,
    };
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    if let Some(errors) = child.stderr.take() {
        // Whatever it has started may hold the pipe: what is there by now is enough.
        let _ = errors.take(4096).read_to_string(&mut said);
    }
    Err(Error::new(format!("{status}, stderr: {}", said.trim_end())))
}

/// Waits for its end, which is made when the time is over.
fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().about("hook")? {
            return Ok(status);
        }
        if start.elapsed() >= limit {
            let _ = child.kill();
            let _ = child.wait();
            let seconds = limit.as_secs();
            return Err(Error::new(format!(
                "it ran past its time limit of {seconds} s"
            )));
        }
        sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use oci_spec::runtime::{Hook, HookBuilder};
    use serde_json::json;

    fn shell(script: &str, timeout: Option<i64>) -> Vec<Hook> {
        let args = ["sh", "-c", script].map(str::to_owned).to_vec();
        let hook = HookBuilder::default().path("/bin/sh").args(args);
        let hook = match timeout {
            Some(seconds) => hook.timeout(seconds),
            None => hook,
        };
        vec![hook.build().expect("it is one")]
    }

    #[test]
    fn hooks_read_the_state_and_may_fail() {
        let state = json!({ "id": "x" });
        let good = shell(
            "read text; test \"$text\" = '{\"id\":\"x\"}'; exit $?",
            None,
        );
        assert_eq!(run("prestart", Some(&good), &state), Ok(()));
        assert_eq!(run("prestart", None, &state), Ok(()));
        let bad = run(
            "poststart",
            Some(&shell("echo no >&2; exit 3", None)),
            &state,
        );
        let text = bad.expect_err("it fails").to_string();
        assert!(
            text.contains("poststart hook #0") && text.contains("no"),
            "{text}"
        );
        let slow = run("prestart", Some(&shell("sleep 60", Some(0))), &state);
        assert!(slow.is_err());
    }
}
