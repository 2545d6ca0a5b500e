//! The calls of the 32-bit ABI that a 64-bit program can make by `int 0x80`
//! (`arch/x86/entry/syscalls/syscall_32.tbl`).
//!
//! A call has a number here when 32-bit arguments, extended by zeros, mean the same to the 64-bit
//! call: integers, addresses, and structures of one layout in both ABIs. Left out are calls with a
//! `long` that may be negative (but for [`LSEEK`]), with arrays of pointers, or with structures
//! that hold a `long`, a pointer or a time, and calls whose 32-bit form has other arguments
//! (clone, mmap).

/// The i386 numbers from 384 on that the two ABIs share are those from here on.
const SHARED: u32 = 424;

/// lseek, whose offset is a `long` that may be negative: the caller extends its sign.
pub const LSEEK: usize = 19;

/// The x86-64 number of an i386 call whose arguments mean the same in both ABIs.
#[must_use]
pub const fn translate(nr: u32) -> Option<usize> {
    let native = match nr {
        1 => 60,
        2 => 57,
        3..=5 => nr - 3,
        6 => 3,
        8..=10 => nr + 77,
        12 => 80,
        14 => 133,
        15 => 90,
        19 => 8,
        20 => 39,
        21 => 165,
        27 => 37,
        29 => 34,
        33 => 21,
        36 => 162,
        37 => 62,
        38..=40 => nr + 44,
        41 => 32,
        42 => 22,
        51 => 163,
        52 => 166,
        57 => 109,
        60 => 95,
        61 => 161,
        63 => 33,
        64..=66 => nr + 46,
        74 => 170,
        83 => 88,
        85 => 89,
        87 => 167,
        88 => 169,
        91 => 11,
        94 => 91,
        96..=97 => nr + 44,
        101 => 173,
        103 => 103,
        110 => 172,
        111 => 153,
        115 => 168,
        118 => 74,
        121 => 171,
        122 => 63,
        125 => 10,
        132 => 121,
        133 => 81,
        136 => 135,
        143 => 73,
        144 => 26,
        147 => 124,
        148 => 75,
        150..=153 => nr - 1,
        154..=157 => nr - 12,
        158 => 24,
        159..=160 => nr - 13,
        163 => 25,
        168 => 7,
        183 => 79,
        184..=185 => nr - 59,
        190 => 58,
        198 => 94,
        199 => 102,
        200 => 104,
        201..=202 => nr - 94,
        203..=206 => nr - 90,
        207 => 93,
        208..=211 => nr - 91,
        212 => 92,
        213..=214 => nr - 108,
        215..=216 => nr - 93,
        217 => 155,
        218..=219 => nr - 191,
        220 => 217,
        224 => 186,
        226..=238 => nr - 38,
        252 => 231,
        254 => 213,
        255 => 233,
        256 => 232,
        258 => 218,
        262..=263 => nr - 37,
        270 => 234,
        289..=293 => nr - 38,
        295..=298 => nr - 38,
        301..=307 => nr - 38,
        310 => 272,
        313 => 275,
        315 => 276,
        318 => 309,
        322 => 283,
        323 => 284,
        328..=332 => nr - 38,
        336 => 298,
        338 => 300,
        340..=341 => nr - 38,
        344 => 306,
        346 => 308,
        349..=353 => nr - 37,
        355..=356 => nr - 37,
        357 => 321,
        359 => 41,
        360 => 53,
        361 => 49,
        362 => 42,
        363 => 50,
        364 => 288,
        367..=368 => nr - 316,
        369 => 44,
        371 => 45,
        373 => 48,
        374..=377 => nr - 51,
        380..=383 => nr - 51,
        403 => 228,
        406 => 229,
        408 => 224,
        410 => 287,
        // pidfd_send_signal takes a siginfo, clone3 would start a 32-bit child, and
        // process_madvise takes an array of pointers.
        SHARED | 435 | 440 => return None,
        SHARED..=469 => nr,
        _ => return None,
    };
    Some(native as usize)
}

#[cfg(test)]
mod tests {
    use super::translate;
    use crate::table;

    /// i386 numbers and names, from `syscall_32.tbl`.
    const KNOWN: &[(u32, &str)] = &[
        (1, "exit"),
        (2, "fork"),
        (3, "read"),
        (4, "write"),
        (5, "open"),
        (6, "close"),
        (8, "creat"),
        (9, "link"),
        (10, "unlink"),
        (20, "getpid"),
        (37, "kill"),
        (38, "rename"),
        (40, "rmdir"),
        (64, "getppid"),
        (66, "setsid"),
        (96, "getpriority"),
        (97, "setpriority"),
        (122, "uname"),
        (125, "mprotect"),
        (150, "mlock"),
        (153, "munlockall"),
        (154, "sched_setparam"),
        (157, "sched_getscheduler"),
        (159, "sched_get_priority_max"),
        (163, "mremap"),
        (185, "capset"),
        (201, "geteuid"),
        (203, "setreuid"),
        (206, "setgroups"),
        (208, "setresuid"),
        (211, "getresgid"),
        (214, "setgid"),
        (216, "setfsgid"),
        (219, "madvise"),
        (226, "setxattr"),
        (237, "fremovexattr"),
        (238, "tkill"),
        (263, "timer_delete"),
        (289, "ioprio_set"),
        (293, "inotify_rm_watch"),
        (295, "openat"),
        (298, "fchownat"),
        (301, "unlinkat"),
        (307, "faccessat"),
        (328, "eventfd2"),
        (332, "inotify_init1"),
        (340, "prlimit64"),
        (341, "name_to_handle_at"),
        (349, "kcmp"),
        (353, "renameat2"),
        (355, "getrandom"),
        (357, "bpf"),
        (367, "getsockname"),
        (374, "userfaultfd"),
        (377, "copy_file_range"),
        (380, "pkey_mprotect"),
        (383, "statx"),
        (403, "clock_gettime"),
        (436, "close_range"),
        (469, "file_setattr"),
    ];

    #[test]
    fn numbers_lead_to_the_call_of_that_name() {
        for (nr, name) in KNOWN {
            let row = translate(*nr).and_then(table::row);
            assert_eq!(row.map(|row| row.name), Some(*name), "{nr}");
        }
    }

    #[test]
    fn calls_with_other_structures_are_left_out() {
        for nr in [
            0,
            7,
            11,
            13,
            18,
            54,
            90,
            120,
            145,
            162,
            174,
            192,
            240,
            424,
            435,
            470,
            u32::MAX,
        ] {
            assert_eq!(translate(nr), None, "{nr}");
        }
    }

    #[test]
    fn no_two_calls_lead_to_one_row_but_by_intent() {
        let mut seen = [false; abi::nr::LIMIT];
        for native in (0..SEARCHED).filter_map(translate) {
            assert!(!seen[native], "{native}");
            seen[native] = true;
        }
    }

    const SEARCHED: u32 = 1000;
}
