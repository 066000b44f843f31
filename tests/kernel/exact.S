/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program whose counters are known: 8 + 2 x LOOPS + 3 x PAGES user instructions, the last a system call; PAGES stores, each to a page of its own
 * that was never touched.
 */
	.bss
	.balign 4096
memory:	.skip PAGES * 4096

	.text
	.globl _start
_start:	mov $LOOPS, %ecx
1:	dec %ecx
	jnz 1b
	lea memory(%rip), %rdi
	mov $PAGES, %ecx
2:	movb $1, (%rdi)
	add $4096, %rdi
	loop 2b
	xor %edi, %edi
	mov $60, %eax
	nop
	nop
	syscall
