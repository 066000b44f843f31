/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch: loads the guest's registers and enters; saves them at the VM exit. */
	.text
	.global run_switch, run_exit, run_unblock_nmi
	.macro each_register op
	\op run_registers + 8*0, rax
	\op run_registers + 8*1, rcx
	\op run_registers + 8*2, rdx
	\op run_registers + 8*3, rbx
	\op run_registers + 8*5, rbp
	\op run_registers + 8*6, rsi
	\op run_registers + 8*7, rdi
	\op run_registers + 8*8, r8
	\op run_registers + 8*9, r9
	\op run_registers + 8*10, r10
	\op run_registers + 8*11, r11
	\op run_registers + 8*12, r12
	\op run_registers + 8*13, r13
	\op run_registers + 8*14, r14
	\op run_registers + 8*15, r15
	.endm
	.macro load from, reg
	mov \from, %\reg
	.endm
	.macro save to, reg
	mov %\reg, \to
	.endm

run_switch:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov $0x6c14, %eax		/* host RSP */
	vmwrite %rsp, %rax
	test %dil, %dil
	each_register load
	jnz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	pushf				/* no VM entry */
	pop %rax
	jmp 3f
run_exit:
	each_register save
	xor %eax, %eax
3:	cld
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

run_unblock_nmi:
	mov %rsp, %rax
	mov %ss, %edx
	push %rdx
	push %rax
	pushf
	mov %cs, %edx
	push %rdx
	push $1f
	iretq
1:	ret
