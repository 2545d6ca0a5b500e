//! What the system says about itself.

mod uname;

pub use uname::uname;
