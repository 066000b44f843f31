/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into the kernel and out of it: SYSCALL, the return to user mode, the switch between two threads' kernel stacks, access to user memory.
 * SYSCALL leaves the same struct trap on the stack as an interrupt (vector SYSCALL_VECTOR, error = the call's number). One processor, so
 * that the stacks are found at fixed places and GS stays the program's.
 */
#include "x86.h"
#define SYSCALL_VECTOR 0x100

	.text
	.global syscall_entry, trap_return, thread_start, thread_switch
syscall_entry:
	mov %rsp, syscall_rsp(%rip)
	mov tss + 4(%rip), %rsp		/* RSP0 */
	push $UDATA
	push syscall_rsp(%rip)
	push %r11
	push $UCODE
	push %rcx
	push %rax
	push $SYSCALL_VECTOR
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	call trap_syscall		/* may SYSRET do it? */
	test %al, %al
	jz trap_return
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	mov 40(%rsp), %rsp
	sysretq

	/* RSP: a struct trap */
trap_return:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

	/* where a new thread's first thread_switch returns to: its stack is empty but for the struct trap */
thread_start:
	mov %rsp, %rdi
	call sched_begin
	jmp trap_return

	/* thread_switch(u64 *save_rsp, u64 load_rsp) */
thread_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

	/*
	 * user_copy(to, from, n): returns how many bytes were not copied. A page fault that cannot be repaired between user_copy and
	 * user_copy_fault goes on there.
	 */
	.global user_copy, user_copy_fault
user_copy:
	mov %rdx, %rcx
	cmp $8, %rdx
	jb 1f
	and $7, %edx
	shr $3, %rcx
	rep movsq
	mov %edx, %ecx
1:	jrcxz 2f
	rep movsb
2:	xor %eax, %eax
	ret
user_copy_fault:
	lea (%rdx, %rcx, 8), %rax	/* in the second part RDX counts twice: the caller wants only zero or not */
	ret

	.bss
	.balign 8
syscall_rsp:
	.skip 8
