/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that a BIOS boots. Sector 0: this code; sector 1: the command line, ended by a zero byte (the test script writes it there); from
 * sector 2 on: the image as a flat binary, .bss included. The image is read to 64 KiB with INT 13H, extended read, moved to 1 MiB in
 * protected mode and entered as a Multiboot loader would enter it, so that it is the same image for both.
 */
	.equ LOAD, 0x10000		/* sectors 1.. are read here: the command line first */
	.equ IMAGE, 0x100000
	.equ INFO, 0x600		/* Multiboot information: flags and command line */
	.equ CHUNK, 32			/* sectors in one read */
	.equ SECTOR, 512

	.code16
	.text
	.global _start
_start:
	ljmp $0, $1f
1:	cli
	cld
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $_start, %sp
	mov %dl, drive
	sti
read:
	mov $0x42, %ah			/* extended read */
	mov drive, %dl
	mov $packet, %si
	int $0x13
	mov $'R', %al
	jc failed
	addw $CHUNK * SECTOR / 16, packet_segment
	addl $CHUNK, packet_sector
	cmpl $1 + (image_end - image + SECTOR - 1) / SECTOR, packet_sector
	jbe read

	cli
	in $0x92, %al			/* A20 on, no reset */
	or $2, %al
	and $0xfe, %al
	out %al, $0x92
	lgdt gdtr
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmp $8, $protected
failed:
	out %al, $0xe9
1:	hlt
	jmp 1b

	.code32
protected:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $LOAD + SECTOR, %esi
	mov $IMAGE, %edi
	mov $(image_end - image + 3) / 4, %ecx
	rep movsl
	movl $4, INFO			/* the command line is valid */
	movl $LOAD, INFO + 16
	mov $INFO, %ebx
	mov $0x2badb002, %eax
	mov $ENTRY, %ecx		/* given by the makefile */
	jmp *%ecx

	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word 23
	.long gdt
packet:	.byte 16, 0
	.word CHUNK, 0
packet_segment:
	.word LOAD >> 4
packet_sector:
	.quad 1
drive:	.byte 0
	.org SECTOR - 2
	.word 0xaa55
	.fill SECTOR, 1, 0
image:	.incbin "metal.flat"
image_end:
	/* 16 heads of 63 sectors, 2 cylinders: what a disk of this size is taken for; and a whole last read */
	.org 2 * 16 * 63 * SECTOR
