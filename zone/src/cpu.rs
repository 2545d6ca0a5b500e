//! What the processor offers that matters to the brand.

/// The features of the processor, from the `flags` line of `/proc/cpuinfo`, which leaves out
/// what the kernel does not let user code use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// AVX: 256-bit vector registers.
    pub avx: bool,
    /// AVX-512 Foundation: 512-bit vector and mask registers.
    pub avx512: bool,
    /// AMX: tile registers.
    pub amx: bool,
    /// BMI2.
    pub bmi2: bool,
    /// XSAVEC, the compacted form of saved state.
    pub xsavec: bool,
}

impl Cpu {
    /// Reads the text of `/proc/cpuinfo`; what it does not tell counts as absent.
    #[must_use]
    pub fn parse(cpuinfo: &str) -> Self {
        let flags: Vec<&str> = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("flags")?.split_once(':'))
            .map(|(_, flags)| flags.split_ascii_whitespace().collect())
            .unwrap_or_default();
        let has = |flag| flags.contains(&flag);
        Self {
            avx: has("avx"),
            avx512: has("avx512f"),
            amx: has("amx_tile"),
            bmi2: has("bmi2"),
            xsavec: has("xsavec"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cpu;

    #[test]
    fn flags_are_whole_words() {
        let cpu =
            Cpu::parse("processor\t: 0\nflags\t\t: fpu avx2 bmi2 avx512fp16\nbugs\t\t: avx\n");
        assert!(cpu.bmi2);
        assert!(!cpu.avx && !cpu.avx512 && !cpu.amx && !cpu.xsavec);
    }

    #[test]
    fn other_text_tells_nothing() {
        let nothing = Cpu {
            avx: false,
            avx512: false,
            amx: false,
            bmi2: false,
            xsavec: false,
        };
        for text in ["", "flags", "flags\t\t:\n", "model name : x\n"] {
            assert_eq!(Cpu::parse(text), nothing, "{text}");
        }
    }
}
