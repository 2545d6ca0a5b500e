//! The one runner of all suites: each case natively first, then in each way under lx, several cases
//! at a time; failures are tried again, judged by the expectations, and told.

use crate::child::{Shown, sweep};
use crate::expect::{Class, Exception, Expectations};
use crate::judge::{Tries, judged};
use crate::lx::Lx;
use crate::options::Common;
use crate::pool;
use crate::progress::Progress;
use crate::report::json::Record;
use crate::report::{Entry, Ran, Tally, Verdict, html, junit, table};
use crate::suite::{At, Setting, Suite, Target};
use crate::way::Way;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Results are saved whenever so many more cases are done, since a long run may be ended early.
const SAVED_EVERY: usize = 100;

/// Runs a suite, tells what came of it, and writes what is asked for.
pub fn run<S: Suite>(suite: &S, cases: Vec<S::Case>, options: &Common) -> Result<Tally, String> {
    let cases = wanted(suite, cases, options)?;
    if options.list {
        for case in &cases {
            println!("{}", suite.label(case));
        }
        return Ok(Tally::default());
    }
    let before = options.before.as_deref().map(Record::read).transpose()?;
    let begun = Begun::now();
    let entries = entries(suite, &cases, options)?;
    let record = begun.record(&suite.name(), &entries);
    write(&record, before.as_ref(), options)?;
    if let Some(before) = &before {
        table::print_changes(&record, before);
    }
    Ok(table::print(&entries, options.full))
}

/// The cases that the filters let through.
pub fn wanted<S: Suite>(
    suite: &S,
    mut cases: Vec<S::Case>,
    options: &Common,
) -> Result<Vec<S::Case>, String> {
    let filter = options.filter()?;
    cases.retain(|case| filter.admits(&suite.label(case)));
    Ok(cases)
}

/// Runs the cases; serial ones come last, one at a time.
pub fn entries<S: Suite>(
    suite: &S,
    cases: &[S::Case],
    options: &Common,
) -> Result<Vec<Entry>, String> {
    sweep();
    let ways = options.ways(&suite.usual());
    let runner = Runner {
        suite,
        options,
        expectations: Expectations::read(
            options
                .expectations
                .as_ref()
                .unwrap_or(&suite.expectations()),
        )?,
        lx: match options.native {
            true => None,
            false => Some(Lx::find(options.lx.as_deref(), &ways)?),
        },
        ways,
        progress: Progress::new(cases.len()),
        begun: Begun::now(),
        saved: Mutex::default(),
    };
    let (serial, parallel): (Vec<&S::Case>, Vec<&S::Case>) =
        cases.iter().partition(|case| suite.serial(case));
    let workers = options.jobs.unwrap_or_else(pool::default_workers);
    let mut results = pool::map(&parallel, workers, |case| runner.case(case));
    results.extend(pool::map(&serial, 1, |case| runner.case(case)));
    runner.progress.end();
    suite.clean();
    let mut entries = Vec::new();
    for result in results {
        entries.extend(result?);
    }
    Ok(entries)
}

/// When a run began.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// In seconds since 1970.
    date: u64,
    watch: Instant,
}

impl Begun {
    fn now() -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            date: clock.map_or(0, |time| time.as_secs()),
            watch: Instant::now(),
        }
    }

    fn record(self, suite: &str, entries: &[Entry]) -> Record {
        Record::of(
            suite,
            self.date,
            self.watch.elapsed().as_secs_f64(),
            entries,
        )
    }
}

fn write(record: &Record, before: Option<&Record>, options: &Common) -> Result<(), String> {
    if let Some(path) = &options.json {
        record.write(path)?;
    }
    if let Some(path) = &options.junit {
        let text = junit::text(record);
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if let Some(path) = &options.html {
        let records: Vec<Record> = [Some(record), before]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        html::write(path, &records)?;
    }
    Ok(())
}

struct Runner<'a, S> {
    suite: &'a S,
    options: &'a Common,
    expectations: Expectations,
    lx: Option<Lx>,
    ways: Vec<Way>,
    progress: Progress,
    begun: Begun,
    /// How many cases are done, and what came of them.
    saved: Mutex<(usize, Vec<Entry>)>,
}

/// A native run that can be compared with, or what else came of it.
type Native = Result<Shown, (Verdict, Option<Ran>)>;

impl<S: Suite> Runner<'_, S> {
    fn case(&self, case: &S::Case) -> Result<Vec<Entry>, String> {
        let label = self.suite.label(case);
        self.progress.begin(&label);
        let result = self
            .in_all_ways(case)
            .map_err(|why| format!("{label}: {why}"));
        self.progress
            .done(&label, result.as_deref().unwrap_or_default());
        let entries = result?;
        self.save(&entries)?;
        Ok(entries)
    }

    fn save(&self, entries: &[Entry]) -> Result<(), String> {
        let Some(path) = &self.options.json else {
            return Ok(());
        };
        let mut saved = self.saved.lock().map_err(|error| error.to_string())?;
        saved.0 += 1;
        saved.1.extend_from_slice(entries);
        if !saved.0.is_multiple_of(SAVED_EVERY) {
            return Ok(());
        }
        self.begun.record(&self.suite.name(), &saved.1).write(path)
    }

    fn in_all_ways(&self, case: &S::Case) -> Result<Vec<Entry>, String> {
        let label = self.suite.label(case);
        if let Some(why) = self.suite.absent(case) {
            return Ok(vec![alone(label, Verdict::Skipped(why), None)]);
        }
        let mut natives: BTreeMap<Setting, Native> = BTreeMap::new();
        let mut entries = Vec::new();
        for target in self.suite.targets(case, &self.ways) {
            if let Some(verdict) = self.not_run(&target) {
                entries.push(entry(&target, verdict, None, None));
                continue;
            }
            let native = match natives.remove(&target.setting) {
                Some(native) => native,
                None => self.native(case, &target)?,
            };
            match (&native, &self.lx) {
                (Err((verdict, ran)), _) => {
                    let verdict = match self.fails_natively(&target) {
                        Some(e) => Verdict::Expected(e.class, e.reason.clone()),
                        None => verdict.clone(),
                    };
                    entries.push(entry(&target, verdict, ran.clone(), None));
                }
                (Ok(_), None) => {}
                (Ok(native), Some(lx)) => entries.push(self.under_lx(case, &target, lx, native)?),
            }
            natives.insert(target.setting, native);
        }
        if self.lx.is_none() {
            // One entry for each environment, whatever ways belong to it.
            entries.clear();
            for native in natives.into_values() {
                let (verdict, ran) = match native {
                    Ok(shown) => (Verdict::Passed, Some(self.suite.kept(&shown))),
                    Err((verdict, ran)) => (verdict, ran),
                };
                entries.push(alone(label.clone(), verdict, ran));
            }
        }
        Ok(entries)
    }

    fn not_run(&self, target: &Target) -> Option<Verdict> {
        let harmful = self.expectations.find(&target.case, target.way);
        let harmful = harmful.filter(|e| e.class == Class::Harmful && !self.suite.runs_harmful());
        let why = target.absent.clone();
        why.or_else(|| harmful.map(|e| e.reason.clone()))
            .map(Verdict::Skipped)
    }

    /// The exception that says so.
    fn fails_natively(&self, target: &Target) -> Option<&Exception> {
        let exception = self.expectations.find(&target.case, target.way);
        exception.filter(|exception| exception.class == Class::Native)
    }

    /// A native run; another one when the first is unfit, since timing tests are on a busy machine.
    fn native(&self, case: &S::Case, target: &Target) -> Result<Native, String> {
        let setting = target.setting;
        if let Some(shown) = self.suite.earlier(case, setting) {
            return Ok(self.fit(shown));
        }
        let run = || self.suite.run(case, At::Natively(setting));
        let mut first = run()?;
        let failed = matches!(
            self.suite.unfit(&first),
            Some(Verdict::Failed(_) | Verdict::NotNative(_))
        );
        if failed && self.fails_natively(target).is_none() {
            first = run()?;
        }
        let more = match (self.suite.runs_twice(), self.options.native) {
            (true, _) => 1,
            (false, true) => self.options.repeat.saturating_sub(1),
            (false, false) => 0,
        };
        for _ in 0..more {
            let again = run()?;
            if let Some(why) = self.suite.differs(&first, &again) {
                let why = format!("not the same twice natively: {why}");
                let verdict = match self.suite.runs_twice() {
                    true => Verdict::Skipped(why),
                    false => Verdict::Failed(why),
                };
                return Ok(Err((verdict, Some(self.suite.kept(&first)))));
            }
        }
        Ok(self.fit(first))
    }

    fn fit(&self, shown: Shown) -> Native {
        match self.suite.unfit(&shown) {
            Some(verdict) => Err((verdict, Some(self.suite.kept(&shown)))),
            None => Ok(shown),
        }
    }

    fn under_lx(
        &self,
        case: &S::Case,
        target: &Target,
        lx: &Lx,
        native: &Shown,
    ) -> Result<Entry, String> {
        let tries = Tries {
            repeat: self.options.repeat,
            retries: self.options.retries,
        };
        let exception = self.expectations.find(&target.case, target.way);
        let mut last = None;
        let verdict = judged(exception, tries, || {
            let at = At::Under(target, lx.of(target.way), native);
            let shown = self.suite.run(case, at)?;
            let differs = self.suite.differs(native, &shown);
            last = Some(self.suite.kept(&shown));
            Ok(differs)
        })?;
        let verdict = match verdict {
            Verdict::Flaky(why) if self.options.strict => Verdict::Failed(why),
            Verdict::Failed(why) => Verdict::Failed(self.suite.examined(case, target, why)?),
            verdict => verdict,
        };
        let native = self.suite.kept(native);
        Ok(entry(target, verdict, Some(native), last))
    }
}

fn entry(target: &Target, verdict: Verdict, native: Option<Ran>, lx: Option<Ran>) -> Entry {
    Entry {
        case: target.case.clone(),
        way: Some(target.way),
        verdict,
        native,
        lx,
    }
}

fn alone(case: String, verdict: Verdict, native: Option<Ran>) -> Entry {
    Entry {
        case,
        way: None,
        verdict,
        native,
        lx: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{entries, run};
    use crate::child::{End, Scratch, Shown};
    use crate::options::Common;
    use crate::report::Verdict;
    use crate::report::json::Record;
    use crate::suite::{At, Setting, Suite};
    use crate::way::Way;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// Cases are texts: what they show under lx, natively `n`; `?` differs at first only.
    #[derive(Default)]
    struct Texts(AtomicU32);

    impl Suite for Texts {
        type Case = &'static str;
        fn name(&self) -> String {
            "texts".into()
        }
        fn usual(&self) -> Vec<Way> {
            vec![Way::REWRITE, Way::ZONE]
        }
        fn expectations(&self) -> PathBuf {
            PathBuf::from("/nonexistent")
        }
        fn label(&self, case: &&'static str) -> String {
            (*case).to_owned()
        }
        fn run(&self, case: &&'static str, at: At<'_>) -> Result<Shown, String> {
            let text = match at {
                At::Natively(setting) => {
                    assert_eq!(setting, Setting::Host);
                    "n"
                }
                At::Under(..) if *case == "?" && self.0.fetch_add(1, Ordering::Relaxed) > 0 => "n",
                At::Under(..) => case,
            };
            Ok(Shown {
                stdout: text.into(),
                stderr: Vec::new(),
                end: End::Exit(0),
                took: Duration::ZERO,
            })
        }
        fn unfit(&self, _native: &Shown) -> Option<Verdict> {
            None
        }
        fn differs(&self, native: &Shown, got: &Shown) -> Option<String> {
            (!got.agrees(native)).then(|| "differs".into())
        }
    }

    fn options() -> Common {
        Common {
            // Any file does: it is not executed here.
            lx: Some(PathBuf::from("/bin/sh")),
            retries: 1,
            jobs: Some(1),
            ..Common::default()
        }
    }

    #[test]
    fn each_way_is_judged_by_itself() {
        let entries = entries(&Texts::default(), &["n", "x", "?"], &options()).expect("runs");
        let words: Vec<&str> = entries.iter().map(|entry| entry.verdict.word()).collect();
        let expected = ["passed", "passed", "failed", "failed", "flaky", "passed"];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_filtered_run_is_written_down() {
        let folder = Scratch::new().expect("a folder");
        let json = folder.path().join("r.json");
        let options = Common {
            json: Some(json.clone()),
            html: Some(folder.path().join("r.html")),
            junit: Some(folder.path().join("r.xml")),
            filters: vec!["^n$".into()],
            ..options()
        };
        let tally = run(&Texts::default(), vec!["n", "x"], &options).expect("runs");
        assert_eq!((tally.passed, tally.failed), (2, 0));
        let record = Record::read(&json).expect("valid");
        assert_eq!(record.entries.len(), 2);
        assert!(folder.path().join("r.html").exists() && folder.path().join("r.xml").exists());
    }

    #[test]
    fn natively_there_is_one_entry_for_each_environment() {
        let options = Common {
            native: true,
            ..options()
        };
        let entries = entries(&Texts::default(), &["x"], &options).expect("runs");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].way, None);
    }
}
