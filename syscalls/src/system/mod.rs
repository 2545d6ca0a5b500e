//! What the system says about itself.

mod barrier;
mod sysinfo;
mod uname;

pub use barrier::membarrier;
pub use sysinfo::sysinfo;
pub use uname::uname;
