/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving C for a piece of assembly, and coming back from wherever it ended. */
	.text
	/* attempt_enter(rip, cs, rflags, rsp, ss) */
	.global attempt_enter
attempt_enter:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, attempt_rsp
	push %r8
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	xor %eax, %eax
	xor %ecx, %ecx
	xor %edx, %edx
	xor %ebx, %ebx
	xor %ebp, %ebp
	xor %esi, %esi
	xor %edi, %edi
	iretq
	/* reached by the IRET of trap_common, with RSP = attempt_rsp */
	.global attempt_unwind
attempt_unwind:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.data
	.balign 8
	.global attempt_rsp
attempt_rsp:
	.quad 0
