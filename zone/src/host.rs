//! What the host kernel offers. Every answer comes from asking the kernel, not from its version:
//! containers and hardened hosts refuse what their version would have.

use std::fs;
use std::io;

use host_std::probe;
use nix::sys::utsname::uname;

use crate::cpu::Cpu;

/// `SECCOMP_RET_TRAP` (seccomp(2)).
const SECCOMP_RET_TRAP: u32 = 0x0003_0000;

/// Something that a host has, or the reason why it has not.
#[derive(Debug)]
pub struct Feature {
    /// What to call it.
    pub name: &'static str,
    /// What was found: a version, or why it is absent.
    pub detail: String,
    /// Whether lx can use it.
    pub available: bool,
}

/// All that lx asks of a host.
#[derive(Debug)]
pub struct Host {
    /// `uname -r`.
    pub kernel: String,
    /// Syscall User Dispatch.
    pub syscall_user_dispatch: Feature,
    /// Seccomp filters that raise SIGSYS.
    pub seccomp: Feature,
    /// Landlock, with its ABI version.
    pub landlock: Feature,
    /// User namespaces.
    pub user_namespaces: Feature,
    /// User instructions for the FS and GS bases.
    pub fsgsbase: Feature,
    /// The processor.
    pub cpu: Cpu,
}

impl Host {
    /// Asks the kernel.
    #[must_use]
    pub fn probe() -> Self {
        let release = uname().map(|uname| uname.release().to_string_lossy().into_owned());
        let fsgsbase = probe::fsgsbase();
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            kernel: release.unwrap_or_else(|errno| format!("unknown ({errno})")),
            syscall_user_dispatch: feature(
                "Syscall User Dispatch",
                probe::syscall_user_dispatch().map(|()| "yes".to_owned()),
            ),
            seccomp: feature(
                "seccomp filters",
                probe::seccomp_action(SECCOMP_RET_TRAP).map(|()| "yes".to_owned()),
            ),
            landlock: feature(
                "Landlock",
                probe::landlock_abi().map(|version| format!("ABI {version}")),
            ),
            user_namespaces: feature(
                "user namespaces",
                probe::user_namespace().map(|()| "yes".to_owned()),
            ),
            fsgsbase: Feature {
                name: "FSGSBASE",
                detail: (if fsgsbase { "yes" } else { "no (AT_HWCAP2)" }).to_owned(),
                available: fsgsbase,
            },
            cpu: Cpu::parse(&cpuinfo),
        }
    }

    /// The features in the order in which a reader wants them.
    #[must_use]
    pub fn features(&self) -> [&Feature; 5] {
        [
            &self.syscall_user_dispatch,
            &self.seccomp,
            &self.landlock,
            &self.user_namespaces,
            &self.fsgsbase,
        ]
    }
}

/// Whether seccomp filters may trap.
#[must_use]
pub fn seccomp_trap() -> bool {
    probe::seccomp_action(SECCOMP_RET_TRAP).is_ok()
}

fn feature(name: &'static str, answer: io::Result<String>) -> Feature {
    match answer {
        Ok(detail) => Feature {
            name,
            detail,
            available: true,
        },
        Err(error) => Feature {
            name,
            detail: format!("no ({error})"),
            available: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn the_host_has_a_kernel_and_every_answer_has_words() {
        let host = Host::probe();
        assert!(
            host.kernel
                .starts_with(|first: char| first.is_ascii_digit()),
            "{}",
            host.kernel
        );
        for feature in host.features() {
            assert!(!feature.detail.is_empty(), "{}", feature.name);
            assert_eq!(
                feature.detail.starts_with("no"),
                !feature.available,
                "{}",
                feature.name
            );
        }
    }
}
