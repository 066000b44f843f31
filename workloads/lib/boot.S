/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a Multiboot 1 loader's 32-bit protected mode to 64-bit mode, then main(multiboot information).
 * Boot tables: 2-MiB pages; linear = physical for the first 4 GiB, supervisor; but from BOOT_USER (2 GiB) on the first GiB a second time,
 * as user pages.
 */
#include "x86.h"

	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)

	.code32
	.text
	.global _start
_start:
	cli
	cld
	mov $boot_stack_top, %esp
	mov %ebx, %edi			/* multiboot information: main's argument */

	mov $boot_pdpt + 7, %eax	/* P, RW, US */
	mov %eax, boot_pml4
	mov $boot_pd + 3, %eax
	mov $boot_pdpt, %edx
	mov $4, %ecx
1:	mov %eax, (%edx)
	add $4096, %eax
	add $8, %edx
	loop 1b
	movl $boot_user_pd + 7, boot_pdpt + BOOT_USER / 0x40000000 * 8

	mov $0x83, %eax			/* P, RW, PS */
	mov $boot_pd, %edx
	mov $2048, %ecx
1:	mov %eax, (%edx)
	add $0x200000, %eax
	add $8, %edx
	loop 1b
	mov $0x87, %eax			/* P, RW, US, PS */
	mov $boot_user_pd, %edx
	mov $512, %ecx
1:	mov %eax, (%edx)
	add $0x200000, %eax
	add $8, %edx
	loop 1b

	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $CR0_PE | CR0_ET | CR0_NE | CR0_PG, %eax
	mov %eax, %cr0
	lgdt boot_gdtr
	ljmp $KCODE, $2f

	.code64
2:	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov %edi, %edi
	call main
3:	hlt
	jmp 3b

	.data
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
boot_gdtr:
	.word 15
	.quad boot_gdt

	.bss
	.balign 4096
	.global boot_pml4, boot_pdpt, boot_stack_top
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096
boot_user_pd:
	.skip 4096
	.skip 16384
boot_stack_top:
