/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a Multiboot 1 loader's 32-bit protected mode to 64-bit mode and the kernel's own addresses, then main(multiboot information).
 * Boot tables: 2-MiB pages of the first GiB of physical memory, at 0, at DIRECT and at KERNEL_BASE.
 */
#include "layout.h"
#include "x86.h"
#define LOW(symbol) (symbol - KERNEL_BASE)

	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)

	.section .boot, "ax"
	.code32
	.global _start
_start:
	cli
	cld
	mov %ebx, %edi			/* multiboot information: main's argument */

	movl $LOW(boot_pdpt) + 3, LOW(boot_pml4)
	movl $LOW(boot_pdpt) + 3, LOW(boot_pml4) + 256 * 8
	movl $LOW(boot_pdpt_high) + 3, LOW(boot_pml4) + 511 * 8
	movl $LOW(boot_pd) + 3, LOW(boot_pdpt)
	movl $LOW(boot_pd) + 3, LOW(boot_pdpt_high) + 510 * 8
	mov $0x83, %eax			/* P, RW, PS */
	mov $LOW(boot_pd), %edx
	mov $512, %ecx
1:	mov %eax, (%edx)
	add $0x200000, %eax
	add $8, %edx
	loop 1b

	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $LOW(boot_pml4), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG, %eax
	mov %eax, %cr0
	lgdt boot_gdtr
	ljmp $KCODE, $2f

	.code64
2:	movabs $3f, %rax
	jmp *%rax

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
boot_gdtr:
	.word 15
	.long boot_gdt

	.text
3:	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov $boot_stack_top, %rsp
	mov %edi, %edi
	call main
4:	hlt
	jmp 4b

	.bss
	.balign 4096
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pdpt_high:
	.skip 4096
boot_pd:
	.skip 4096
	.skip 16384
boot_stack_top:
