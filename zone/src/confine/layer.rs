//! The layers of confinement by name, and what became of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A layer of confinement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The seccomp filter with the host calls that the dispatch table lists.
    Seccomp,
    /// No program gains privileges by set-id bits or file capabilities.
    NoNewPrivs,
    /// Landlock rules for the zone's trees of files.
    Landlock,
    /// Landlock scopes: no abstract sockets of, and no signals to, processes outside.
    LandlockScopes,
    /// Capabilities that the zone does not need are gone for good.
    Capabilities,
    /// Resource limits.
    Limits,
    /// No descriptor of the host but the standard ones.
    Descriptors,
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Seccomp,
        Self::NoNewPrivs,
        Self::Landlock,
        Self::LandlockScopes,
        Self::Capabilities,
        Self::Limits,
        Self::Descriptors,
    ];

    /// Its name, as `--allow-weaker` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seccomp => "seccomp",
            Self::NoNewPrivs => "no-new-privs",
            Self::Landlock => "landlock",
            Self::LandlockScopes => "landlock-scopes",
            Self::Capabilities => "capabilities",
            Self::Limits => "limits",
            Self::Descriptors => "descriptors",
        }
    }

    /// The layer of that name.
    ///
    /// # Errors
    /// Which names there are.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|layer| layer.name() == name);
        found.ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of one layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which.
    pub layer: Layer,
    /// Whether it holds.
    pub active: bool,
    /// What it consists of, or why it does not hold.
    pub detail: String,
}

/// What became of all layers; `lx zone inspect` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Report {
    /// One entry for each layer.
    pub layers: Vec<State>,
}

impl Report {
    pub(super) fn active(&mut self, layer: Layer, detail: impl Into<String>) {
        self.push(layer, true, detail.into());
    }

    pub(super) fn absent(&mut self, layer: Layer, why: impl Into<String>) {
        self.push(layer, false, why.into());
    }

    fn push(&mut self, layer: Layer, active: bool, detail: String) {
        self.layers.push(State {
            layer,
            active,
            detail,
        });
    }

    /// What a layer consists of, or why it does not hold.
    #[must_use]
    pub fn detail(&self, layer: Layer) -> &str {
        let state = self.layers.iter().find(|state| state.layer == layer);
        state.map_or("", |state| &state.detail)
    }

    /// Whether a layer holds.
    #[must_use]
    pub fn holds(&self, layer: Layer) -> bool {
        let state = self.layers.iter().find(|state| state.layer == layer);
        state.is_some_and(|state| state.active)
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, Report};

    #[test]
    fn names_are_the_same_everywhere() {
        for layer in Layer::ALL {
            assert_eq!(Layer::parse(layer.name()), Ok(layer));
            let json = serde_json::to_string(&layer).expect("it has a form");
            assert_eq!(json, format!("\"{layer}\""));
        }
        assert!(Layer::parse("Seccomp").is_err());
    }

    #[test]
    fn a_report_is_a_list() {
        let mut report = Report::default();
        report.active(Layer::Seccomp, "3 host calls");
        report.absent(Layer::Landlock, "why");
        assert!(report.holds(Layer::Seccomp));
        assert!(!report.holds(Layer::Landlock) && !report.holds(Layer::Limits));
        let json = serde_json::to_string(&report).expect("it has a form");
        let first = r#"[{"layer":"seccomp","active":true,"detail":"3 host calls"},"#;
        assert!(json.starts_with(first), "{json}");
        let again: Report = serde_json::from_str(&json).expect("it is one");
        assert_eq!(again, report);
    }
}
