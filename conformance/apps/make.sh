#!/bin/bash
#: needs: make gcc
#: limit: 120
#: quick
# make -j4 with its job server, sub-makes, a failing target and -k.
mkdir sub; for i in $(seq 1 24); do echo "int f$i(void) { return $i; }" >"f$i.c"; done
{ for i in $(seq 1 24); do echo "int f$i(void);"; done; echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;'; for i in $(seq 1 24); do echo "s += f$i();"; done; echo 'printf("%d\n", s); return 0; }'; } >main.c
cat >Makefile <<'M'
objs := $(patsubst %.c,%.o,$(wildcard *.c))
now := $(shell echo from shell)
prog: $(objs) sub
	@$(CC) $(objs) -o $@
	@echo $(words $(objs)) $(now)
%.o: %.c
	@$(CC) -c $< -o $@
sub:
	@$(MAKE) -s -C sub
bad: ; @exit 3
good: ; @sleep 0.2; echo good
.PHONY: sub bad good
M
printf 'all: $(foreach n,1 2 3 4 5 6 7 8,t$n)\n\t@ls t* | wc -l\nt%%:\n\t@echo x | cat >$@\n' >sub/Makefile
make -j4 2>&1; ./prog; touch f3.c; make -j4; make -j4 -k bad good 2>/dev/null; echo "status $?"; make -q prog; echo "status $?"; make none 2>&1 | tail -n 1
