//! What the system says about itself.

mod barrier;
mod reboot;
mod sysfs;
mod sysinfo;
mod uname;

pub use barrier::membarrier;
pub use reboot::reboot;
pub use sysfs::sysfs;
pub use sysinfo::sysinfo;
pub use uname::uname;
