//! Zones without namespaces, for hosts that refuse them: zsched prepares what the zone's paths lead
//! to, as descriptors and a table (`kernel::bare`), and the brands look them up. Landlock keeps the
//! zone's processes to these trees.

mod join;
mod layers;
mod native;
mod paths;
mod procs;
mod start;
mod tree;
mod users;
mod warden;

pub(crate) use join::{Visitors, join};
pub(crate) use procs::{Mark, end_children};
pub(crate) use start::start;
pub(crate) use tree::{Mounts, remove};
