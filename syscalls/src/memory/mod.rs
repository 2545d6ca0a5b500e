//! Memory: the calls that change or describe the address space. The host keeps the guest's
//! mappings; what is done here is to keep the brand's ranges out of reach, which the guest is to
//! take for unmapped, and to take rewritten code back before it changes.

mod brk;
mod map;
mod ranges;

pub use brk::brk;
pub use map::{
    map_shadow_stack, mmap, mprotect, mremap, munmap, pkey_mprotect, remap_file_pages, shmat,
};
pub use ranges::{
    madvise, mbind, mincore, mlock, mlock2, mseal, msync, munlock, process_madvise,
    set_mempolicy_home_node,
};
