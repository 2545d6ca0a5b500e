//! `lx info`: what the host offers and what lx will use.

use std::env;
use std::fmt::Write;

use loader::handover::Intercept;
use serde_json::{Value, json};
use zone::host::Host;

use crate::failure::Failure;
use crate::options::{INTERCEPT_VARIABLE, Wish};

/// The report, as text or as JSON.
pub(crate) fn report(as_json: bool) -> Result<Vec<u8>, Failure> {
    let wish = Wish::parse(env::var_os(INTERCEPT_VARIABLE).as_deref())?;
    let host = Host::probe();
    let choice = Choice::new(wish, &host);
    let text = if as_json {
        format!("{:#}\n", to_json(&host, &choice))
    } else {
        to_text(&host, &choice)
    };
    Ok(text.into_bytes())
}

/// How calls will be caught, and why so.
struct Choice {
    intercept: &'static str,
    why: String,
}

impl Choice {
    fn new(wish: Wish, host: &Host) -> Self {
        let sud = host.syscall_user_dispatch.available;
        let asked = match wish {
            Wish::Auto => "",
            Wish::Exactly(_) => ", as LX_INTERCEPT asks",
        };
        match wish.choose(sud, host.seccomp.available) {
            Ok(intercept) => {
                let (name, why) = explain(intercept, wish, sud);
                Self {
                    intercept: name,
                    why: format!("{why}{asked}"),
                }
            }
            Err(failure) => Self {
                intercept: "none",
                why: failure.to_string(),
            },
        }
    }
}

fn explain(intercept: Intercept, wish: Wish, sud: bool) -> (&'static str, &'static str) {
    match intercept {
        Intercept::Rewrite => (
            "rewrite",
            "Syscall User Dispatch finds call sites, hot ones are rewritten",
        ),
        Intercept::Sud => ("sud", "Syscall User Dispatch, no rewriting"),
        Intercept::Trap if wish == Wish::Auto && !sud => (
            "trap",
            "a seccomp filter that traps, since Syscall User Dispatch is absent",
        ),
        Intercept::Trap => ("trap", "a seccomp filter that traps"),
    }
}

/// The processor's features by name.
fn processor(host: &Host) -> [(&'static str, bool); 5] {
    let cpu = &host.cpu;
    [
        ("AVX", cpu.avx),
        ("AVX-512", cpu.avx512),
        ("AMX", cpu.amx),
        ("BMI2", cpu.bmi2),
        ("XSAVEC", cpu.xsavec),
    ]
}

fn to_text(host: &Host, choice: &Choice) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<22} {value}");
    };
    line("kernel", &host.kernel);
    for feature in host.features() {
        line(feature.name, &feature.detail);
    }
    let present = processor(host)
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name);
    line("processor", &present.collect::<Vec<_>>().join(" "));
    line(
        "interception",
        &format!("{} ({})", choice.intercept, choice.why),
    );
    line(
        "isolation",
        "none (the guest's root is the host's, its calls are the user's own)",
    );
    text
}

fn to_json(host: &Host, choice: &Choice) -> Value {
    let features = host.features().map(|feature| {
        json!({
            "name": feature.name,
            "available": feature.available,
            "detail": feature.detail,
        })
    });
    let processor: serde_json::Map<String, Value> = processor(host)
        .into_iter()
        .map(|(name, has)| (name.to_owned(), Value::Bool(has)))
        .collect();
    json!({
        "kernel": host.kernel,
        "features": features,
        "processor": processor,
        "intercept": { "mode": choice.intercept, "why": choice.why },
        "isolation": "none",
    })
}
