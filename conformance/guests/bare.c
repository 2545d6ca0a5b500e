//! A program without a library: its first instruction is a call, the stack is as the kernel
//! made it, and rdx and the other registers start at zero.
//! variants: nostdlib
//! alone
asm(".globl _start\n_start:\n"
    "mov $39,%eax\nsyscall\n" // the very first instructions of the program
    "test %rax,%rax\njle 9f\n"
    "mov $1,%eax\nmov $1,%edi\nlea text(%rip),%rsi\nmov $6,%edx\nsyscall\n"
    "cmp $6,%rax\njne 9f\n"
    "mov (%rsp),%rdi\ncmp $1,%rdi\njne 9f\n"          // argc
    "cmpq $0,16(%rsp)\njne 9f\n"                       // argv[1] is the end
    "mov %rsp,%rax\nand $15,%eax\njne 9f\n"            // alignment
    "mov $300,%ebx\n"
    "1: mov $39,%eax\nsyscall\ndec %ebx\njnz 1b\n"
    "mov $231,%eax\nmov $7,%edi\nsyscall\nud2\n"
    "9: mov $231,%eax\nmov $1,%edi\nsyscall\nud2\n"
    "text: .ascii \"first\\n\"\n");
