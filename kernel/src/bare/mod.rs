//! A zone without namespaces: the brand itself looks up every path, from a descriptor of the zone's
//! root and of what is mounted in it ([`Table`]).
//!
//! Most paths need one host call: openat2(2) from the root or from where a relative path starts,
//! which must meet no link, where there is no `..` and no mount point ([`Table::lexical`], [`Table::stays`]). All
//! others are walked by [`crate::walk`] over [`Space`].

mod layers;
mod links;
mod members;
mod names;
mod node;
mod procs;
mod rights;
mod shown;
mod space;
mod table;
mod terminals;
mod tree;
pub mod warden;

pub use crate::handle::Handle;
pub use layers::{Place, reopened};
pub use links::{Links, hash};
pub use members::{is_member, members, threads};
pub use names::Names;
pub(crate) use node::S_IFDIR;
pub use node::{HostPath, Node, host_path, link_text};
pub use shown::{Shown, Shows};
pub use space::{Plain, Space, Spelled, writes};
pub use table::{ABSTRACT, Ident, Kind, Layers, MOST, Mount, NO_DEV, NO_EXEC, READ_ONLY, Table};

use alloc::boxed::Box;
use alloc::vec;

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

/// The longest table, in bytes.
const LONGEST: usize = 1 << 20;

/// Takes up the table of a zone with so many mounts. Call once, when the process begins.
///
/// # Errors
/// Those of pread(2); `EIO` for a file that holds no such table.
pub fn attach(mounts: usize) -> SysResult<&'static Table> {
    const SEEK_END: usize = 2;
    let file = int(intercept::table_fd());
    let length = host_call!(nr::LSEEK, file, 0, SEEK_END)?;
    if length > LONGEST {
        return Err(Errno::EIO);
    }
    let mut bytes = vec![0; length];
    let to = bytes.as_mut_ptr().expose_provenance();
    if host_call!(nr::PREAD64, file, to, length, 0)? != length {
        return Err(Errno::EIO);
    }
    let table = Table::decode(&bytes).filter(|table| table.mounts.len() == mounts);
    let mut table = table.ok_or(Errno::EIO)?;
    // The table itself is one more.
    intercept::set_more_reserved(mounts + 1);
    warden::appear();
    layers::name_layers(&mut table);
    Ok(Box::leak(Box::new(table)))
}
