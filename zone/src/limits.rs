//! How much a zone may use.

use serde::{Deserialize, Serialize};

/// The limits of a zone; `None` for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Threads.
    pub pids: Option<u64>,
    /// Thousandths of a processor's time.
    pub cpus: Option<u32>,
}

/// With less memory no program starts.
const LEAST_MEMORY: u64 = 6 << 20;

/// The value of `--memory`: a number of bytes, or of what a suffix says.
///
/// # Errors
/// What is wrong with it.
pub fn memory(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        suffix => return Err(format!("unknown suffix '{suffix}': expected k, m, g or t")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a number of bytes, as 512m".to_owned())?;
    let bytes = number.checked_mul(unit).filter(|bytes| *bytes < 1 << 62);
    match bytes {
        None => Err("more than a machine can have".to_owned()),
        Some(bytes) if bytes < LEAST_MEMORY => Err("less than 6m, the least that works".to_owned()),
        Some(bytes) => Ok(bytes),
    }
}

/// The value of `--pids`.
///
/// # Errors
/// What is wrong with it.
pub fn pids(text: &str) -> Result<u64, String> {
    match text.parse() {
        // `PID_MAX_LIMIT` of the kernel.
        Ok(count @ 1..=4_194_304) => Ok(count),
        _ => Err("expected a number from 1 to 4194304".to_owned()),
    }
}

/// The value of `--cpus`, as 1.5, in thousandths.
///
/// # Errors
/// What is wrong with it.
pub fn cpus(text: &str) -> Result<u32, String> {
    let wrong = || "expected a number of processors, as 1.5".to_owned();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.is_empty() || part.len() > 3 {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let part: u32 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
    match whole
        .checked_mul(1000)
        .and_then(|all| all.checked_add(part))
    {
        // The kernel counts in parts of a tenth of a second and wants a millisecond at least.
        Some(thousandths @ 10..=8_192_000) => Ok(thousandths),
        _ => Err("expected a number from 0.01 to 8192".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{cpus, memory, pids};

    #[test]
    fn amounts_of_memory() {
        assert_eq!(memory("64m"), Ok(64 << 20));
        assert_eq!(memory("1GiB"), Ok(1 << 30));
        assert_eq!(memory("8388608"), Ok(8 << 20));
        for bad in ["", "m", "64x", "-1", "1.5g", "5m", "99999999t", "0x10"] {
            assert!(memory(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_of_processes_and_processors() {
        assert_eq!((pids("20"), cpus("2")), (Ok(20), Ok(2000)));
        assert_eq!((cpus("0.5"), cpus("1.25")), (Ok(500), Ok(1250)));
        for bad in ["", "0", "-1", "many", "4194305"] {
            assert!(pids(bad).is_err(), "{bad}");
        }
        for bad in [
            "", "0", "0.001", ".", "1.", "1.2345", "1e3", "-1", "9999999",
        ] {
            assert!(cpus(bad).is_err(), "{bad}");
        }
    }
}
