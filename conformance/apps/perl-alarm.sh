#!/bin/bash
#: needs: perl
#: limit: 60
#: quick
# Alarms that break blocking calls, signal handlers, forks and pipes in perl.
cat >p.pl <<'P'
use strict; use warnings; use POSIX ':sys_wait_h'; use Time::HiRes qw(alarm sleep ualarm); use IO::Socket::UNIX; $| = 1;
for my $what (['sleep', sub { sleep 10 }], ['read', sub { pipe(my $r, my $w); sysread $r, my $b, 1 }], ['wait', sub { my $p = fork; if (!$p) { CORE::sleep 1; POSIX::_exit(0) } waitpid $p, 0; }], ['select', sub { select undef, undef, undef, 10 }]) {
    my $ok = eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 0.1; $what->[1]->(); alarm 0; 1 };
    print $what->[0], ' ', $ok ? "done\n" : $@;
}
1 while wait != -1;
my $ticks = 0; $SIG{ALRM} = sub { $ticks++ }; Time::HiRes::setitimer(Time::HiRes::ITIMER_REAL(), 0.01, 0.01);
my $x = 0; while ($ticks < 20) { $x++ } Time::HiRes::setitimer(Time::HiRes::ITIMER_REAL(), 0); print "ticks 20\n";
my %got; $SIG{CHLD} = sub { while ((my $p = waitpid -1, WNOHANG) > 0) { $got{$p} = $? >> 8 } };
my @kids = map { my $n = $_; my $p = fork; if (!$p) { exit $n } $p } 1 .. 25; sleep 0.02 while keys %got < 25;
print join(' ', map { $got{$_} } @kids), "\n"; $SIG{CHLD} = 'DEFAULT';
open my $in, '-|', 'seq 1 1000' or die; my $sum = 0; $sum += $_ while <$in>; close $in; print "$sum $?\n";
open my $out, '|-', 'tr a-z A-Z' or die; print $out "pipe\n"; close $out; print `echo back; exit 3`, $? >> 8, "\n";
socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC; if (!fork) { syswrite $b, "pair\n"; exit } print scalar <$a>; wait;
system 'kill -SEGV $$'; print $? & 127, "\n"; $SIG{PIPE} = 'IGNORE'; pipe my $r, my $w; close $r; print syswrite($w, 'x') // "epipe $!\n";
local $SIG{INT} = sub { print "int\n" }; kill INT => $$; $SIG{TERM} = 'DEFAULT'; kill TERM => $$; sleep 1;
P
perl p.pl; echo "status $?"
