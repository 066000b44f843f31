/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To ring 3 and back: IRET to the user program, SYSCALL entry with SWAPGS, SYSRET. */
#include "x86.h"
	.text
	/* enter_user(rip, rsp) */
	.global enter_user
enter_user:
	push $UDATA
	push %rsi
	push $FLAG_IF | 2
	push $UCODE
	push %rdi
	iretq

	/* GS base, after SWAPGS: [0] the kernel's stack, [8] room for the user's RSP */
	.global syscall_entry
syscall_entry:
	swapgs
	mov %rsp, %gs:8
	mov %gs:0, %rsp
	push %rcx
	push %r11
	push %rdx
	push %r8
	push %r9
	push %r10
	mov %rsi, %rdx
	mov %rdi, %rsi
	mov %rax, %rdi
	sub $8, %rsp
	call syscall_do
	add $8, %rsp
	pop %r10
	pop %r9
	pop %r8
	pop %rdx
	pop %r11
	pop %rcx
	mov %gs:8, %rsp
	swapgs
	sysretq
