//! The same without a library but position-independent, with registers at entry checked: the
//! kernel clears all of them, and the direction flag.
//! variants: static-pie
//! flags: -nostdlib -ffreestanding -fno-stack-protector
//! alone
asm(".globl _start\n_start:\n"
    "pushfq\n"
    "or %rax,%rbx\nor %rcx,%rbx\nor %rdx,%rbx\nor %rsi,%rbx\nor %rdi,%rbx\nor %rbp,%rbx\n"
    "or %r8,%rbx\nor %r9,%rbx\nor %r10,%rbx\nor %r11,%rbx\nor %r12,%rbx\nor %r13,%rbx\n"
    "or %r14,%rbx\nor %r15,%rbx\n"
    "pop %rax\nand $0xed5,%eax\nor %rax,%rbx\n"
    "neg %rbx\nsbb %edi,%edi\nneg %edi\n"
    "mov $231,%eax\nsyscall\nud2\n");
