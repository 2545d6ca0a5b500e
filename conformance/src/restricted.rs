//! An environment as in a container of Docker with its default seccomp profile: an ordinary user
//! without capabilities, who can make no namespace, mount nothing and trace nobody. What must work
//! in such a container is tested here.
//!
//! The rules are those of the profile for x86-64 and a container without capabilities
//! (`profiles/seccomp/default.json` of moby), and in doubt the stricter of its versions: no
//! ptrace(2) and its kin, which it allows from Linux 4.8 on, and no io_uring, which it once did.

use host_std::confine::{Instruction, install_filter};
use nix::libc;
use std::io;
use std::process::{Child, Command};

/// An ordinary user, by number: nobody.
pub const USER: u32 = 65534;

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_I386`.
const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENT: u32 = 16;
// Operations (`include/uapi/linux/bpf_common.h`).
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const IF_EQUAL: u16 = 0x15;
const IF_GREATER: u16 = 0x25;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;

/// The newest call that the profile knows: set_mempolicy_home_node(2). What is newer is ENOSYS.
const NEWEST: libc::c_long = 450;

/// What takes a capability that the container lacks, or is not in the profile at all.
const REFUSED: [libc::c_long; 67] = [
    libc::SYS__sysctl,
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_afs_syscall,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_get_mempolicy,
    libc::SYS_getpmsg,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_putpmsg,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_security,
    libc::SYS_set_mempolicy,
    NEWEST,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_sysfs,
    libc::SYS_syslog,
    libc::SYS_tuxcall,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_uselib,
    libc::SYS_userfaultfd,
    libc::SYS_ustat,
    libc::SYS_vhangup,
    libc::SYS_vserver,
];

/// The flags of clone(2) that ask for new namespaces.
const NAMESPACES: u32 = 0x7e02_0000;
/// `AF_VSOCK`.
const VSOCK: u32 = 40;
/// The values of personality(2) that a container may have, and the one that asks for it.
const PERSONALITIES: [u32; 5] = [0, 8, 0x2_0000, 0x2_0008, u32::MAX];

/// Starts a command in it. Root gives its rights away, also natively.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;

    let root = nix::unistd::geteuid().is_root();
    if root {
        // The groups go, too.
        command.uid(USER).gid(USER);
    }
    // A filter is a thread's, and what that thread starts inherits it.
    let start = || {
        if !root {
            nix::sys::prctl::set_no_new_privs()?;
        }
        install_filter(&filter()?)?;
        command.spawn()
    };
    std::thread::scope(|scope| {
        let started = scope.spawn(start).join();
        started.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    })
}

/// The user that [`spawn`] makes of whoever this is.
#[must_use]
pub fn user() -> Option<u32> {
    nix::unistd::geteuid().is_root().then_some(USER)
}

fn filter() -> io::Result<Vec<Instruction>> {
    let number = |call: libc::c_long| u32::try_from(call).map_err(io::Error::other);
    let mut program = vec![
        step(LOAD, ARCH),
        // The profile has the calls of i386, too. No program of the suite makes more of them
        // than a few harmless ones, so that all are allowed.
        branch(IF_EQUAL, I386, 0, 1),
        step(RETURN, ALLOW),
        branch(IF_EQUAL, X86_64, 1, 0),
        step(RETURN, errno(libc::ENOSYS)),
        step(LOAD, NUMBER),
        branch(IF_GREATER, number(NEWEST)?, 0, 1),
        step(RETURN, errno(libc::ENOSYS)),
    ];
    for call in REFUSED {
        program.push(branch(IF_EQUAL, number(call)?, 0, 1));
        program.push(step(RETURN, errno(libc::EPERM)));
    }
    program.push(branch(IF_EQUAL, number(libc::SYS_clone3)?, 0, 1));
    program.push(step(RETURN, errno(libc::ENOSYS)));
    let checked = [
        (libc::SYS_clone, allow_if(NAMESPACES, &[0], true)),
        (libc::SYS_socket, allow_if(u32::MAX, &[VSOCK], false)),
        (
            libc::SYS_personality,
            allow_if(u32::MAX, &PERSONALITIES, true),
        ),
    ];
    for (call, block) in checked {
        let length = u8::try_from(block.len()).map_err(io::Error::other)?;
        program.push(branch(IF_EQUAL, number(call)?, 0, length));
        program.extend(block);
    }
    program.push(step(RETURN, ALLOW));
    Ok(program)
}

/// Allows a call whose first argument, masked, is one of `values`, or, if not `wanted`, is none.
fn allow_if(mask: u32, values: &[u32], wanted: bool) -> Vec<Instruction> {
    let (found, otherwise) = match wanted {
        true => (ALLOW, errno(libc::EPERM)),
        false => (errno(libc::EPERM), ALLOW),
    };
    let mut block = vec![step(LOAD, ARGUMENT), step(AND, mask)];
    for value in values {
        block.push(branch(IF_EQUAL, *value, 0, 1));
        block.push(step(RETURN, found));
    }
    block.push(step(RETURN, otherwise));
    block
}

fn errno(number: i32) -> u32 {
    ERRNO | number.unsigned_abs()
}

const fn step(code: u16, k: u32) -> Instruction {
    branch(code, k, 0, 0)
}

const fn branch(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::spawn;
    use std::process::{Command, Stdio};

    /// Runs a command line of the shell in it: what it printed.
    fn shell(line: &str) -> String {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).stdout(Stdio::piped());
        let child = spawn(&mut command).expect("the host has seccomp filters");
        let output = child.wait_with_output().expect("a shell");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn nothing_has_capabilities_or_makes_namespaces() {
        let shown = shell("grep -E '^(CapEff|Seccomp):' /proc/self/status | tr -d '\\t '");
        assert_eq!(shown, "CapEff:0000000000000000\nSeccomp:2\n");
        assert_eq!(shell("unshare --user true 2>&1 | grep -c permitted"), "1\n");
        assert_eq!(shell("echo $((6 * 7))"), "42\n");
    }

    #[test]
    fn this_process_stays_as_it_is() {
        let status = || std::fs::read_to_string("/proc/thread-self/status").expect("procfs");
        let before = status();
        shell("true");
        let seccomp = |text: &str| {
            text.lines()
                .find(|line| line.starts_with("Seccomp:"))
                .map(str::to_owned)
        };
        assert_eq!(seccomp(&before), seccomp(&status()));
    }
}
