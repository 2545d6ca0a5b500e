# The first instructions of the brand image: relocate, leave the guest's stack, boot.

    .text
    .hidden __ehdr_start
    .hidden _DYNAMIC
    .weak _start
_start:
    xor ebp, ebp
    mov rbx, rsp
    lea rdi, [rip + __ehdr_start]
    lea rsi, [rip + _DYNAMIC]
    xor r8d, r8d
    xor r9d, r9d
1:  mov rax, [rsi]
    test rax, rax
    jz 3f
    cmp rax, 7              # DT_RELA
    cmove r8, [rsi + 8]
    cmp rax, 8              # DT_RELASZ
    cmove r9, [rsi + 8]
    add rsi, 16
    jmp 1b
3:  add r8, rdi
    add r9, r8
4:  cmp r8, r9
    jae 6f
    cmp dword ptr [r8 + 8], 8   # R_X86_64_RELATIVE
    jne 5f
    mov rax, [r8 + 16]
    add rax, rdi
    mov rcx, [r8]
    mov [rdi + rcx], rax
5:  add r8, 24
    jmp 4b
6:  lea rsp, [rip + lx_boot_stack_end]
    mov rdi, rbx
    call lx_boot
    ud2

    .bss
    .balign 16
lx_boot_stack:
    .skip 65536
lx_boot_stack_end:
