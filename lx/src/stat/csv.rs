//! The report as comma-separated values (RFC 4180): a line for each call of each process.

use std::fmt::Write;

use super::Figures;

const HEAD: &str = "pid,process,call,count,errors,total_ns,mean_ns,p50_ns,p99_ns,max_ns,brand_ns";

pub(super) fn render(figures: &Figures) -> String {
    let mut text = format!("{HEAD}\r\n");
    for process in &figures.processes {
        let pid = process.pid.unwrap_or(0);
        let name = field(&process.name);
        for call in &process.calls {
            let _ = write!(
                text,
                "{pid},{name},{},{},{},{},{},{},{},{},{}\r\n",
                call.name,
                call.count,
                call.errors,
                call.total_ns,
                call.mean_ns,
                call.p50_ns,
                call.p99_ns,
                call.max_ns,
                call.brand_ns
            );
        }
    }
    text
}

fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(field("sh"), "sh");
        assert_eq!(field("a,b\"c"), "\"a,b\"\"c\"");
    }
}
