/* Calls with paths, and what comes of them, a line each: the same natively in a chroot and in a zone
 * without namespaces. `paths script` tries what is hard; `paths random SEED COUNT` makes calls at
 * random. Run in a root that paths.rs makes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Which file it is: what it holds, or what it is called by a file in it. */
static void identity(int fd)
{
	struct stat s;
	char b[64] = "";
	if (fstat(fd, &s)) {
		printf("fstat %s", strerrorname_np(errno));
		return;
	}
	printf("%o nlink %d size %d", s.st_mode, S_ISDIR(s.st_mode) ? 0 : (int)s.st_nlink,
	       S_ISDIR(s.st_mode) ? 0 : (int)s.st_size);
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	int again = S_ISDIR(s.st_mode) ? openat(fd, "NAME", O_RDONLY) :
		    S_ISREG(s.st_mode) ? open(link, O_RDONLY) : -1;
	if (again >= 0) {
		ssize_t n = read(again, b, sizeof b - 1);
		b[n > 0 ? n : 0] = 0;
		close(again);
	}
	printf(" holds %s", (b[strcspn(b, "\n")] = 0, b));
}

static void line(const char *what, const char *path, long r)
{
	printf("%s %s: ", what, path);
	if (r < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("ok\n");
}

static int try_open(const char *what, int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags, .resolve = resolve,
				.mode = flags & O_CREAT ? 0644 : 0 };
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
	printf("%s %s %o %llx: ", what, path, flags, (unsigned long long)resolve);
	if (fd < 0) {
		printf("%s\n", strerrorname_np(errno));
		return -1;
	}
	identity(fd);
	printf("\n");
	close(fd);
	return 0;
}

static void where(const char *what)
{
	char b[PATH_MAX];
	long r = syscall(SYS_getcwd, b, sizeof b);
	printf("cwd %s: %s\n", what, r < 0 ? strerrorname_np(errno) : b);
}

static const char *const starts[] = { "/", "/a", "/a/b", "/m", "/m/sub", "/ro", "/tmp/w" };
static const char *const targets[] = {
	".", "..", "/", "//", "a", "/a", "/a/../m", "../m", "../../..", "/m/..", "/m/../a/NAME",
	"/link-a/NAME", "/link-m/sub/NAME", "link-up", "b/link-up/NAME", "/loop", "/loop/x",
	"/m/abs", "/m/abs/NAME", "/m/up/NAME", "/m/sub/../../a/NAME", "/ro/NAME", "/ro/abs/NAME",
	"/a/dangling", "/a/b/../../link-a/b/NAME", "/file-mount", "/file-mount/", "/file-mount/x",
	"/a/NAME/", "/a/NAME/.", "/a/NAME/..", "/nothing", "/nothing/x", "/m/nothing", "", "NAME",
	"/proc/self/root/a/NAME", "/proc/self/cwd/NAME", "/link-a", "/link-a/", "/m/", "/m/.",
	"/ro/deep/NAME", "sub/NAME", "/link-m", "/link-m/../a/NAME", "/link-a/b/../NAME",
};
enum { STARTS = sizeof starts / sizeof *starts, TARGETS = sizeof targets / sizeof *targets };

static void resolutions(void)
{
	static const uint64_t resolve[] = { 0, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS,
					    RESOLVE_NO_XDEV, RESOLVE_BENEATH, RESOLVE_IN_ROOT,
					    RESOLVE_BENEATH | RESOLVE_NO_XDEV,
					    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	for (int s = 0; s < STARTS; s++) {
		printf("# from %s\n", starts[s]);
		if (chdir(starts[s])) {
			line("chdir", starts[s], -1);
			continue;
		}
		int dir = open(".", O_PATH | O_DIRECTORY);
		where(starts[s]);
		for (int p = 0; p < TARGETS; p++) {
			struct stat st;
			for (unsigned r = 0; r < sizeof resolve / sizeof *resolve; r++) {
				try_open("open", dir, targets[p], O_RDONLY, resolve[r]);
				try_open("open", dir, targets[p], O_PATH | O_NOFOLLOW, resolve[r]);
			}
			try_open("open", AT_FDCWD, targets[p], O_RDONLY | O_NOFOLLOW, 0);
			try_open("open", AT_FDCWD, targets[p], O_RDONLY | O_DIRECTORY, 0);
			/* Twice: what was remembered must not matter. */
			for (int i = 0; i < 2; i++) {
				int r = stat(targets[p], &st);
				printf("stat %s: %s %o\n", targets[p], r ? strerrorname_np(errno) : "ok",
				       r ? 0 : st.st_mode);
				r = lstat(targets[p], &st);
				printf("lstat %s: %s %o\n", targets[p], r ? strerrorname_np(errno) : "ok",
				       r ? 0 : st.st_mode);
			}
			char b[PATH_MAX];
			ssize_t n = readlink(targets[p], b, sizeof b);
			printf("readlink %s: %s %.*s\n", targets[p], n < 0 ? strerrorname_np(errno) : "ok",
			       n < 0 ? 0 : (int)n, b);
			line("access", targets[p], access(targets[p], W_OK));
		}
		close(dir);
	}
}

static void read_only(void)
{
	printf("# read-only\n");
	chdir("/ro");
	int fd = open("/ro/NAME", O_RDONLY), dir = open("/ro", O_RDONLY);
	line("open", "w", open("/ro/NAME", O_WRONLY));
	line("open", "rw", open("NAME", O_RDWR));
	line("open", "trunc", open("NAME", O_RDONLY | O_TRUNC));
	line("open", "creat", open("NAME", O_RDONLY | O_CREAT, 0600));
	line("open", "creat new", open("new", O_WRONLY | O_CREAT, 0600));
	line("open", "creat excl", open("NAME", O_WRONLY | O_CREAT | O_EXCL, 0600));
	line("open", "tmpfile", open(".", O_WRONLY | O_TMPFILE, 0600));
	line("open", "directory", open("deep", O_WRONLY));
	line("mkdir", "new", mkdir("new", 0700));
	line("mkdir", "deep", mkdir("deep", 0700));
	line("mkdir", "/link-ro/new", mkdir("/link-ro/new", 0700));
	line("symlink", "new", symlink("x", "new"));
	line("mknod", "new", mknod("new", S_IFIFO | 0600, 0));
	line("unlink", "NAME", unlink("NAME"));
	line("unlink", "nothing", unlink("nothing"));
	line("rmdir", "deep", rmdir("deep"));
	line("rmdir", ".", rmdir("."));
	line("rename", "NAME", rename("NAME", "other"));
	line("rename", "out", rename("NAME", "/tmp/w/other"));
	line("link", "in", link("NAME", "other"));
	line("link", "out", link("NAME", "/tmp/w/other"));
	line("chmod", "NAME", chmod("NAME", 0600));
	line("fchmod", "NAME", fchmod(fd, 0600));
	line("chown", "NAME", chown("NAME", getuid(), getgid()));
	line("fchown", "NAME", fchown(fd, getuid(), getgid()));
	line("utimensat", "NAME", utimensat(AT_FDCWD, "NAME", NULL, 0));
	line("futimens", "NAME", futimens(fd, NULL));
	line("truncate", "NAME", truncate("NAME", 0));
	line("truncate", "deep", truncate("deep", 0));
	line("setxattr", "NAME", setxattr("NAME", "user.x", "y", 1, 0));
	line("fsetxattr", "NAME", fsetxattr(fd, "user.x", "y", 1, 0));
	line("removexattr", "NAME", removexattr("NAME", "user.x"));
	line("access", "NAME", access("NAME", W_OK));
	line("access", "r", access("NAME", R_OK));
	line("mkdirat", "fd", mkdirat(dir, "new", 0700));
	line("write device", "/dev/null", open("/dev/null", O_WRONLY));
	struct statfs f;
	statfs("/ro/deep", &f);
	printf("statfs %d\n", (int)(f.f_flags & 1));
	fstatfs(dir, &f);
	printf("fstatfs %d\n", (int)(f.f_flags & 1));
	statfs("/m", &f);
	printf("statfs %d\n", (int)(f.f_flags & 1));
	struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "/ro/socket" };
	line("bind", "/ro/socket", bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&u, sizeof u));
	close(fd);
	close(dir);
}

static void no_exec(void)
{
	printf("# noexec\n");
	for (int i = 0; i < 2; i++) {
		const char *path = i ? "/m/true" : "/noexec/true";
		pid_t child = fork();
		if (!child) {
			execl(path, "true", NULL);
			_exit(errno);
		}
		int status = 0;
		waitpid(child, &status, 0);
		printf("exec %s: %d\n", path, WEXITSTATUS(status));
		line("access", path, access(path, X_OK));
		int fd = open(path, O_RDONLY);
		void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		line("mmap", path, at == MAP_FAILED ? -1 : 0);
		child = fork();
		if (!child) {
			char *const argv[] = { "true", NULL };
			syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
			_exit(errno);
		}
		waitpid(child, &status, 0);
		printf("execveat %s: %d\n", path, WEXITSTATUS(status));
		close(fd);
	}
}

static void across(void)
{
	printf("# across mounts\n");
	chdir("/tmp/w");
	close(open("one", O_CREAT | O_WRONLY, 0600));
	mkdir("dir", 0700);
	line("rename", "one /m/one", rename("one", "/m/one"));
	line("rename", "dir /m/dir", rename("dir", "/m/dir"));
	line("link", "one /m/one", link("one", "/m/one"));
	int m = open("/m/sub", O_RDONLY | O_DIRECTORY), w = open(".", O_RDONLY | O_DIRECTORY);
	line("renameat", "one", renameat(w, "one", m, "one"));
	line("linkat", "one", linkat(w, "one", m, "one", 0));
	line("rename", "/m /n", rename("/m", "/n"));
	line("rename", "one /m", rename("one", "/m"));
	line("rename", "none /m", rename("none", "/m"));
	line("rename", "/file-mount x", rename("/file-mount", "x"));
	line("link", "/file-mount x", link("/file-mount", "/x"));
	line("unlink", "/file-mount", unlink("/file-mount"));
	line("rmdir", "/m", rmdir("/m"));
	line("rmdir", "/m/", rmdir("/m/"));
	line("mkdir", "/m", mkdir("/m", 0700));
	line("rename", "/m/sub ..", rename("/m/sub", "/m/sub/.."));
	line("rename", ".", rename(".", "x"));
	line("unlink", "/", unlink("/"));
	line("rmdir", "/", rmdir("/"));
	line("rename", "one two", rename("one", "/tmp/w/../w/two"));
	line("renameat", "two one", renameat(w, "two", AT_FDCWD, "one"));
	int t = open("/m", O_TMPFILE | O_RDWR, 0600);
	char name[64];
	snprintf(name, sizeof name, "/proc/self/fd/%d", t);
	line("linkat", "tmpfile away", linkat(AT_FDCWD, name, AT_FDCWD, "t", AT_SYMLINK_FOLLOW));
	line("linkat", "tmpfile", linkat(AT_FDCWD, name, AT_FDCWD, "/m/t", AT_SYMLINK_FOLLOW));
	line("unlink", "/m/t", unlink("/m/t"));
	line("symlink", "/m/l", symlink("/tmp/w/one", "/m/l"));
	try_open("open", AT_FDCWD, "/m/l", O_RDWR, 0);
	try_open("open", AT_FDCWD, "/m/l", O_RDWR | O_CREAT | O_EXCL, 0);
	line("unlink", "/m/l", unlink("/m/l"));
	line("symlink", "/m/l", symlink("/tmp/w/made", "/m/l"));
	try_open("open", AT_FDCWD, "/m/l", O_RDWR | O_CREAT, 0);
	try_open("open", AT_FDCWD, "/tmp/w/made", O_RDONLY, 0);
	unlink("/m/l");
	unlink("made");
	unlink("one");
	rmdir("dir");
}

static void gone(void)
{
	printf("# gone\n");
	mkdir("/tmp/w/gone", 0700);
	chdir("/tmp/w/gone");
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	rmdir("/tmp/w/gone");
	where("gone");
	try_open("open", AT_FDCWD, ".", O_RDONLY, 0);
	try_open("open", AT_FDCWD, "x", O_RDONLY | O_CREAT, 0);
	line("mkdir", "x", mkdir("x", 0700));
	line("chdir", "..", chdir(".."));
	where("above");
	line("fchdir", "gone", fchdir(fd));
	line("chdir", "/m/sub", chdir("/m/sub"));
	fd = open("..", O_RDONLY | O_DIRECTORY);
	line("fchdir", "..", fchdir(fd));
	where("fchdir");
	line("chdir", "..", chdir(".."));
	where("..");
	line("chdir", "../..", chdir("../../.."));
	where("../..");
	mkdir("/tmp/w/x", 0700);
	mkdir("/tmp/w/x/y", 0700);
	chdir("/tmp/w/x/y");
	rename("/tmp/w/x", "/tmp/w/z");
	where("moved");
	line("chdir", "..", chdir(".."));
	where("moved ..");
	rmdir("/tmp/w/z/y");
	rmdir("/tmp/w/z");
	chdir("/");
}

static void changing(void)
{
	struct stat s;
	printf("# links that change\n");
	chdir("/tmp/w");
	symlink("../../a", "now");
	for (int i = 0; i < 3; i++) {
		try_open("open", AT_FDCWD, "/tmp/w/now/NAME", O_RDONLY, 0);
		int r = stat("/tmp/w/now/NAME", &s);
		printf("stat %d %o\n", r, s.st_mode);
		printf("stat %d\n", stat("now/b", &s));
	}
	static const char *const next[] = { "/m", "../../m/sub", "/a/b", "/tmp/w/now", "nothing", "/ro" };
	for (unsigned n = 0; n < sizeof next / sizeof *next; n++) {
		symlink(next[n], "new");
		rename("new", "now");
		for (int i = 0; i < 3; i++) {
			try_open("open", AT_FDCWD, "/tmp/w/now/NAME", O_RDONLY, 0);
			try_open("open", AT_FDCWD, "now/NAME", O_RDONLY, 0);
			int r = stat("/tmp/w/now/NAME", &s);
			printf("stat %d %d\n", r, r ? errno : (int)s.st_size);
			r = stat("now/NAME", &s);
			printf("stat %d %d\n", r, r ? errno : (int)s.st_size);
			printf("stat %d\n", stat("now/nothing", &s));
		}
	}
	unlink("now");
	mkdir("now", 0700);
	close(open("now/NAME", O_CREAT | O_WRONLY, 0600));
	try_open("open", AT_FDCWD, "/tmp/w/now/NAME", O_RDONLY, 0);
	int r = stat("/tmp/w/now/NAME", &s);
	printf("stat %d %d\n", r, (int)s.st_size);
	unlink("now/NAME");
	rmdir("now");
}

static void sockets(void)
{
	printf("# sockets\n");
	static const char *const paths[] = { "/tmp/w/s", "s", "/m/s", "/link-m/s", "../../m/up/s" };
	chdir("/tmp/w");
	for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct sockaddr_un u = { .sun_family = AF_UNIX }, got = { 0 };
		socklen_t n = sizeof got;
		strcpy(u.sun_path, paths[i]);
		int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
		line("bind", paths[i], bind(l, (void *)&u, sizeof u));
		line("bind again", paths[i], bind(c, (void *)&u, sizeof u));
		line("connect early", paths[i], connect(c, (void *)&u, sizeof u));
		listen(l, 1);
		line("connect", paths[i], connect(c, (void *)&u, sizeof u));
		getsockname(l, (void *)&got, &n);
		struct stat s;
		int r = lstat(paths[i], &s);
		printf("file %d %o\n", r, r ? 0 : s.st_mode);
		line("open", paths[i], open(paths[i], O_RDWR));
		line("unlink", paths[i], unlink(paths[i]));
		line("connect gone", paths[i], connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&u, sizeof u));
		close(l);
		close(c);
	}
	struct sockaddr_un u = { .sun_family = AF_UNIX }, got = { 0 };
	strcpy(u.sun_path + 1, "lx-test-name");
	socklen_t n = sizeof(sa_family_t) + 13, m = sizeof got;
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
	line("bind", "abstract", bind(l, (void *)&u, n));
	listen(l, 1);
	line("connect", "abstract", connect(c, (void *)&u, n));
	getpeername(c, (void *)&got, &m);
	printf("peer %d %s\n", (int)m, got.sun_path + 1);
	close(l);
	close(c);
}

static void watches(void)
{
	printf("# inotify\n");
	int i = inotify_init1(IN_NONBLOCK);
	chdir("/tmp/w");
	line("watch", "/link-m", inotify_add_watch(i, "/link-m", IN_CREATE | IN_DELETE));
	line("watch", "nothing", inotify_add_watch(i, "/m/nothing", IN_CREATE));
	line("watch", "onlydir", inotify_add_watch(i, "/m/NAME", IN_CREATE | IN_ONLYDIR));
	line("watch", "link", inotify_add_watch(i, "/link-a", IN_CREATE | IN_DONT_FOLLOW | IN_ONLYDIR));
	close(open("/m/watched", O_CREAT | O_WRONLY, 0600));
	unlink("/m/watched");
	char b[1024];
	ssize_t n = read(i, b, sizeof b);
	for (char *at = b; n > 0 && at < b + n;) {
		struct inotify_event *e = (void *)at;
		printf("event %x %s\n", e->mask, e->len ? e->name : "");
		at += sizeof *e + e->len;
	}
	close(i);
}

static void refusals(void)
{
	printf("# what takes privilege\n");
	line("mount", "", mount("x", "/m", "tmpfs", 0, NULL));
	line("umount", "", umount2("/m", MNT_DETACH));
	line("chroot", "", chroot("/a"));
	line("pivot_root", "", syscall(SYS_pivot_root, "/m", "/m"));
	line("open_tree", "", syscall(SYS_open_tree, AT_FDCWD, "/m", 1));
	line("fsopen", "", syscall(SYS_fsopen, "tmpfs", 0));
	line("mount_setattr", "", syscall(SYS_mount_setattr, AT_FDCWD, "/m", 0, (uint64_t[4]){ 1 }, 32));
	line("swapon", "", syscall(SYS_swapon, "/m", 0));
	line("acct", "", syscall(SYS_acct, "/a/NAME"));
}

static uint64_t state;
static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

/* A path of names that meet. */
static const char *some_path(void)
{
	static char texts[4][256];
	static int next;
	static const char *const names[] = { "x", "y", "z", "x", "y", "..", ".", "m", "tmp", "w", "ro", "sub" };
	static const char *const from[] = { "", "", "/tmp/w/", "/tmp/w/", "/m/", "/ro/", "/", "../" };
	char *text = texts[next++ % 4];
	strcpy(text, from[below(8)]);
	for (unsigned n = 1 + below(3); n; n--) {
		strcat(text, names[below(12)]);
		if (n > 1 || !below(12))
			strcat(text, "/");
	}
	return text;
}

static void random_calls(unsigned count)
{
	int dir = AT_FDCWD;
	chdir("/tmp/w");
	for (unsigned i = 0; i < count; i++) {
		const char *a = some_path(), *b = some_path();
		struct stat s;
		char text[PATH_MAX];
		int r = 0;
		ssize_t n;
		printf("%u ", i);
		switch (below(20)) {
		case 14:
			r = open(a, O_DIRECTORY | (below(2) ? O_PATH : O_RDONLY));
			line("directory", a, r);
			if (r >= 0) {
				if (dir >= 0)
					close(dir);
				dir = r;
			}
			break;
		case 15:
			n = below(4);
			printf("%s %d ", b, (int)n);
			line("renameat2", a,
			     syscall(SYS_renameat2, dir, a, below(2) ? dir : AT_FDCWD, b, n));
			break;
		case 16:
			r = openat(dir, a, O_CREAT | O_RDWR | (below(4) ? 0 : O_TRUNC), 0600);
			line("openat", a, r);
			if (r >= 0)
				close(r);
			break;
		case 17: line("mkdirat", a, mkdirat(dir, a, 0700)); break;
		case 18:
			r = fstatat(dir, a, &s, below(2) ? AT_SYMLINK_NOFOLLOW : 0);
			line("fstatat", a, r);
			if (!r)
				printf("%o %d\n", s.st_mode, S_ISDIR(s.st_mode) ? 0 : (int)s.st_size);
			break;
		case 19:
			if (below(3))
				line("linkat", a, linkat(dir, a, AT_FDCWD, b, below(2) ? AT_SYMLINK_FOLLOW : 0));
			else
				line("fchdir", "", dir < 0 ? 0 : fchdir(dir));
			break;
		case 0: line("mkdir", a, mkdir(a, 0700)); break;
		case 1: line("rmdir", a, rmdir(a)); break;
		case 2: line("unlink", a, unlink(a)); break;
		case 3: case 4:
			printf("%s ", b);
			line("symlink", a, symlink(b, a));
			break;
		case 5: printf("%s ", b); line("rename", a, rename(a, b)); break;
		case 6: printf("%s ", b); line("link", a, link(a, b)); break;
		case 7: line("chdir", a, chdir(a)); break;
		case 8:
			r = open(a, O_CREAT | O_WRONLY | (below(3) ? 0 : O_EXCL), 0600);
			line("creat", a, r);
			if (r >= 0) {
				fstat(r, &s);
				if (s.st_size < 20 && write(r, text, 1 + below(9)) < 0)
					printf("write %s\n", strerrorname_np(errno));
				close(r);
			}
			break;
		case 9:
			n = readlink(a, text, sizeof text);
			line("readlink", a, n);
			if (n >= 0)
				printf("%.*s\n", (int)n, text);
			break;
		case 10:
			try_open("open", AT_FDCWD, a, below(2) ? O_RDONLY : O_PATH | O_NOFOLLOW,
				 (uint64_t[]){ 0, 1, 4, 8, 0x10, 9 }[below(6)]);
			break;
		case 11: line("truncate", a, truncate(a, 3)); break;
		case 12: where(""); break;
		default:
			r = (below(2) ? stat : lstat)(a, &s);
			line("stat", a, r);
			if (!r)
				printf("%o %d\n", s.st_mode, S_ISDIR(s.st_mode) ? 0 : (int)s.st_size);
		}
	}
}

int main(int argc, char **argv)
{
	umask(022);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (argc > 3) {
		state = strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
		random_calls((unsigned)atoi(argv[3]));
		return 0;
	}
	resolutions();
	read_only();
	no_exec();
	across();
	gone();
	changing();
	sockets();
	watches();
	refusals();
	return 0;
}
