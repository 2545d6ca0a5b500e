# zone.bash SCRIPT: runs a script that calls
#
#   zone [--user U] [--hostname H] [--read-only] [--init] [--tmpfs PATH] [-v SRC:DST[:ro]] -- PROGRAM [ARGS]...
#   tool PATH [ARGS]...       one of the host's programs in the zone
#   tell SIGNAL PID           a signal for the zone that `zone ... &` began
#
# Under lx (LX) a zone is what `lx run --rootfs` makes of the root (ROOT); natively it is a chroot
# in fresh namespaces. `zone` can be run in the background, and $! is then the process to wait for.

# In the background, $! has to be the command itself.
become() { if [ "$BASHPID" = $$ ]; then "$@"; else exec "$@"; fi; }

zone() {
    if [ -n "$LX" ]; then become "$LX" run ${ISOLATION:+--isolation "$ISOLATION"} --rootfs "$ROOT" "$@"; else native_zone "$@"; fi
}

tool() { if [ -n "$LX" ]; then zone -- "/native$1" "${@:2}"; else "$@"; fi; }

tell() { if [ -n "$LX" ]; then kill "-$1" "$2"; else pkill "-$1" -P "$2"; fi; }

# Until FILE is in the root; at most 20 s.
await() { for _ in {1..200}; do [ -e "$ROOT/$1" ] && return; sleep 0.1; done; echo "no $1"; }

native_zone() {
    local user=0 host=zone init='' setup='' end=''
    while [ "$1" != -- ]; do
        case $1 in
        --user) user=$2; shift ;;
        --hostname) host=$2; shift ;;
        --read-only) end+='mount -o remount,bind,ro "$ROOT";' ;;
        --init) init=1 ;;
        --tmpfs) setup+="mkdir -p \"\$ROOT$2\"; mount -t tmpfs -o nosuid,nodev,noexec none \"\$ROOT$2\";"; shift ;;
        -v)
            local source=${2%%:*} target=${2#*:}
            setup+="mkdir -p \"\$ROOT${target%:ro}\"; mount --bind \"$source\" \"\$ROOT${target%:ro}\";"
            [ "$target" = "${target%:ro}" ] || setup+="mount -o remount,bind,ro \"\$ROOT${target%:ro}\";"
            shift ;;
        *) echo "zone.bash: $1"; return 2 ;;
        esac
        shift
    done
    shift
    set -- chroot "--userspec=$user" "$ROOT" "$@"
    # As a process beside an init, which reaps.
    [ -z "$init" ] || set -- bash -c '"$@"; exit $?' init "$@"
    become env -i PATH="$PATH" HOME=/root TERM=dumb HOSTNAME="$host" ROOT="$ROOT" \
        unshare --mount --pid --ipc --uts --net --fork --kill-child -- sh -c '
        hostname "$HOSTNAME"; ip link set lo up 2>/dev/null
        mount --bind "$ROOT" "$ROOT"; mkdir -p "$ROOT/proc" "$ROOT/sys" "$ROOT/dev"
        mount -t proc proc "$ROOT/proc"; mount -t sysfs -o ro sysfs "$ROOT/sys"
        mount -t tmpfs -o mode=755,nosuid dev "$ROOT/dev"
        for node in null zero full random urandom tty; do
            : >"$ROOT/dev/$node"; mount --bind "/dev/$node" "$ROOT/dev/$node"
        done
        mkdir "$ROOT/dev/pts" "$ROOT/dev/shm" "$ROOT/dev/mqueue"
        mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$ROOT/dev/pts"
        mount -t tmpfs -o mode=1777 shm "$ROOT/dev/shm"; mount -t mqueue mqueue "$ROOT/dev/mqueue"
        ln -s pts/ptmx "$ROOT/dev/ptmx"; ln -s /proc/self/fd "$ROOT/dev/fd"
        ln -s fd/0 "$ROOT/dev/stdin"; ln -s fd/1 "$ROOT/dev/stdout"; ln -s fd/2 "$ROOT/dev/stderr"
        '"$setup$end"'
        unset ROOT; exec "$@"' sh "$@"
}

script=$1
shift
. "$script"
status=$?
# Natively there is no such directory, and a zone that has ended has none any more.
for left in "$XDG_RUNTIME_DIR"/lx/zones/*; do
    [ ! -e "$left" ] || echo "left behind: $left"
done
exit "$status"
