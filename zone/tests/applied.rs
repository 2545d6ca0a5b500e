//! The kernel takes what `zone::confine` asks for, and it holds. A process does it for good, so the
//! test starts itself again.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::process::Command;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::sethostname;
use zone::confine::{Config, Confinement, Layer, Tree};

/// Set in the process that confines itself.
const CHILD: &str = "LX_TEST_CONFINED";

#[test]
fn the_kernel_enforces_it() {
    if std::env::var_os(CHILD).is_some() {
        confined();
        // Without the test harness, whose descriptors are gone.
        std::process::exit(0);
    }
    let own = std::env::current_exe().expect("it has a name");
    let output = Command::new(own)
        .args(["--exact", "the_kernel_enforces_it", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("it starts");
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn confined() {
    let config = Config {
        trees: vec![tree("/proc"), tree("/usr")],
        allow_weaker: vec![Layer::Landlock, Layer::LandlockScopes],
        ..Config::default()
    };
    let confinement = Confinement::plan(config).expect("this host has seccomp filters");
    let report = confinement.report().clone();
    confinement.apply(&[]).expect("every step is done");

    let status = fs::read_to_string("/proc/thread-self/status").expect("a tree of its own");
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapInh:\t0000000000000000"] {
        assert!(status.contains(line), "{line}\n{status}");
    }
    let permitted = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    let permitted = u64::from_str_radix(permitted.unwrap_or_default().trim(), 16);
    // CAP_SYS_ADMIN.
    assert_eq!(permitted.expect("a mask") >> 21 & 1, 0, "{status}");

    assert_eq!(unshare(CloneFlags::CLONE_NEWUSER), Err(Errno::EPERM));
    let none = None::<&str>;
    assert_eq!(
        mount(Some("none"), "/usr", Some("tmpfs"), MsFlags::empty(), none),
        Err(Errno::EPERM)
    );
    assert_eq!(sethostname("x"), Err(Errno::EPERM));
    let vsock = socket(
        AddressFamily::Vsock,
        SockType::Stream,
        SockFlag::empty(),
        None,
    );
    assert_eq!(vsock.err(), Some(Errno::EAFNOSUPPORT));
    let unix = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::empty(),
        None,
    );
    assert!(unix.is_ok());

    assert!(fs::read_dir("/usr").is_ok());
    if report.holds(Layer::Landlock) {
        let outside = File::open("/etc/passwd").map(|_| ());
        let kind = outside.map_err(|error| error.kind());
        assert_eq!(kind, Err(std::io::ErrorKind::PermissionDenied));
    }
}

fn tree(path: &str) -> Tree {
    let root = File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Tree {
        root: OwnedFd::from(root),
        writable: false,
    }
}
