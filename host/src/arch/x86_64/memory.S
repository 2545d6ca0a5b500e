# Copies between the brand and the guest, whose faults end the copy, and the mem* functions that
# the compiler asks for.

    .text
    # usize lx_copy(void *to, const void *from, usize len): bytes that were NOT copied. One side is
    # the guest's; a fault at the instruction makes the handler go to lx_copy_fault.
    .balign 16
    .global lx_copy
    .global lx_copy_start
lx_copy:
lx_copy_start:
    mov rcx, rdx
    cmp rcx, 8
    je lx_copy_word
    cmp rcx, 16
    jne lx_copy_bytes
    mov rax, [rsi]
    mov rdx, [rsi + 8]
    mov [rdi], rax
    mov [rdi + 8], rdx
    xor eax, eax
    ret
    .global lx_copy_word
lx_copy_word:
    mov rax, [rsi]
    mov [rdi], rax
    xor eax, eax
    ret
    .global lx_copy_bytes
lx_copy_bytes:
    rep movsb
    .global lx_copy_fault
lx_copy_fault:
    mov rax, rcx
    ret

    # isize lx_copy_string(u8 *to, const u8 *from, usize room): length without the NUL, `room` when
    # there is none within, -1 at a fault. Eight bytes at a time where they lie in one page.
    .balign 16
    .global lx_copy_string
lx_copy_string:
    xor eax, eax
    mov r8, 0x0101010101010101
    mov r9, 0x8080808080808080
1:  lea rcx, [rax + 8]
    cmp rcx, rdx
    ja 3f
    lea rcx, [rsi + rax]
    and ecx, 4095
    cmp ecx, 4088
    ja 3f
    .global lx_copy_string_start
lx_copy_string_start:
    mov rcx, [rsi + rax]
    mov [rdi + rax], rcx
    mov r10, rcx
    sub rcx, r8
    not r10
    and rcx, r10
    and rcx, r9
    jnz 2f
    add rax, 8
    jmp 1b
2:  bsf rcx, rcx
    shr ecx, 3
    add rax, rcx
    ret
3:  cmp rax, rdx
    jae 4f
    movzx ecx, byte ptr [rsi + rax]
    mov [rdi + rax], cl
    test cl, cl
    jz 4f
    inc rax
    test eax, 7
    jnz 3b
    jmp 1b
4:  ret
    .global lx_copy_string_end
lx_copy_string_end:
    .global lx_copy_string_fault
lx_copy_string_fault:
    mov rax, -1
    ret

    .balign 16
    .weak memcpy
memcpy:
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret
    .balign 16
    .weak memmove
memmove:
    mov rax, rdi
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    mov rcx, rdx
    jb 1f
    rep movsb
    ret
1:  lea rdi, [rdi + rcx - 1]
    lea rsi, [rsi + rcx - 1]
    std
    rep movsb
    cld
    ret
    .balign 16
    .weak memset
memset:
    mov r8, rdi
    mov eax, esi
    mov rcx, rdx
    rep stosb
    mov rax, r8
    ret
    .balign 16
    .weak memcmp
    .weak bcmp
memcmp:
bcmp:
    xor ecx, ecx
1:  cmp rcx, rdx
    je 2f
    movzx eax, byte ptr [rdi + rcx]
    movzx r8d, byte ptr [rsi + rcx]
    inc rcx
    sub eax, r8d
    je 1b
    ret
2:  xor eax, eax
    ret
    .weak strlen
strlen:
    xor eax, eax
1:  cmp byte ptr [rdi + rax], 0
    je 2f
    inc rax
    jmp 1b
2:  ret

    # The precompiled core and alloc name these, but with panic=abort nothing reaches them.
    .text
    .weak _Unwind_Resume
_Unwind_Resume:
    .weak rust_eh_personality
rust_eh_personality:
    ud2
