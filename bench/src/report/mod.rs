//! A run's figures for people: tables and a chart.

pub(crate) mod svg;
pub(crate) mod table;
