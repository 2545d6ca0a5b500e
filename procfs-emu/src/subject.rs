//! Whom an entry is about.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::nr;
use host::call::int;
use host::host_call;
use kernel::vfs::ProcView;

use crate::entry::Entry;
use crate::io::{numbered, open, read_all, readlink};
use crate::maps::{BRAND_IMAGE, is_image};
use crate::ranges::Ranges;

/// Whom an entry is about.
#[derive(Debug)]
pub(crate) enum Subject {
    /// The calling process.
    Own,
    /// Another guest process, with its environment as the host shows it.
    Guest(Vec<u8>),
    /// A process that lx does not run, or that the caller may not look into.
    Other,
}

/// The same, without what can be read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The calling process's.
    Own,
    /// Another guest process's.
    Guest,
    /// As [`Subject::Other`].
    Other,
}

impl Whose {
    /// Whose `entry` is.
    pub(crate) fn of(view: &dyn ProcView, entry: Entry) -> Self {
        let proc = view.proc_fd();
        if entry.pid == view.pid() {
            return Self::Own;
        }
        // A thread of this process also has a directory beside the processes'.
        let thread = numbered("self/task/", entry.pid, "");
        let address = thread.as_ptr().expose_provenance();
        if host_call!(nr::FACCESSAT, int(proc), address, 0).is_ok() {
            return Self::Own;
        }
        let mut link = [0; 64];
        let runs_brand =
            readlink(proc, &numbered("", entry.pid, "/exe"), &mut link).is_ok_and(is_image);
        if runs_brand { Self::Guest } else { Self::Other }
    }
}

impl Subject {
    /// Whom `entry` is about.
    pub(crate) fn of(view: &dyn ProcView, entry: Entry) -> Self {
        match Whose::of(view, entry) {
            Whose::Own => return Self::Own,
            Whose::Other => return Self::Other,
            Whose::Guest => {}
        }
        let path = numbered("", entry.pid, "/environ");
        match open(view.proc_fd(), &path, OpenFlags::CLOEXEC).and_then(|fd| read_all(fd.raw())) {
            Ok(environ) => Self::Guest(environ),
            Err(_) => Self::Other,
        }
    }

    /// The ranges that its memory lists leave out. Of another process only the brand's image is
    /// known, by its name.
    pub(crate) fn ranges(&self, view: &dyn ProcView) -> Ranges {
        let mut hidden = Vec::new();
        view.brand_ranges(&mut |range| hidden.push(range));
        if matches!(self, Self::Own) {
            let layout = view.layout();
            return Ranges::new(hidden, layout.start_brk, view.program_break());
        }
        // This very function lies in the image, which has the same size everywhere.
        let here = u64::try_from(BRAND_IMAGE.as_ptr().addr()).unwrap_or(0);
        let image = hidden.into_iter().find(|range| range.contains(&here));
        Ranges::of_image(image.map_or(0, |range| range.end - range.start))
    }
}
