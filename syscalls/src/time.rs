//! The time, asked of the kernel's vDSO instead of the kernel where that is the same.

use abi::arg::{Clock, Ptr};
use abi::{SysResult, UserPtr, nr};
use host::call::{forward, int};
use host::{user, vdso};
use kernel::Task;

const CLOCK_REALTIME: i32 = 0;
const CLOCK_REALTIME_COARSE: i32 = 5;

/// The clocks that the vDSO knows: realtime, monotonic, their coarse forms, raw, boottime, TAI.
const fn in_vdso(clock: i32) -> bool {
    matches!(clock, 0 | 1 | 4 | 5 | 6 | 7 | 11)
}

/// clock_gettime(2).
pub fn clock_gettime(t: &mut Task, clock: Clock, time: UserPtr<[i64; 2]>) -> SysResult {
    let mut now = [0; 2];
    if in_vdso(clock.0) && vdso::clock_gettime(&t.thread, clock.0, &mut now) {
        user::write(time, &now)?;
        return Ok(0);
    }
    forward(
        nr::CLOCK_GETTIME,
        &[int(clock.0), time.address(), 0, 0, 0, 0],
    )
}

/// gettimeofday(2).
pub fn gettimeofday(t: &mut Task, time: UserPtr<[i64; 2]>, zone: Ptr) -> SysResult {
    let mut now = [0; 2];
    if zone.0 == 0 && !time.is_null() && vdso::clock_gettime(&t.thread, CLOCK_REALTIME, &mut now) {
        let [seconds, nanoseconds] = now;
        user::write(time, &[seconds, nanoseconds / 1000])?;
        return Ok(0);
    }
    forward(nr::GETTIMEOFDAY, &[time.address(), zone.0, 0, 0, 0, 0])
}

/// time(2).
pub fn time(t: &mut Task, at: UserPtr<i64>) -> SysResult {
    let mut now = [0; 2];
    if vdso::clock_gettime(&t.thread, CLOCK_REALTIME_COARSE, &mut now) {
        let [seconds, _] = now;
        if !at.is_null() {
            user::write(at, &seconds)?;
        }
        return Ok(usize::from_le_bytes(seconds.to_le_bytes()));
    }
    forward(nr::TIME, &[at.address(), 0, 0, 0, 0, 0])
}
