//! ELF images made on the spot, good and bad: whether they start, with which error not, and
//! what they find in memory.
#include "guest.h"
#include <elf.h>

static uint8_t file[1 << 20];
static size_t file_size;
static Elf64_Ehdr *const eh = (Elf64_Ehdr *)file;
static Elf64_Phdr *ph;

enum { CODE_AT = 0x400, BASE = 0x10000000 };
// exit_group(42)
static const uint8_t exit42[] = {0xb8, 231, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b};

// An image of `type` with one executable segment that holds `code`.
static void begin(int type, const void *code, size_t size) {
    memset(file, 0, sizeof file);
    memcpy(eh->e_ident, ELFMAG, 4);
    eh->e_ident[EI_CLASS] = ELFCLASS64;
    eh->e_ident[EI_DATA] = ELFDATA2LSB;
    eh->e_ident[EI_VERSION] = EV_CURRENT;
    eh->e_type = type;
    eh->e_machine = EM_X86_64;
    eh->e_version = 1;
    uint64_t base = type == ET_DYN ? 0 : BASE;
    eh->e_entry = base + CODE_AT;
    eh->e_phoff = 64;
    eh->e_ehsize = 64;
    eh->e_phentsize = 56;
    eh->e_phnum = 1;
    ph = (Elf64_Phdr *)(file + 64);
    ph[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, base, base, 0x1000, 0x1000, 0x1000};
    memcpy(file + CODE_AT, code, size);
    file_size = 0x1000;
}
#define BEGIN(type) begin(type, exit42, sizeof exit42)
static Elf64_Phdr *add(uint32_t type, uint32_t flags, uint64_t offset, uint64_t vaddr, uint64_t filesz, uint64_t memsz, uint64_t align) {
    Elf64_Phdr *p = &ph[eh->e_phnum++];
    *p = (Elf64_Phdr){type, flags, offset, vaddr, vaddr, filesz, memsz, align};
    return p;
}
static void start_file(const char *label, const char *path) {
    pid_t child = must(fork());
    if (!child) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        char *argv[] = {"image", "one", 0}, *env[] = {"E=1", 0};
        execve(path, argv, env);
        show("%s: %s", label, errname(errno));
        _exit(200);
    }
    int status = reap(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 200) show_status(label, status);
}
static void put(void) {
    unlink("image");
    int fd = must(open("image", O_WRONLY | O_CREAT | O_TRUNC, 0755));
    for (size_t done = 0; done < file_size;) done += must(write(fd, file + done, file_size - done));
    close(fd);
}
static void start(const char *label) {
    put();
    start_file(label, "./image");
}

CASE(types) {
    static const int types[] = {ET_EXEC, ET_DYN, ET_REL, ET_CORE, ET_NONE, 77};
    for (int i = 0; i < 6; i++) {
        BEGIN(types[i]);
        char label[32];
        snprintf(label, sizeof label, "type %d", types[i]);
        start(label);
    }
}
CASE(headers) {
    BEGIN(ET_EXEC); eh->e_ident[0] = 0; start("magic");
    BEGIN(ET_EXEC); eh->e_machine = EM_AARCH64; start("machine");
    BEGIN(ET_EXEC); eh->e_machine = EM_386; start("machine 386 in a 64-bit file");
    BEGIN(ET_EXEC); eh->e_ident[EI_DATA] = ELFDATA2MSB; start("byte order byte is not looked at");
    BEGIN(ET_EXEC); eh->e_ident[EI_CLASS] = 9; start("class byte is not looked at");
    BEGIN(ET_EXEC); eh->e_ident[EI_VERSION] = 9; start("version byte");
    BEGIN(ET_EXEC); eh->e_ident[EI_OSABI] = 99; start("ABI byte");
    BEGIN(ET_EXEC); eh->e_version = 9; start("version");
    BEGIN(ET_EXEC); eh->e_phentsize = 55; start("size of program header");
    BEGIN(ET_EXEC); eh->e_phentsize = 57; start("size of program header");
    BEGIN(ET_EXEC); eh->e_phnum = 0; start("no program headers");
    BEGIN(ET_EXEC); eh->e_phnum = 0xffff; start("65535 program headers");
    BEGIN(ET_EXEC); eh->e_phnum = 1170; start("just too many program headers");
    BEGIN(ET_EXEC); eh->e_phoff = 0x100000; start("program headers beyond the file");
    BEGIN(ET_EXEC); eh->e_phoff = -8; start("program headers at a negative place");
    BEGIN(ET_EXEC); eh->e_phoff = 0xff0; start("program headers half in the file");
    BEGIN(ET_EXEC); memmove(file + 0x201, ph, 56); eh->e_phoff = 0x201; start("program headers not aligned");
    BEGIN(ET_EXEC); eh->e_shoff = -1; eh->e_shnum = 99; start("section headers are not looked at");
    BEGIN(ET_EXEC); eh->e_ehsize = 1; eh->e_flags = -1; start("header size and flags are not looked at");
}
CASE(truncated) {
    static const size_t sizes[] = {0, 1, 2, 3, 4, 16, 17, 20, 63, 64, 65, 119, 120, 121, 128, 0x3ff, 0x400, 0x405, 0x40e, 0xfff};
    for (int i = 0; i < 20; i++) {
        BEGIN(ET_EXEC);
        file_size = sizes[i];
        char label[32];
        snprintf(label, sizeof label, "%zu bytes", sizes[i]);
        start(label);
    }
}
CASE(entries) {
    BEGIN(ET_EXEC); eh->e_entry = 0; start("0");
    BEGIN(ET_EXEC); eh->e_entry = BASE + 0x5000; start("not mapped");
    BEGIN(ET_EXEC); eh->e_entry = -1; start("-1");
    BEGIN(ET_EXEC); eh->e_entry = 0x8000000000000000; start("not canonical");
    BEGIN(ET_EXEC); eh->e_entry = 0x7ffffffff000; start("end of memory");
    BEGIN(ET_EXEC); ph[0].p_flags = PF_R; start("not executable");
    BEGIN(ET_EXEC); ph[0].p_flags = PF_X; start("execute only");
    BEGIN(ET_EXEC); ph[0].p_flags = PF_W | PF_X; start("write and execute");
    BEGIN(ET_EXEC); ph[0].p_flags = 0; start("no rights");
    BEGIN(ET_EXEC); ph[0].p_flags = -1; start("all flags");
}
CASE(segments) {
    BEGIN(ET_EXEC); ph[0].p_type = PT_NOTE; start("none to load");
    BEGIN(ET_EXEC); ph[0].p_filesz = 0; start("no file part");
    BEGIN(ET_EXEC); ph[0].p_filesz = ph[0].p_memsz = 0; start("empty");
    BEGIN(ET_EXEC); ph[0].p_memsz = 0x800; start("memory smaller than file");
    BEGIN(ET_EXEC); ph[0].p_filesz = 0x500; start("shorter file part");
    BEGIN(ET_EXEC); ph[0].p_memsz = 1ul << 47; start("128 TiB of memory");
    BEGIN(ET_EXEC); ph[0].p_memsz = -1; start("memory overflows");
    BEGIN(ET_EXEC); ph[0].p_filesz = ph[0].p_memsz = -1; start("file part overflows");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0; eh->e_entry = CODE_AT; start("at address 0");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0x1000; eh->e_entry = 0x1000 + CODE_AT; start("below mmap_min_addr");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0x10000; eh->e_entry = 0x10000 + CODE_AT; start("at mmap_min_addr");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0x7ffffffff000; start("at the end of memory");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0x7fffffffe000; eh->e_entry = 0x7fffffffe000 + CODE_AT; start("in the last page");
    BEGIN(ET_EXEC); ph[0].p_vaddr = 0xffffffff80000000; start("in the kernel");
    BEGIN(ET_EXEC); ph[0].p_vaddr = BASE + 0x10; start("vaddr and offset not congruent");
    BEGIN(ET_EXEC); ph[0].p_offset = 0x10; start("offset and vaddr not congruent");
    BEGIN(ET_EXEC); ph[0].p_vaddr = BASE + CODE_AT; ph[0].p_offset = CODE_AT; ph[0].p_filesz = ph[0].p_memsz = 0x100; start("in the middle of a page");
    BEGIN(ET_EXEC); ph[0].p_offset = 0x100000; start("offset beyond the file");
    BEGIN(ET_EXEC); ph[0].p_filesz = ph[0].p_memsz = 0x5000; start("longer than the file");
    BEGIN(ET_EXEC); add(PT_LOAD, PF_R, 0, BASE + 0x1000, 0x1000, 0x1000, 0x1000); start("two");
    BEGIN(ET_EXEC); add(PT_LOAD, PF_R | PF_X, 0, BASE, 0x1000, 0x1000, 0x1000); start("two at one place");
    BEGIN(ET_EXEC); add(PT_LOAD, PF_R, 0, BASE, 0x1000, 0x1000, 0x1000); start("second hides the first");
    BEGIN(ET_EXEC); add(PT_LOAD, PF_R, 0, BASE - 0x10000, 0x1000, 0x1000, 0x1000); start("out of order");
    BEGIN(ET_EXEC); add(PT_LOAD, PF_R, 0, BASE + (1ul << 40), 0x1000, 0x1000, 0x1000); start("far apart");
    BEGIN(ET_DYN); add(PT_LOAD, PF_R, 0, 0x100000, 0x1000, 0x1000, 0x1000); start("position-independent, apart");
    BEGIN(ET_DYN); add(PT_LOAD, PF_R, 0, 1ul << 46, 0x1000, 0x1000, 0x1000); start("position-independent, very far apart");
    BEGIN(ET_DYN); add(PT_LOAD, PF_R, 0, -0x2000ul, 0x1000, 0x1000, 0x1000); start("position-independent, below itself");
    BEGIN(ET_DYN); ph[0].p_vaddr = 0x5000000; eh->e_entry = 0x5000000 + CODE_AT; start("position-independent with a base");
    BEGIN(ET_EXEC); for (int i = 0; i < 10; i++) add(PT_LOAD, PF_R, 0, BASE + 0x1000 * (i + 1), 0x100, 0x1000, 0x1000); start("eleven");
    BEGIN(ET_EXEC); add(0x12345, 7, -1, -1, -1, -1, 3); add(PT_TLS, 4, 0, BASE, 8, 8, 8); add(PT_DYNAMIC, 4, 0, 0, 0, 0, 0); start("unknown kinds");
}
CASE(alignments) {
    static const uint64_t aligns[] = {0, 1, 3, 16, 0x1000, 0x1001, 0x2000, 0x10000, 0x200000, 0x1000000, 1ul << 30, 1ul << 40, 1ul << 63, -1ul};
    // exit_group(0) if the load address is a multiple of esi's value, else 1:
    //   lea entry(%rip),%rdi; and $-0x1000,%rdi; movabs $mask,%rsi; test; setne
    for (int i = 0; i < 14; i++) {
        uint8_t code[] = {0x48, 0x8d, 0x3d, 0xf9, 0xff, 0xff, 0xff,       // lea -7(%rip),%rdi
                          0x48, 0x81, 0xe7, 0x00, 0xf0, 0xff, 0xff,       // and $-4096,%rdi
                          0x48, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0,             // movabs $mask,%rsi
                          0x48, 0x21, 0xf7, 0x40, 0x0f, 0x95, 0xc7,       // and; setne %dil
                          0x40, 0x0f, 0xb6, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05};
        uint64_t a = aligns[i], mask = a && !(a & (a - 1)) && a <= 1 << 30 ? a - 1 : 0;
        memcpy(code + 16, &mask, 8);
        begin(ET_DYN, code, sizeof code);
        ph[0].p_align = a;
        char label[64];
        snprintf(label, sizeof label, "position-independent, alignment %lx", a);
        start(label);
        BEGIN(ET_EXEC);
        ph[0].p_align = a;
        snprintf(label, sizeof label, "fixed, alignment %lx", a);
        start(label);
    }
}
// The bytes after a segment's file part are zero, to the end of its memory, and writable.
CASE(bss) {
    static const struct { uint64_t offset, vaddr, filesz, memsz; uint32_t flags; } s[] = {
        {0x1000, 0x2000, 0x100, 0x100, 6},   {0x1000, 0x2000, 0x100, 0x800, 6},  {0x1000, 0x2000, 0x100, 0x1000, 6},
        {0x1000, 0x2000, 0x100, 0x1001, 6},  {0x1000, 0x2000, 0x1000, 0x3000, 6}, {0x1000, 0x2000, 0, 0x3000, 6},
        {0x1ff0, 0x2ff0, 0x10, 0x20, 6},     {0x1ff0, 0x2ff0, 0x10, 0x2000, 6},  {0x1ffc, 0x2ffc, 8, 0x2000, 6},
        {0x1000, 0x2000, 0x100, 0x3000, 4},  {0x1000, 0x2000, 0x100, 0x800, 4},  {0x1000, 0x2000, 0x100, 0x2000, 7},
    };
    for (unsigned i = 0; i < sizeof s / sizeof *s; i++) {
        // Sums the memory from the end of the file part to the end; writes the last byte.
        uint8_t code[] = {0x48, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0,       // movabs $from,%rsi
                          0x48, 0xb9, 0, 0, 0, 0, 0, 0, 0, 0,       // movabs $count,%rcx
                          0x31, 0xff,                               // xor %edi,%edi
                          0x48, 0x85, 0xc9, 0x74, 0x0b,             // test; jz done
                          0x40, 0x02, 0x3e,                         // 1: add (%rsi),%dil
                          0x48, 0xff, 0xc6, 0x48, 0xff, 0xc9,       // inc %rsi; dec %rcx
                          0x75, 0xf5,                               // jnz 1b
                          0xc6, 0x46, 0xff, 0x01,                   // movb $1,-1(%rsi)
                          0xb8, 231, 0, 0, 0, 0x0f, 0x05};
        uint64_t from = BASE + s[i].vaddr + s[i].filesz, count = s[i].memsz - s[i].filesz;
        memcpy(code + 2, &from, 8);
        memcpy(code + 12, &count, 8);
        begin(ET_EXEC, code, sizeof code);
        memset(file + 0x1000, 0xff, 0x3000);
        file_size = 0x4000;
        add(PT_LOAD, s[i].flags, s[i].offset, BASE + s[i].vaddr, s[i].filesz, s[i].memsz, 0x1000);
        char label[80];
        snprintf(label, sizeof label, "file %lx memory %lx at %lx rights %x", s[i].filesz, s[i].memsz, s[i].vaddr, s[i].flags);
        start(label);
    }
}
static void with_interp(const char *label, const char *name, size_t size) {
    BEGIN(ET_DYN);
    memcpy(file + 0x800, name, strlen(name) + 1);
    add(PT_INTERP, PF_R, 0x800, 0x800, size, size, 1);
    start(label);
}
CASE(interpreters) {
    with_interp("missing", "/none/such", 11);
    with_interp("empty name", "", 1);
    with_interp("size 0", "x", 0);
    with_interp("not terminated", "/bin/true", 9);
    with_interp("one letter", "x", 2);
    with_interp("a folder", "/tmp", 5);
    with_interp("not a program", "/etc/passwd", 12);
    with_interp("too long", "/x", 5000);
    int fd = must(open("text", O_WRONLY | O_CREAT, 0755));
    write(fd, "#!/bin/true\n", 12);
    close(fd);
    with_interp("a script", "./text", 7);
    // A relative one that works: it gets control instead of the program.
    static const uint8_t exit7[] = {0xb8, 231, 0, 0, 0, 0xbf, 7, 0, 0, 0, 0x0f, 0x05};
    begin(ET_DYN, exit7, sizeof exit7);
    put();
    must(rename("image", "interp"));
    with_interp("relative", "./interp", 9);
    with_interp("name with bytes after its end", "./interp", 30);
    begin(ET_EXEC, exit7, sizeof exit7);
    ph[0].p_vaddr = 0x30000000;
    eh->e_entry = 0x30000000 + CODE_AT;
    put();
    must(rename("image", "interp"));
    with_interp("with a fixed address", "./interp", 9);
    // An interpreter's own interpreter is not looked at.
    begin(ET_DYN, exit7, sizeof exit7);
    memcpy(file + 0x800, "/none", 6);
    add(PT_INTERP, PF_R, 0x800, 0x800, 6, 6, 1);
    put();
    must(rename("image", "interp"));
    with_interp("with an interpreter of its own", "./interp", 9);
    BEGIN(ET_DYN);
    eh->e_machine = EM_ARM;
    put();
    must(rename("image", "interp"));
    with_interp("of another machine", "./interp", 9);
    BEGIN(ET_DYN);
    eh->e_phnum = 0;
    put();
    must(rename("image", "interp"));
    with_interp("with nothing to load", "./interp", 9);
    BEGIN(ET_REL);
    put();
    must(rename("image", "interp"));
    with_interp("that is an object file", "./interp", 9);
    BEGIN(ET_DYN);
    file_size = 30;
    put();
    must(rename("image", "interp"));
    with_interp("truncated", "./interp", 9);
    must(chmod("interp", 0644));
    with_interp("not executable", "./interp", 9);
    begin(ET_DYN, exit7, sizeof exit7);
    put();
    must(rename("image", "interp"));
    BEGIN(ET_DYN);
    strcpy((char *)file + 0x800, "./interp");
    strcpy((char *)file + 0x900, "/none");
    add(PT_INTERP, PF_R, 0x800, 0x800, 9, 9, 1);
    add(PT_INTERP, PF_R, 0x900, 0x900, 6, 6, 1);
    start("two: the first counts");
    BEGIN(ET_DYN);
    add(PT_INTERP, PF_R, 0x100000, 0x800, 9, 9, 1);
    start("name beyond the file");
}
CASE(stack_rights) {
    // Copies `mov $231,%eax; mov $33,%edi; syscall` to the stack and jumps there.
    static const uint8_t code[] = {0x48, 0x83, 0xec, 0x40,                            // sub $64,%rsp
                                   0x48, 0x8d, 0x35, 0x12, 0x00, 0x00, 0x00,          // lea 0x12(%rip),%rsi
                                   0x48, 0x89, 0xe7, 0xb9, 0x0c, 0x00, 0x00, 0x00,    // mov %rsp,%rdi; mov $12,%ecx
                                   0xf3, 0xa4, 0xff, 0xe4,                            // rep movsb; jmp *%rsp
                                   0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                   0xb8, 231, 0, 0, 0, 0xbf, 33, 0, 0, 0, 0x0f, 0x05};
    begin(ET_EXEC, code, sizeof code);
    start("no header");
    begin(ET_EXEC, code, sizeof code);
    add(PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 16);
    start("read and write");
    begin(ET_EXEC, code, sizeof code);
    add(PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0, 0, 0, 16);
    start("executable");
    begin(ET_EXEC, code, sizeof code);
    add(PT_GNU_STACK, PF_X, 0, 0, 0x1000000, 0x1000000, 16);
    start("execute only, with a size");
}
// The break begins after the highest segment, on a page border (with randomness above it, of 1 GiB at most).
CASE(break_place) {
    // brk(0) in rax; exits with 0 when it is at or above esi's address and below it + 1 GiB + 8 KiB.
    uint8_t code[] = {0x31, 0xff, 0xb8, 12, 0, 0, 0, 0x0f, 0x05,                       // brk(0)
                      0x48, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0,                              // movabs $end,%rsi
                      0x48, 0x29, 0xf0,                                                // sub %rsi,%rax
                      0x48, 0x3d, 0x00, 0x20, 0x00, 0x40,                              // cmp $0x40002000,%rax
                      0x40, 0x0f, 0x93, 0xc7, 0x40, 0x0f, 0xb6, 0xff,                  // setae %dil; movzx
                      0xb8, 231, 0, 0, 0, 0x0f, 0x05};
    uint64_t end = BASE + 0x1000;
    memcpy(code + 11, &end, 8);
    begin(ET_EXEC, code, sizeof code);
    start("after one segment");
    end = BASE + 0x45678;
    memcpy(code + 11, &end, 8);
    begin(ET_EXEC, code, sizeof code);
    add(PT_LOAD, PF_R | PF_W, 0, BASE + 0x40000, 0x100, 0x5678, 0x1000);
    start("after bss");
}
// The stack as the kernel makes it: argc, argv, environment, vector.
CASE(stack_content) {
    static const uint8_t code[] = {0x48, 0x8b, 0x3c, 0x24,              // mov (%rsp),%rdi
                                   0x48, 0x83, 0x7c, 0x24, 0x18, 0x00,  // cmpq $0,24(%rsp): end of argv
                                   0x75, 0x0e,                          // jne bad
                                   0x48, 0x83, 0x7c, 0x24, 0x28, 0x00,  // cmpq $0,40(%rsp): end of environment
                                   0x75, 0x06,                          // jne bad
                                   0x48, 0x83, 0xc7, 0x20, 0xeb, 0x05,  // add $32,%rdi; jmp out
                                   0xbf, 99, 0, 0, 0,                   // bad: mov $99,%edi
                                   0xb8, 231, 0, 0, 0, 0x0f, 0x05};
    begin(ET_EXEC, code, sizeof code);
    start("fixed");
    begin(ET_DYN, code, sizeof code);
    start("position-independent");
}
// Random damage to a good image, the same each time: whatever comes, both worlds agree.
CASE(damaged) {
    uint32_t seed = 12345;
    for (int i = 0; i < 150; i++) {
        BEGIN(i & 1 ? ET_DYN : ET_EXEC);
        add(PT_LOAD, PF_R | PF_W, 0, (i & 1 ? 0 : BASE) + 0x2000, 0x100, 0x2000, 0x1000);
        for (int k = 0; k < 2; k++) {
            seed = seed * 1103515245 + 12345;
            int at = (seed >> 8) % 176;
            // The class, the machine and the memory sizes stay in the realm of 64-bit programs
            // that the machine can hold.
            if (at == EI_CLASS || at == 18 || at == 19) continue;
            seed = seed * 1103515245 + 12345;
            file[at] = seed >> 16;
        }
        char label[32];
        snprintf(label, sizeof label, "damage %d", i);
        start(label);
    }
}
