//! What `lx stat` and `lx trace` and the brands that they observe share: the layout of the *book*, a
//! file in memory that all of them map, and the pure logic over it.
//!
//! - [`book`]: where everything lies, and who holds which place in it.
//! - [`door`]: how a process that runs already learns that it is to be observed.
//! - [`tally`]: how often each thread made each call, and how long it took.
//! - [`ring`]: records of single calls, on their way to the observer.
//! - [`record`]: what is in a record.
//! - [`shape`]: which of the guest's memory goes into one, by call and argument.
//! - [`special`]: which calls do not come back as others do.
//!
//! Guests can write to the book as they please, being in the same address space as their brand.
//! Whatever is read from it is checked; nothing that matters to anybody but the reader hangs on it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod book;
pub mod door;
pub mod record;
pub mod ring;
pub mod shape;
pub mod special;
pub mod tally;

pub use book::{Book, Slot};
