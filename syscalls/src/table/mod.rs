//! The dispatch table: one row per x86-64 call of Linux 6.18. The rows stand in the files beside
//! this one, by number; everything else that knows calls by number is computed from them.

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

#[cfg(any(test, feature = "alloc"))]
pub use page::compatibility_page;
pub use row::{ArgSpec, Class, Handler, Row};

use abi::KernelVersion;
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

/// What the entry stub needs to know of each row.
pub static FAST: [u8; LIMIT] = {
    let mut flags = [0; LIMIT];
    let mut nr = 0;
    while nr < LIMIT {
        if let Some(row) = &TABLE[nr] {
            flags[nr] = fast_flags(row);
        }
        nr += 1;
    }
    flags
};

/// The entry of [`FAST`] for `row`. Only a direct row may be forwarded by assembly, and only one
/// without a descriptor in another place than argument 0 (those are checked in Rust), and only one
/// that `--kernel-version` never hides.
const fn fast_flags(row: &Row) -> u8 {
    let descriptors = row.descriptors();
    let check = if descriptors & 1 != 0 {
        FAST_CHECK_FD
    } else {
        0
    };
    let forward = matches!(row.class, Class::Direct)
        && descriptors & !1 == 0
        && !row.since.is_after(KernelVersion::OLDEST);
    if forward { check | FAST_FORWARD } else { check }
}

/// The row of call `nr`.
#[must_use]
pub fn row(nr: usize) -> Option<&'static Row> {
    TABLE.get(nr)?.as_ref()
}

#[cfg(test)]
mod tests;
