//! The dispatch table: one row per x86-64 call of Linux 6.18. The rows stand in the files beside
//! this one, by number; everything else that knows calls by number is computed from them.

mod entry;
mod needs;
#[cfg(any(test, feature = "alloc"))]
mod page;
mod row;
mod rows_000;
mod rows_040;
mod rows_080;
mod rows_127;
mod rows_187;
mod rows_240;
mod rows_300;
mod rows_424;
mod withheld;
pub mod zone;

pub use entry::{Action, Entry, FAST, entry};
pub use needs::{BARE, NEEDS, Needs};
#[cfg(any(test, feature = "alloc"))]
pub use page::{compatibility_page, host_calls_page};
pub use row::{ArgSpec, Class, Handler, Row};
pub(crate) use row::{Handlers, with};

use abi::nr::LIMIT;

/// Every file of rows.
const FILES: [&[Row]; 8] = [
    rows_000::ROWS,
    rows_040::ROWS,
    rows_080::ROWS,
    rows_127::ROWS,
    rows_187::ROWS,
    rows_240::ROWS,
    rows_300::ROWS,
    rows_424::ROWS,
];

/// The table, by call number.
pub static TABLE: [Option<Row>; LIMIT] = {
    let mut table = [const { None }; LIMIT];
    let mut file = 0;
    while file < FILES.len() {
        let rows = FILES[file];
        let mut index = 0;
        while index < rows.len() {
            let row = rows[index];
            assert!(
                table[row.nr as usize].is_none(),
                "two rows have the same number"
            );
            assert!(row.args.len() <= 6, "a call has at most six arguments");
            table[row.nr as usize] = Some(row);
            index += 1;
        }
        file += 1;
    }
    table
};

/// In [`FAST`]: the assembly may forward the call itself.
pub const FAST_FORWARD: u8 = 1;
/// In [`FAST`]: argument 0 is a descriptor, to be compared with the reserved ones first.
pub const FAST_CHECK_FD: u8 = 2;
/// In [`FAST`]: the assembly may answer with the process's number.
pub const FAST_GETPID: u8 = host::rows::FAST_GETPID;
/// In [`FAST`]: the assembly may answer with the thread's number.
pub const FAST_GETTID: u8 = host::rows::FAST_GETTID;

/// The row of call `nr`.
#[must_use]
pub fn row(nr: usize) -> Option<&'static Row> {
    TABLE.get(nr)?.as_ref()
}

#[cfg(test)]
mod tests;
