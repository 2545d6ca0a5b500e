# The way in and out of the brand. Intel syntax; names in braces are offsets in `Control` (thread.rs),
# which gs points at.
#
# A guest arrives at lx_entry from a patched site's trampoline or from the SIGSYS handler with
#   r11 = its record (ret, resume, kind, site), rcx = scratch, all else as the guest left it
# (`syscall` itself destroys rcx and r11, so the guest holds nothing in them).
#
# Two stretches can be rewound by the signal handler, since they read all they need from gs:
#   [lx_fast_exit, lx_fast_exit_end) and [lx_exit_check, lx_exit_end) start again;
# and four are windows around a host call, which the handler turns into "not made, restart":
#   [lx_fast_window, lx_fast_done), [lx_counted_window, lx_counted_done),
#   [lx_window, lx_window_done), [lx_sigreturn_window, ..end).

# The guest's flags; destroys rax. popfq is slow, and needed only for flags that hardly any guest
# has set: TF, DF, NT, AC, ID. OF is bit 3 of the second byte: 0x78 + 8 overflows.
.macro LOAD_FLAGS
    test dword ptr gs:[{RFLAGS}], 0x244500
    jnz 97f
    mov ah, gs:[{RFLAGS}]
    mov al, gs:[{RFLAGS} + 1]
    and al, 8
    add al, 0x78
    sahf
    jmp 98f
97: push qword ptr gs:[{RFLAGS}]
    popfq
98:
.endm

    .text
    .balign 64
    .global lx_entry
lx_entry:
    mov gs:[{RSP}], rsp
    mov rsp, gs:[{STACK}]
    pushfq
    pop qword ptr gs:[{RFLAGS}]
    cld
    mov rcx, [r11 + 8]
    mov gs:[{RESUME}], rcx
    mov rcx, [r11]
    mov gs:[{RIP}], rcx
    mov gs:[{ORIG_RAX}], rax
    mov gs:[{RECORD}], r11
    cmp dword ptr [r11 + 16], 0
    jne 9f
    cmp rax, {ROWS}
    jae 9f
    lea rcx, [rip + lx_fast_rows]
    movzx ecx, byte ptr [rcx + rax]
    test cl, 1
    jz 5f
    test cl, 2
    jz lx_fast_window
    mov ecx, edi
    sub ecx, [rip + lx_reserved_fd]
    cmp ecx, [rip + lx_reserved_count]
    jb 9f

    .global lx_fast_window
lx_fast_window:
    cmp dword ptr gs:[{PENDING}], 0
    jne lx_fast_abort
    syscall
    .global lx_fast_done
lx_fast_done:
    mov gs:[{RAX}], rax

    .global lx_fast_exit
lx_fast_exit:
    mov rsp, gs:[{STACK}]
    cmp qword ptr gs:[{PENDING}], 0
    jne 7f
    LOAD_FLAGS
    mov rcx, gs:[{RIP}]
    mov r11, gs:[{RFLAGS}]
    mov rax, gs:[{RAX}]
    mov rsp, gs:[{RSP}]
    jmp qword ptr gs:[{RESUME}]
    .global lx_fast_exit_end
lx_fast_exit_end:

5:  # served right here: the numbers of the process and of the thread
    test cl, 4
    jz 6f
    mov ecx, gs:[{PID}]
    jmp 61f
6:  test cl, 8
    jz 62f
    mov ecx, gs:[{TID}]
61: test ecx, ecx
    jz 9f
    mov eax, ecx
    jmp lx_fast_done

    # Forwarded as above, and counted in the call's cell (observe::tally), whose address is in the
    # table below the control block: by the brand's code when the thread makes the call first.
62: test cl, 16
    jz 9f
    test cl, 2
    jz 63f
    mov ecx, edi
    sub ecx, [rip + lx_reserved_fd]
    cmp ecx, [rip + lx_reserved_count]
    jb 9f
63: mov r11, gs:[{SELF}]
    cmp qword ptr gs:[{SLOT}], 0
    je 9f
    cmp qword ptr [r11 + rax * 8 - {CELLS}], 0
    je 9f
    mov r11, rdx
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov gs:[{BEGAN}], rax
    mov rdx, r11
    mov rax, gs:[{ORIG_RAX}]
    .global lx_counted_window
lx_counted_window:
    cmp dword ptr gs:[{PENDING}], 0
    jne lx_fast_abort
    syscall
    .global lx_counted_done
lx_counted_done:
    mov gs:[{RAX}], rax
    mov gs:[{RDX}], rdx
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, gs:[{BEGAN}]
    mov r11, gs:[{SLOT}]
    add [r11 + {SLOT_HOST}], rax
    mov r11, gs:[{SELF}]
    mov rdx, gs:[{ORIG_RAX}]
    mov rdx, [r11 + rdx * 8 - {CELLS}]
    add qword ptr [rdx + {CELL_COUNT}], 1
    add [rdx + {CELL_TOTAL}], rax
    cmp qword ptr gs:[{RAX}], -4095
    jb 64f
    add qword ptr [rdx + {CELL_ERRORS}], 1
64: cmp rax, [rdx + {CELL_LONGEST}]
    jbe 65f
    mov [rdx + {CELL_LONGEST}], rax
65: or rax, 8
    bsr rcx, rax
    cmp ecx, 47
    ja 66f
    sub ecx, 3
    shr rax, cl
    lea ecx, [rax + rcx * 8]
    add dword ptr [rdx + rcx * 4 + {CELL_HISTOGRAM}], 1
66: mov rdx, gs:[{RDX}]
    jmp lx_fast_exit

.macro SAVE_ALL
    mov gs:[{RDI}], rdi
    mov gs:[{RSI}], rsi
    mov gs:[{RDX}], rdx
    mov gs:[{R10}], r10
    mov gs:[{R8}], r8
    mov gs:[{R9}], r9
    mov gs:[{RBX}], rbx
    mov gs:[{RBP}], rbp
    mov gs:[{R12}], r12
    mov gs:[{R13}], r13
    mov gs:[{R14}], r14
    mov gs:[{R15}], r15
    mov rcx, gs:[{RIP}]
    mov gs:[{RCX}], rcx
    mov rcx, gs:[{RFLAGS}]
    mov gs:[{R11}], rcx
    movaps gs:[{XMM} + 0x00], xmm0
    movaps gs:[{XMM} + 0x10], xmm1
    movaps gs:[{XMM} + 0x20], xmm2
    movaps gs:[{XMM} + 0x30], xmm3
    movaps gs:[{XMM} + 0x40], xmm4
    movaps gs:[{XMM} + 0x50], xmm5
    movaps gs:[{XMM} + 0x60], xmm6
    movaps gs:[{XMM} + 0x70], xmm7
    movaps gs:[{XMM} + 0x80], xmm8
    movaps gs:[{XMM} + 0x90], xmm9
    movaps gs:[{XMM} + 0xa0], xmm10
    movaps gs:[{XMM} + 0xb0], xmm11
    movaps gs:[{XMM} + 0xc0], xmm12
    movaps gs:[{XMM} + 0xd0], xmm13
    movaps gs:[{XMM} + 0xe0], xmm14
    movaps gs:[{XMM} + 0xf0], xmm15
.endm

.macro LOAD_XMM base:req
    movaps xmm0, [\base + {XMM} + 0x00]
    movaps xmm1, [\base + {XMM} + 0x10]
    movaps xmm2, [\base + {XMM} + 0x20]
    movaps xmm3, [\base + {XMM} + 0x30]
    movaps xmm4, [\base + {XMM} + 0x40]
    movaps xmm5, [\base + {XMM} + 0x50]
    movaps xmm6, [\base + {XMM} + 0x60]
    movaps xmm7, [\base + {XMM} + 0x70]
    movaps xmm8, [\base + {XMM} + 0x80]
    movaps xmm9, [\base + {XMM} + 0x90]
    movaps xmm10, [\base + {XMM} + 0xa0]
    movaps xmm11, [\base + {XMM} + 0xb0]
    movaps xmm12, [\base + {XMM} + 0xc0]
    movaps xmm13, [\base + {XMM} + 0xd0]
    movaps xmm14, [\base + {XMM} + 0xe0]
    movaps xmm15, [\base + {XMM} + 0xf0]
.endm

    # A signal came before the host call: the guest is to make the call after the handler.
    .global lx_fast_abort
lx_fast_abort:
    mov dword ptr gs:[{RESTART}], 1
7:  SAVE_ALL
    jmp lx_exit_check

9:  mov gs:[{RAX}], rax
    SAVE_ALL
    mov rdi, gs:[{SELF}]
    call lx_dispatch

    .global lx_exit_check
lx_exit_check:
    mov rsp, gs:[{STACK}]
    cmp qword ptr gs:[{PENDING}], 0
    jne 8f
    mov rax, gs:[{SELF}]
    LOAD_XMM rax
    LOAD_FLAGS
    mov rdi, gs:[{RDI}]
    mov rsi, gs:[{RSI}]
    mov rdx, gs:[{RDX}]
    mov r10, gs:[{R10}]
    mov r8, gs:[{R8}]
    mov r9, gs:[{R9}]
    mov rbx, gs:[{RBX}]
    mov rbp, gs:[{RBP}]
    mov r12, gs:[{R12}]
    mov r13, gs:[{R13}]
    mov r14, gs:[{R14}]
    mov r15, gs:[{R15}]
    mov rcx, gs:[{RCX}]
    mov r11, gs:[{R11}]
    mov rax, gs:[{RAX}]
    mov rsp, gs:[{RSP}]
    jmp qword ptr gs:[{RESUME}]
    .global lx_exit_end
lx_exit_end:

8:  mov rdi, gs:[{SELF}]
    call lx_slow_exit
    jmp lx_exit_check

    # usize lx_host_call_blocking(usize nr, const usize args[6]): -512 when a signal is pending.
    .global lx_host_call_blocking
lx_host_call_blocking:
    cmp byte ptr [rip + lx_counting], 0
    jne 1f
2:  mov rax, rdi
    mov rcx, rsi
    mov rdi, [rcx]
    mov rsi, [rcx + 8]
    mov rdx, [rcx + 16]
    mov r10, [rcx + 24]
    mov r8, [rcx + 32]
    mov r9, [rcx + 40]
    .global lx_window
lx_window:
    cmp dword ptr gs:[{PENDING}], 0
    jne lx_window_abort
    syscall
    .global lx_window_done
lx_window_done:
    ret
    .global lx_window_abort
lx_window_abort:
    mov rax, -512
    ret
1:  rdtsc
    shl rdx, 32
    or rax, rdx
    push rax
    call 2b
    jmp 1f

    # usize lx_host_call(usize nr, const usize args[6])
    .global lx_host_call
lx_host_call:
    cmp byte ptr [rip + lx_counting], 0
    jne 3f
2:  mov rax, rdi
    mov rcx, rsi
    mov rdi, [rcx]
    mov rsi, [rcx + 8]
    mov rdx, [rcx + 16]
    mov r10, [rcx + 24]
    mov r8, [rcx + 32]
    mov r9, [rcx + 40]
    syscall
    ret
3:  rdtsc
    shl rdx, 32
    or rax, rdx
    push rax
    call 2b

    # Adds the time since the one on the stack to the thread's; keeps rax. The stack is that of the
    # thread's area, but gs may be the guest's, as in a handler.
1:  mov rcx, rax
    rdtsc
    shl rdx, 32
    or rax, rdx
    pop rdx
    sub rax, rdx
    mov rdx, rsp
    and rdx, -{AREA}
    add [rdx + {CONTROL} + {HOST_TICKS}], rax
    mov rax, rcx
    ret

    # usize lx_sigreturn(struct rt_sigframe *frame, usize gs_base, usize set_gs): returns -512 when
    # a signal is pending, else never. r9 keeps the stack pointer for the way back.
    .global lx_sigreturn
lx_sigreturn:
    mov r8, rdi
    mov r9, rsp
    .global lx_sigreturn_window
lx_sigreturn_window:
    cmp dword ptr gs:[{PENDING}], 0
    jne lx_sigreturn_abort
    test rdx, rdx
    jz 1f
    wrgsbase rsi
1:  lea rsp, [r8 + 8]
    mov eax, 15
    syscall
    .global lx_sigreturn_done
lx_sigreturn_done:
    ud2
    .global lx_sigreturn_abort
lx_sigreturn_abort:
    mov rsp, r9
    mov rax, -512
    ret

    # usize lx_clone(usize nr, const usize args[6], struct control *child): `child` is the control
    # area of a child that shares this memory, and NULL for one that gets a copy of it.
    .global lx_clone
lx_clone:
    mov rax, rdi
    mov rcx, rsi
    mov r9, rdx
    mov rdi, [rcx]
    mov rsi, [rcx + 8]
    mov rdx, [rcx + 16]
    mov r10, [rcx + 24]
    mov r8, [rcx + 32]
    syscall
    test rax, rax
    jnz 1f
    test r9, r9
    jz 1f
    wrgsbase r9
    mov rdi, r9
    xor ebp, ebp
    mov rsp, [r9 + {STACK}]
    call lx_child
    jmp lx_exit_check
1:  ret

    # void lx_exit_thread(struct control *this, int status, usize nr): gives the area back and
    # exits by call `nr`. All signals are blocked, and no stack is used once the area is free.
    .global lx_exit_thread
lx_exit_thread:
    mov rax, rdx
    mov rdx, rdi
    mov edi, esi
    mov dword ptr [rdx + {STATE}], 0
    syscall
    ud2

    # void lx_enter(struct control *this): the first way out, into the guest's first instruction.
    .global lx_enter
lx_enter:
    wrgsbase rdi
    jmp lx_exit_check

    # u64 lx_ticks(void)
    .global lx_ticks
lx_ticks:
    rdtsc
    shl rdx, 32
    or rax, rdx
    ret

    .global lx_read_gs_base
lx_read_gs_base:
    rdgsbase rax
    ret
    .global lx_write_gs_base
lx_write_gs_base:
    wrgsbase rdi
    ret

    # The host's handler for every signal: computes the control area from the alternate stack.
    .global lx_signal_entry
lx_signal_entry:
    # The kernel leaves the guest's alignment check on.
    pushfq
    and dword ptr [rsp], ~0x40000
    popfq
    mov rcx, rsp
    and rcx, -{AREA}
    add rcx, {CONTROL}
    jmp lx_host_signal
    .global lx_restorer
lx_restorer:
    mov eax, 15
    syscall

    # void lx_xsave(struct control *this, void *to, usize features): the guest's extended state,
    # with the low halves of xmm0-15 as they were on the way in.
    .global lx_xsave
lx_xsave:
    LOAD_XMM rdi
    mov eax, edx
    shr rdx, 32
    xsave64 [rsi]
    ret
    # void lx_xrstor(const void *from, usize features)
    .global lx_xrstor
lx_xrstor:
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    xrstor64 [rdi]
    ret

    # The stub that each chunk of trampolines begins with: is gs ours? Our control block holds the
    # image's token; lea subtracts it (its displacement is filled in) and, like jrcxz, touches no
    # flag. When gs is not ours, #UD (or the fault of gs:[..] itself) tells the handler. The token
    # differs between images, so that lx under lx does not take one for the other.
    .section .rodata
    .balign 16
    .global lx_check_stub
lx_check_stub:
    mov rcx, gs:[{TOKEN}]
    lea rcx, [rcx + 0x7fffffff]
    .global lx_check_token
lx_check_token:
    jrcxz 1f
    ud2
1:  jmp qword ptr [rip + 2f]
    .balign 8
2:  .global lx_check_stub_end
lx_check_stub_end:
