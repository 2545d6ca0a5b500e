//! The emulated /proc: what a guest process sees of itself and of other guest processes where
//! the host's own /proc would show the brand.
//!
//! The host's /proc stays mounted and serves almost everything: descriptors, processes and
//! permissions are the host's anyway. Only the entries that betray the brand or miss the guest
//! are made here, one file per family:
//!
//! | entry | file | what differs from the host's |
//! | --- | --- | --- |
//! | `exe` | [`exe`] | leads to the guest's program |
//! | `environ` | [`environ`] | without the hand-over string |
//! | `auxv` | [`auxv`] | the guest's vector |
//! | `maps` | [`maps`] | without the brand's ranges; the heap is named |
//! | `smaps` | [`smaps`] | likewise |
//! | `smaps_rollup` | [`rollup`] | added up again from `smaps` |
//! | `numa_maps` | [`numa_maps`] | likewise |
//! | `stat` | [`stat`] | the program's addresses, the guest's signal sets |
//! | `status` | [`status`] | signal sets, seccomp, no_new_privs |
//! | `fd`, `fdinfo`, `map_files` | [`listing`] | without what is the brand's |
//! | `mounts`, `mountinfo`, `mountstats` | [`mounts`] | in a zone, without what covers /proc |
//! | `cgroup` | [`render`] | in a zone, its root |
//!
//! A path is recognised in two steps: by its last component ([`spelling`]), and if that fits, by
//! what the host says the opened thing is called ([`entry`]). So links to such files, relative
//! paths, other mounts of proc, `thread-self` and `task/TID` all come out right.
//!
//! An open `stat` or `status` is the host's own file, rewritten as it is read ([`rewrite`]). Every
//! other open emulated file is a sealed memfd, which holds the text as it was when it was last read
//! from offset 0 ([`live`]); unlike a real one, it has no `PROCMAP_QUERY` among its ioctl(2)s.
//!
//! In a zone the entries at the root of /proc and those of /proc/sys are made here, too ([`zone`]),
//! where zsched left placeholders for them ([`skeleton`], [`placeholder`]).
//!
//! Of another guest process less is known than of the caller's: the program (from the hand-over
//! string in its environment) and the host's numbers. Its memory lists lack the brand's image, but
//! not the brand's anonymous memory; it is taken not to catch the signals that the brand catches.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod auxv;
mod dispositions;
mod entry;
mod environ;
mod exe;
mod inherit;
mod io;
mod known;
mod listing;
mod live;
mod maps;
mod memfd;
mod mount_table;
mod mounts;
mod numa_maps;
mod numbers;
mod overlay;
mod placeholder;
mod ranges;
mod renamed;
mod render;
mod renew;
mod rewrite;
mod rollup;
#[cfg(test)]
mod samples;
pub mod skeleton;
mod smaps;
mod spelling;
mod stat;
mod status;
mod subject;
mod sysctl;
mod text;
mod zone;

pub use overlay::ProcOverlay;
