//! Reading `stat` and `status` of a process and, in a zone, its `mounts`, `mountinfo` and `mountstats`:
//! the host's own files, whose text is rewritten on its way to the guest. What else can be done with such a descriptor, the host does.
//!
//! The position of the open file is the guest's: it counts bytes of the rewritten text. So it is
//! right for everyone who shares it. Only when all was read it may stay behind the host's text, which
//! is noted, and settled before lseek(2). These files cannot be mapped, and the brand
//! lets nobody splice them, so that reading is the only way to their text. poll(2) is the host's: it tells
//! of changed mounts.

use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::numbers::{first, shown};
use kernel::users::published;
use kernel::vfs::{ProcView, SignalView};
use kernel::zone::{began, placeholders};

use crate::dispositions::Dispositions;
use crate::entry::{Entry, Kind};
use crate::live::End;
use crate::mounts::Mounts;
use crate::numbers;
use crate::stat::{self, Changes};
use crate::status::Status;
use crate::subject::Whose;
use crate::text::{Lines, Splitter};

const SEEK_SET: usize = 0;
const SEEK_CUR: usize = 1;

/// Reads from `fd`, at `offset` or from its position on: `put` takes what follows there, and says
/// how much it kept. Who reads in parts gets parts of one text, as from the kernel: what a read from
/// the beginning left over stays in `rest`. `None` for an offset that the host refuses.
pub(crate) fn read(
    view: &dyn ProcView,
    entry: Entry,
    fd: i32,
    offset: Option<i64>,
    end: &mut Option<End>,
    rest: &mut Option<Vec<u8>>,
    put: &mut dyn FnMut(&[u8]) -> SysResult,
) -> Option<SysResult> {
    let offset = match offset {
        Some(offset) => usize::try_from(offset).ok()?,
        None => return Some(read_on(view, entry, fd, end, rest, put)),
    };
    let text = match rest.take().filter(|_| offset > 0) {
        Some(text) => Ok(text),
        None => hosts(entry, fd, false).map(|host| rewritten(view, entry, &host)),
    };
    Some(text.and_then(|text| {
        let kept = part(&text, offset, put);
        if offset.saturating_add(kept.unwrap_or(0)) < text.len() {
            *rest = Some(text);
        }
        kept
    }))
}

fn read_on(
    view: &dyn ProcView,
    entry: Entry,
    fd: i32,
    end: &mut Option<End>,
    rest: &mut Option<Vec<u8>>,
    put: &mut dyn FnMut(&[u8]) -> SysResult,
) -> SysResult {
    let mut now = host_call!(nr::LSEEK, int(fd), 0, SEEK_CUR)?;
    let position = match end.take() {
        Some((hosts, guests)) if hosts == now => guests,
        _ => now,
    };
    if let Some(text) = rest.take().filter(|_| position > 0) {
        let kept = part(&text, position, put);
        let wanted = position + kept.unwrap_or(0);
        if wanted != now {
            host_call!(nr::LSEEK, int(fd), wanted, SEEK_SET)?;
        }
        if wanted < text.len() {
            *rest = Some(text);
        }
        return kept;
    }
    // Read from the start by read(2), the position is often where it belongs afterwards.
    let moves = position == 0;
    let host = hosts(entry, fd, moves)?;
    if moves {
        now = host.len();
    }
    let text = rewritten(view, entry, &host);
    let kept = part(&text, position, put);
    let wanted = position + kept.unwrap_or(0);
    if wanted < text.len() {
        *rest = Some(text.clone());
    }
    if wanted == now {
        return kept;
    }
    if wanted >= text.len() && now >= host.len().max(wanted) {
        // All was read, and who shares the position finds nothing more there. To set it, the kernel
        // would make the text once more.
        *end = Some((now, wanted));
    } else {
        host_call!(nr::LSEEK, int(fd), wanted, SEEK_SET)?;
    }
    kept
}

/// Puts the position of `fd` where the guest believes it to be.
pub(crate) fn settle(fd: i32, (hosts, guests): End) {
    if host_call!(nr::LSEEK, int(fd), 0, SEEK_CUR) == Ok(hosts) {
        let _ = host_call!(nr::LSEEK, int(fd), guests, SEEK_SET);
    }
}

fn part(text: &[u8], from: usize, put: &mut dyn FnMut(&[u8]) -> SysResult) -> SysResult {
    put(text.get(from..).unwrap_or_default())
}

/// All of the host's text; `moves` the position along.
fn hosts(entry: Entry, fd: i32, moves: bool) -> SysResult<Vec<u8>> {
    /// `status` is about 1.5 KiB, `stat` about 300 bytes.
    const PIECE: usize = 4096;
    let mut all = vec![0; PIECE];
    let mut len = 0;
    loop {
        let room = all.get_mut(len..).unwrap_or_default();
        let (to, size) = (room.as_mut_ptr().expose_provenance(), room.len());
        let read = if moves {
            host_call!(nr::READ, int(fd), to, size)
        } else {
            host_call!(nr::PREAD64, int(fd), to, size, len)
        };
        let more = match read {
            Err(Errno::EINTR) => continue,
            read => read?,
        };
        len += more;
        // The kernel gives as much as there is room for, but of lists only whole lines.
        let ends = match entry.kind {
            Kind::Mounts(_) => more == 0,
            _ => len < all.len(),
        };
        if ends {
            all.truncate(len);
            return Ok(all);
        }
        all.resize(len + PIECE, 0);
    }
}

/// What the guest sees of `host`, the text of `entry`.
fn rewritten(view: &dyn ProcView, entry: Entry, host: &[u8]) -> Vec<u8> {
    if let Kind::Mounts(form) = entry.kind {
        return filtered(host, &mut Mounts::new(form));
    }
    let zone = placeholders() != 0;
    let whose = Whose::of(view, entry);
    let own = whose == Whose::Own;
    // Signal masks and what was given up belong to a thread; only the caller's are known.
    let mine = own && entry.thread() == view.tid();
    let signals = view.signals();
    let blocked = mine.then_some(signals.blocked);
    let signals = match whose {
        Whose::Own => {
            let SignalView {
                ignored, caught, ..
            } = signals;
            Dispositions::Known { ignored, caught }
        }
        Whose::Guest => Dispositions::Guest,
        Whose::Other => Dispositions::Host,
    };
    if entry.kind == Kind::Stat {
        let changes = Changes {
            layout: own.then(|| view.layout()),
            blocked,
            signals,
            // In a zone, all times count from its beginning.
            began: began(),
        };
        let text = stat::rewrite(host, &changes);
        return match first() {
            Some(_) => numbers::in_stat(&text, shown),
            None => text,
        };
    }
    let mut status = Status {
        blocked,
        signals,
        credentials: mine.then(|| view.credentials()),
        user: published(entry.thread()),
        // The one that confines the zone.
        filters: (zone && whose != Whose::Other).into(),
        mode: Vec::new(),
    };
    let out = filtered(host, &mut status);
    match first() {
        Some(_) => numbers::in_status(&out, shown),
        None => out,
    }
}

fn filtered(text: &[u8], lines: &mut dyn Lines) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut splitter = Splitter::default();
    splitter.piece(text, lines, &mut out);
    splitter.end(lines, &mut out);
    out
}
