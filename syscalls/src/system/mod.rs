//! What the system says about itself.

mod barrier;
mod uname;

pub use barrier::membarrier;
pub use uname::uname;
