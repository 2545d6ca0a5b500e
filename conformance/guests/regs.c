//! What a call leaves alone: general registers, flags, the red zone; and what it sets: rax,
//! rcx (the address after the site), r11 (the flags). Each site is run often enough to be
//! rewritten, and entered at each of its instructions.
//! variants: pie static
#include "guest.h"

struct regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags;
    uint64_t red[16];
};

// void run_at(struct regs *, void *entry): loads all registers, fills the red zone of the
// entered code, calls it, stores all registers and that red zone.
void run_at(struct regs *, const void *);
asm(".text\n"
    ".globl run_at\nrun_at:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "sub $32,%rsp\n"
    "mov %rsi,(%rsp)\nmov %rdi,8(%rsp)\n"
    "mov $16,%ecx\n"
    "1: mov 120(%rdi,%rcx,8),%rax\n" // red[rcx-1], red at offset 128
    "mov %rax,-144(%rsp,%rcx,8)\n"   // from rsp-136 up to rsp-16
    "dec %ecx\njnz 1b\n"
    "pushq 120(%rdi)\npopfq\n"
    "mov 0(%rdi),%rax\nmov 8(%rdi),%rbx\nmov 16(%rdi),%rcx\nmov 24(%rdi),%rdx\n"
    "mov 32(%rdi),%rsi\nmov 48(%rdi),%rbp\nmov 56(%rdi),%r8\nmov 64(%rdi),%r9\n"
    "mov 72(%rdi),%r10\nmov 80(%rdi),%r11\nmov 88(%rdi),%r12\nmov 96(%rdi),%r13\n"
    "mov 104(%rdi),%r14\nmov 112(%rdi),%r15\nmov 40(%rdi),%rdi\n"
    "call *(%rsp)\n"
    "mov %rax,16(%rsp)\npushfq\npopq 24(%rsp)\n"
    "cld\n"
    "mov 8(%rsp),%rax\n"
    "mov %rbx,8(%rax)\nmov %rcx,16(%rax)\nmov %rdx,24(%rax)\nmov %rsi,32(%rax)\n"
    "mov %rdi,40(%rax)\nmov %rbp,48(%rax)\nmov %r8,56(%rax)\nmov %r9,64(%rax)\n"
    "mov %r10,72(%rax)\nmov %r11,80(%rax)\nmov %r12,88(%rax)\nmov %r13,96(%rax)\n"
    "mov %r14,104(%rax)\nmov %r15,112(%rax)\n"
    "mov 16(%rsp),%rbx\nmov %rbx,0(%rax)\nmov 24(%rsp),%rbx\nmov %rbx,120(%rax)\n"
    "mov $16,%ecx\n"
    "2: mov -144(%rsp,%rcx,8),%rdx\nmov %rdx,120(%rax,%rcx,8)\ndec %ecx\njnz 2b\n"
    "add $32,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");

// Sites. SITE_x is the entry, CALL_x the syscall instruction.
#define SITE(name, before, after)                                              \
    asm(".text\n.p2align 6\n.globl SITE_" #name "\nSITE_" #name ":\n" before   \
        "\n.globl CALL_" #name "\nCALL_" #name ": syscall\n" after "\nret\n");  \
    extern const char SITE_##name[], CALL_##name[]
SITE(mov, "mov $107,%eax", "");                    // geteuid
SITE(mov_cmp, "mov $107,%eax", "cmp $-4095,%rax\njae 1f\n1:");
SITE(mov64, "mov $107,%rax", "");
SITE(xor, "xor %eax,%eax", "cmp $-4095,%rax\njae 1f\nnop\n1:"); // read of a bad descriptor
SITE(push_pop, "push $107\npop %rax", "");
SITE(bare_ret, "", "");
SITE(bare_cmp, "", "cmp $-4095,%rax\njae 1f\n1:");
SITE(bare_cmp32, "", "cmp $-4095,%eax\nja 1f\nnop\n1:");
SITE(bare_test, "", "test %rax,%rax\njs 1f\nnop\n1:");
SITE(bare_jne, "", "jne 1f\nlea 1(%rbx),%rbx\n1:");
SITE(bare_jne32, "", ".byte 0x0f,0x85\n.long 4\nlea 1(%rbx),%rbx\n1:");
SITE(bare_jmp, "", "jmp 1f\n.byte 0x0f,0x0b\n1:");
SITE(bare_jmp32, "", ".byte 0xe9\n.long 2\n.byte 0x0f,0x0b\n1:");
SITE(bare_load, "", "mov 3f(%rip),%rdx\nret\n3: .quad 0x1122334455667788");
SITE(bare_lea, "", "lea 3f(%rip),%rdx\nlea 3f(%rip),%rbx\nsub %rbx,%rdx\nmov $0,%ebx\n3:");
SITE(bare_cmpmem, "", "cmpl $7,3f(%rip)\nmov $1,%edx\nret\n3: .long 7");
SITE(bare_call, "", "call 4f\nret\n4: mov $99,%edx");
SITE(bare_calli, "", "lea 4f(%rip),%rbx\ncall *%rbx\nmov $0,%ebx\nret\n4: mov $99,%edx");
SITE(bare_nop, "", ".byte 0x66,0x0f,0x1f,0x84,0,0,0,0,0");
SITE(bare_endbr, "", "endbr64");
SITE(bare_mov, "", "mov %rax,%rdx");
SITE(bare_movedx, "", "mov %eax,%edx\nadd %edx,%edx");
SITE(bare_movimm, "", "mov $0x12345678,%edx");
SITE(bare_sse, "", "movups (%rsp),%xmm0\nmovq %xmm0,%rdx\nsub (%rsp),%rdx");
SITE(bare_fs, "", "mov %fs:0,%rdx\nsub %fs:0x10,%rdx"); // glibc: both hold the thread pointer
SITE(bare_leave, "push %rbp\nmov %rsp,%rbp", "leave");
SITE(bare_addsp, "lea -24(%rsp),%rsp", "add $24,%rsp\ntest %eax,%eax");
SITE(bare_push, "", "push %rax\npop %rdx");
SITE(bare_pushpop, "push %rbx", "pop %rbx");
SITE(bare_lock, "lea -24(%rsp),%rsp\nmovq $5,8(%rsp)", "lock addl $1,8(%rsp)\nmov 8(%rsp),%rdx\nlea 24(%rsp),%rsp");
SITE(bare_setcc, "", "setz %dl\nmovzbl %dl,%edx");
SITE(bare_sysc, "", "mov $102,%eax\nsyscall");       // two in a row
SITE(bare_twice, "mov $107,%edx", "xchg %eax,%edx\nsyscall");
SITE(bare_shortest, "", "xchg %rax,%rdx\nxchg %rax,%rdx\nnop\nnop");
SITE(bare_flagsuse, "", "adc $0,%rbx\nrcl $1,%rdx");
SITE(bare_readrcx, "", "mov %rcx,%rdx\nsub %r11,%rdx\nadd %r11,%rdx\nsub %rcx,%rdx");
SITE(bare_bswap, "", "bswap %rdx");
SITE(bare_rep, "mov $0,%ecx", "rep\nnop\nmov %rax,%rdx");
SITE(bare_loop, "", "mov $2,%ecx\n5: loop 5b");
SITE(bare_jrcxz, "", "jrcxz 6f\nadd $3,%rbx\n6:");

#define ALL(X)                                                                   \
    X(mov, 107) X(mov_cmp, 107) X(mov64, 107) X(xor, 0) X(push_pop, 107)         \
    X(bare_ret, 102) X(bare_cmp, 3) X(bare_cmp32, 3) X(bare_test, 3)             \
    X(bare_jne, 102) X(bare_jne32, 102) X(bare_jmp, 102) X(bare_jmp32, 102)      \
    X(bare_load, 102) X(bare_lea, 102) X(bare_cmpmem, 102) X(bare_call, 102)     \
    X(bare_calli, 102) X(bare_nop, 102) X(bare_endbr, 102) X(bare_mov, 3)        \
    X(bare_movedx, 3) X(bare_movimm, 3) X(bare_sse, 102) X(bare_fs, 102)         \
    X(bare_leave, 102) X(bare_addsp, 102) X(bare_push, 3) X(bare_pushpop, 102)   \
    X(bare_lock, 102) X(bare_setcc, 102) X(bare_sysc, 3) X(bare_twice, 3)        \
    X(bare_shortest, 3) X(bare_flagsuse, 102) X(bare_readrcx, 102)               \
    X(bare_bswap, 102) X(bare_rep, 102) X(bare_loop, 102) X(bare_jrcxz, 102)

static const struct site {
    const char *name, *entry, *call;
    int number;
} sites[] = {
#define X(name, number) {#name, SITE_##name, CALL_##name, number},
    ALL(X)
#undef X
};
enum { SITES = sizeof sites / sizeof *sites };

enum { CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, DF = 1024, OF = 2048 };

static void fill(struct regs *r, int number, uint64_t salt, uint64_t flags) {
    uint64_t *each = (uint64_t *)r;
    for (int i = 0; i < 32; i++) each[i] = 0x0101010101010101ull * (i + 1) ^ salt << 32 ^ salt;
    r->rax = number;
    r->rdi = -1; // a bad descriptor for the calls that take one
    r->flags = 0x202 | flags;
}

// rcx and whatever a site copies of it are addresses: shown relative to the call.
static void print_regs(const char *what, const struct regs *r, const char *call) {
    show("%s rax=%lx rbx=%lx rcx=call%+ld rdx=%lx rsi=%lx rdi=%lx rbp=%lx r8=%lx r9=%lx r10=%lx "
         "r11=%lx r12=%lx r13=%lx r14=%lx r15=%lx flags=%lx",
         what, r->rax, r->rbx, (long)(r->rcx - (uint64_t)call), r->rdx, r->rsi, r->rdi, r->rbp,
         r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->flags);
}

// rcx after `loop` or `rep` is small, else relative to the call.
static void one_site(const struct site *s, const char *entry, const char *how, int rounds) {
    static const uint64_t flagsets[] = {0, CF, ZF, SF, OF, PF, AF, DF, CF | ZF | SF | OF | PF | AF | DF};
    struct regs first[9], r, in;
    int changed = 0, red = 0;
    for (int round = 0; round < rounds; round++)
        for (int f = 0; f < 9; f++) {
            fill(&r, s->number, f, flagsets[f]);
            in = r;
            run_at(&r, entry);
            if (round == 0) first[f] = r;
            else if (memcmp(&first[f], &r, offsetof(struct regs, red))) {
                if (!changed++) print_regs("changed to", &r, s->call);
            }
            // Sites that use the stack themselves spoil the top of their red zone.
            if (memcmp(in.red, r.red, 8 * 11)) red++;
        }
    for (int f = 0; f < 9; f += 8) {
        struct regs p = first[f];
        if (p.rcx < 4096) p.rcx += (uint64_t)s->call;
        char what[64];
        snprintf(what, sizeof what, "%s %s", s->name, how);
        print_regs(what, &p, s->call);
    }
    check(changed == 0, "%s %s stays the same: %d changed", s->name, how, changed);
    check(red == 0, "%s %s keeps the red zone: %d spoilt", s->name, how, red);
}

CASE(sites) {
    for (int i = 0; i < SITES; i++) one_site(&sites[i], sites[i].entry, "whole", 60);
}

// After the site is hot: straight to the `syscall` instruction.
CASE(jump_to_call) {
    for (int i = 0; i < SITES; i++) {
        const struct site *s = &sites[i];
        // Sites that prepare the stack cannot be entered in the middle.
        if (!strcmp(s->name, "bare_leave") || !strcmp(s->name, "bare_addsp") ||
            !strcmp(s->name, "bare_pushpop") || !strcmp(s->name, "bare_lock"))
            continue;
        one_site(s, s->entry, "before", 40);
        one_site(s, s->call, "at call", 40);
        one_site(s, s->entry, "after", 10);
    }
}

// After the site is hot: straight to the instruction after the call (no call is made).
CASE(jump_after_call) {
    for (int i = 0; i < SITES; i++) {
        const struct site *s = &sites[i];
        if (!strcmp(s->name, "bare_leave") || !strcmp(s->name, "bare_addsp") ||
            !strcmp(s->name, "bare_pushpop") || !strcmp(s->name, "bare_lock"))
            continue;
        one_site(s, s->entry, "before", 40);
        struct regs r, first;
        int changed = 0;
        for (int round = 0; round < 50; round++) {
            fill(&r, s->number, 77, CF | SF);
            // Code after the call that reads rcx or r11 sees what was loaded.
            run_at(&r, s->call + 2);
            if (!round) first = r;
            else changed += !!memcmp(&first, &r, offsetof(struct regs, red));
        }
        show("%s past rax=%lx rbx=%lx rdx=%lx flags=%lx", s->name, first.rax, first.rbx,
             first.rdx, first.flags);
        check(!changed, "%s past stays the same", s->name);
        one_site(s, s->entry, "after", 5);
    }
}

// Flags as the kernel keeps them: every combination of the status flags, for a call that is
// made on the host, one that is served, and one that fails.
CASE(flags) {
    static const int numbers[] = {39, 102, 3, 104, 9999, 1, 228, 13, 14};
    static const int bits[] = {CF, PF, AF, ZF, SF, DF, OF};
    int bad = 0;
    for (int round = 0; round < 6; round++)
        for (int n = 0; n < 9; n++)
            for (int set = 0; set < 128; set++) {
                uint64_t flags = 0x202;
                for (int b = 0; b < 7; b++)
                    if (set >> b & 1) flags |= bits[b];
                struct regs r;
                fill(&r, numbers[n], set, 0);
                r.flags = flags;
                run_at(&r, SITE_bare_ret);
                if (r.flags != flags || r.r11 != flags || r.rcx != (uint64_t)CALL_bare_ret + 2) {
                    if (!bad++)
                        show("call %d flags %lx: flags %lx r11 %lx rcx %+ld", numbers[n], flags,
                             r.flags, r.r11, (long)(r.rcx - (uint64_t)CALL_bare_ret));
                }
            }
    check(bad == 0, "flags, r11 and rcx of %d calls, %d wrong", 6 * 9 * 128, bad);
}

// Alignment check set across a call: the kernel clears it inside and restores it.
CASE(flag_ac) {
    uint64_t before, after;
    for (int i = 0; i < 300; i++) {
        long rax = i & 1 ? 39 : 102;
        asm volatile("pushfq\n orq $0x40000,(%%rsp)\n popfq\n"
                     "pushfq\n popq %0\n"
                     "syscall\n"
                     "pushfq\n popq %1\n"
                     "pushfq\n andq $~0x40000,(%%rsp)\n popfq\n"
                     : "=&r"(before), "=&r"(after), "+a"(rax)
                     :
                     : "rcx", "r11", "memory", "cc");
        if (before != after) break;
    }
    check(before == after && before & 0x40000, "AC is kept");
}

// Every number that is not a call, and the x32 bit.
CASE(bad_numbers) {
    static const long numbers[] = {-1, -2, 500, 1000, 100000, 0x40000000, 0x40000027, 0x7fffffff,
                                   0x80000000, 0xffffffff, 0x100000000027, -4096, 337, 400, 423};
    for (int i = 0; i < 15; i++) {
        struct regs r;
        long last = 0;
        int same = 1;
        for (int round = 0; round < 50; round++) {
            fill(&r, 0, 5, 0);
            r.rax = numbers[i];
            run_at(&r, SITE_bare_cmp);
            if (round && last != (long)r.rax) same = 0;
            last = r.rax;
        }
        // The upper half of rax is not looked at: some of these are real calls.
        if (last > 0) last = last == getpid() ? 1 : 2;
        show("call %lx = %ld same %d", numbers[i], last, same);
    }
}

// The upper halves of argument registers: descriptors are 32 bits wide.
CASE(upper_halves) {
    struct regs r;
    int p[2];
    must(pipe(p));
    for (int round = 0; round < 100; round++) {
        fill(&r, 1, 0, 0);
        r.rax = 0xdeadbeef00000001;
        r.rdi = 0xdeadbeef00000000 | p[1];
        r.rsi = (uint64_t)"x";
        r.rdx = 1;
        run_at(&r, SITE_bare_cmp);
        if (round % 99 == 0) show("write with a dirty descriptor: %ld", (long)r.rax);
        fill(&r, 0, 0, 0);
        char c;
        r.rax = 0x100000000;
        r.rdi = 0xffffffff00000000 | p[0];
        r.rsi = (uint64_t)&c;
        r.rdx = 1;
        run_at(&r, SITE_bare_cmp);
        if (round % 99 == 0) show("read: %ld", (long)r.rax);
    }
}

// FS base and the thread pointer stay over many different calls.
CASE(fs_base) {
    unsigned long before, after, direct;
    asm volatile("mov %%fs:0,%0" : "=r"(before));
    for (int i = 0; i < 300; i++) {
        getppid();
        syscall(SYS_getuid);
        close(open("/dev/null", O_RDONLY));
        void *m = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(m, 4096);
        sched_yield();
        sigset_t set;
        sigprocmask(SIG_BLOCK, 0, &set);
    }
    asm volatile("mov %%fs:0,%0" : "=r"(after));
    must(syscall(SYS_arch_prctl, 0x1003, &direct));
    check(before == after && direct == before, "fs base");
}
