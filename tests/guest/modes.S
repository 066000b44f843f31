/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way through the modes: 64-bit -> compatibility -> protected without paging -> real -> protected -> (paging is switched by
 * modes32.c) -> 64-bit. Real-mode code is copied to REAL_CODE; LOW gives its addresses there.
 */
#include "modes.h"
#define LOW(label) (label - real_start + REAL_CODE)

	.text
	.code64
	/* tour(): returns to its 64-bit caller */
	.global tour
tour:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, tour_rsp
	mov %cr3, %rax
	mov %rax, tour_cr3
	sidt tour_idtr
	ljmp *tour_compat

	.code32
tour_32:
	mov $KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	call stage_compat
	mov %cr0, %eax			/* out of long mode */
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $MSR_EFER, %ecx
	rdmsr
	and $~EFER_LME, %eax
	wrmsr
	xor %eax, %eax
	mov %eax, %cr4
	lidt idtr32
	mov $TSS32_SEL, %eax
	ltr %ax
	call stage_protected

	mov $KDATA, %eax		/* FS keeps its 4-GiB limit in real mode */
	mov %eax, %fs
	mov $KDATA16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	ljmp $KCODE16, $LOW(real_enter)
from_real:
	mov $KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %ss
	mov tour_rsp, %esp
	lidt idtr32
	call stage_paging32
	call stage_pae

	mov $CR4_PAE, %eax		/* back to long mode */
	mov %eax, %cr4
	mov tour_cr3, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PG, %eax
	mov %eax, %cr0
	ljmp $KCODE, $2f
	.code64
2:	lidt tour_idtr
	mov tour_rsp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	/* relong(cr3, cr4): paging off and on again with these */
	.global relong
relong:
	push %rbx
	mov %rsp, %rbx
	ljmp *relong_compat
	.code32
relong_32:
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov %esi, %cr4
	mov %edi, %cr3
	or $CR0_PG, %eax
	mov %eax, %cr0
	ljmp $KCODE, $2f
	.code64
2:	mov %rbx, %rsp
	pop %rbx
	ret

	/* 32-bit attempts: attempt_enter32(eip, cs, esp, ss); a trap comes back here */
	.code32
	.global attempt_enter32
attempt_enter32:
	push %ebx
	push %ebp
	push %esi
	push %edi
	mov 20(%esp), %eax
	mov 24(%esp), %ecx
	mov 28(%esp), %edx
	mov 32(%esp), %ebx
	mov %esp, saved_esp
	mov %ebx, %es
	test $3, %ecx
	jz 3f
	mov %ebx, %ds
	push %ebx
	push %edx
	push $2
	push %ecx
	push %eax
	iretl
3:	mov %edx, %esp
	push $2
	push %ecx
	push %eax
	iretl

	.global stubs32
	.balign 16
stubs32:
	.set vector, 0
	.rept 256
	.balign 16
	.if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
	push $0
	.endif
	.byte 0x68
	.long vector
	jmp trap_common32
	.set vector, vector + 1
	.endr
trap_common32:
	mov $KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	pop caught32			/* vector, error, eip, cs, eflags */
	pop caught32 + 4
	pop caught32 + 8
	pop caught32 + 12
	pop caught32 + 16
	mov %esp, caught32 + 20
	mov %cr2, %eax
	mov %eax, caught32 + 24
	mov saved_esp, %esp
	pop %edi
	pop %esi
	pop %ebp
	pop %ebx
	ret

	/* real mode */
	.code16
	.macro record n			/* AX */
	mov %ax, REAL_FACTS + 4 * \n + 2
	movw $REAL_NOTHING, REAL_FACTS + 4 * \n
	.endm
	.macro try n, insn:vararg	/* vector, and IP relative to the instruction */
	movw $LOW(1000f), LOW(real_resume)
	movw $LOW(1001f), LOW(real_at)
	movw $REAL_FACTS + 4 * \n, LOW(real_slot)
	movw $REAL_NOTHING, REAL_FACTS + 4 * \n
1001:	\insn
1000:
	.endm
	.macro vector n, handler
	movw $LOW(\handler), 4 * \n
	movw $0, 4 * \n + 2
	.endm

	.global real_start, real_end
real_start:
real_enter:				/* 16-bit protected mode */
	mov %cr0, %eax
	and $~1, %al
	mov %eax, %cr0
	ljmp $0, $LOW(real_mode)
real_mode:
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x7c00, %sp
	lidtl LOW(real_idtr)
	vector 0, real_0
	vector 6, real_6
	vector 12, real_12
	vector 13, real_13
	vector 0x60, real_60
	vector 0x70, real_70

	smsw %ax
	and $1, %ax
	record 0
	mov %cs, %ax
	record 1
	xor %bx, %bx
	int $0x60
	mov %bx, %ax
	record 2
	mov %sp, %ax
	record 3
	xor %cx, %cx
	try 4, div %cx
	try 5, ud2
	try 6, mov 0xffff, %ax
	try 7, mov %ss:0xffff, %ax
	mov $0x10000, %esi
	try 8, mov (%esi), %al
	mov $0x100000, %esi		/* the Multiboot magic */
	mov %fs:(%esi), %eax
	record 9
	mov $0xffff, %ax
	mov %ax, %es
	mov %es:0x10, %ax
	record 10
	pushf
	pop %ax
	and $0x7000, %ax
	record 11
	pushw $0x7002
	popf
	pushf
	pop %ax
	and $0x7000, %ax
	record 12
	pushw $2
	popf
	push %cs
	call real_far
	record 13
	mov $0xfee00300, %esi		/* a self-IPI */
	xor %bx, %bx
	movl $0x40070, %fs:(%esi)
	sti
	nop
	nop
	cli
	mov %bx, %ax
	record 14
	try 15, lldt %ax
	try 16, int $0x71
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $KCODE32, $from_real

real_far:
	mov $0x4321, %ax
	lretw
real_60:
	mov $0x6060, %bx
	iretw
real_70:
	mov $0x7070, %bx
	mov $0xfee000b0, %esi
	movl $0, %fs:(%esi)
	iretw
real_0:	pushw $0
	jmp real_trap
real_6:	pushw $6
	jmp real_trap
real_12: pushw $12
	jmp real_trap
real_13: pushw $13
real_trap:
	pop %ax
	mov LOW(real_slot), %di
	mov %ax, (%di)
	pop %ax
	sub LOW(real_at), %ax
	mov %ax, 2(%di)
	mov LOW(real_resume), %ax
	push %ax
	iretw
	/* virtual-8086 mode, with all segments 0 */
	.global v86_code, v86_at
v86_code:
	mov $0x1234, %ax
	push %ax
	pop %bx
	add $1, %bx
	mov %bx, %ax
	record 17
v86_at:	cli
	int $0x81
	.balign 4
real_resume: .word 0
real_at: .word 0
real_slot: .word 0
real_idtr:
	.word 0x1c3			/* the last vector is 0x70 */
	.long 0
real_end:

	.data
	.balign 8
tour_compat:
	.long tour_32
	.word KCODE32
	.balign 8
relong_compat:
	.long relong_32
	.word KCODE32
	.balign 8
tour_rsp: .quad 0
tour_cr3: .quad 0
tour_idtr: .skip 10
	.balign 8
saved_esp: .long 0
	.global caught32, idtr32
caught32: .skip 28
idtr32:	.word 256 * 8 - 1
	.long idt32
