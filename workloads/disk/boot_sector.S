/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that a BIOS boots: this code in the first BOOT_SECTORS sectors, then the contents of memory from 1 MiB on, as disk.sh lays it out
 * (kernel, modules, Multiboot information). It is read with INT 13H, extended read, in pieces to LOW_BUFFER, and moved up; the memory map
 * comes from INT 15H, E820H; then the kernel is entered as a Multiboot 1 loader enters it. An error is a letter on port 0xE9 and the screen.
 */
	.equ MEMORY, 0x100000
	.equ MAP, 0x1000		/* the memory map, as Multiboot has it: 4 bytes of size before each entry */
	.equ MAP_END, 0x2000
	.equ LOW_BUFFER, 0x10000
	.equ CHUNK, 64			/* sectors in one read */
	.equ SECTOR, 512
	.equ BOOT_SECTORS, 2
	.equ SMAP, 0x534d4150

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
	mov $0x42, %ah			/* the rest of this code */
	mov $packet, %si
	int $0x13
	mov $'B', %al
	jc failed
	movw $CHUNK, packet_count
	movw $0, packet_offset
	movw $LOW_BUFFER >> 4, packet_segment
	movl $BOOT_SECTORS, packet_sector
	jmp read

failed:	/* AL: why */
	out %al, $0xe9
	mov $0x0e, %ah
	xor %bx, %bx
	int $0x10
1:	hlt
	jmp 1b

	.balign 4
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word 23
	.long gdt
packet:	.byte 16, 0
packet_count:
	.word BOOT_SECTORS - 1
packet_offset:
	.word _start + SECTOR
packet_segment:
	.word 0
packet_sector:
	.quad 1
drive:	.byte 0
	/* disk.sh writes these three numbers */
	.org SECTOR - 2 - 12
sectors:
	.long 0				/* of memory's contents */
entry:	.long 0
info:	.long 0				/* address of the Multiboot information */
	.org SECTOR - 2
	.word 0xaa55

read:	mov $0x42, %ah
	mov drive, %dl
	mov $packet, %si
	int $0x13
	mov $'R', %al
	jc failed
	cli
	call flat
	mov $LOW_BUFFER, %esi
	mov destination, %edi
	mov $CHUNK * SECTOR / 4, %ecx
	addr32 rep movsl
	mov %edi, destination
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	sti
	addl $CHUNK, packet_sector
	subl $CHUNK, sectors
	ja read

	/* the memory map */
	xor %ebx, %ebx
	mov $MAP, %di
map:	mov $0xe820, %eax
	mov $SMAP, %edx
	mov $20, %ecx
	movl $20, (%di)
	add $4, %di
	int $0x15
	jc map_end			/* some firmware ends the list so */
	cmp $SMAP, %eax
	mov $'M', %al
	jne failed
	add $20, %di
	cmp $MAP_END - 24, %di
	ja 1f
	test %ebx, %ebx
	jnz map
1:	add $4, %di
map_end:
	sub $4 + MAP, %di
	mov $'M', %al
	jz failed
	movzwl %di, %edi

	cli
	call flat
	mov info, %ebx
	mov %edi, %es:44(%ebx)		/* mmap_length, mmap_addr */
	movl $MAP, %es:48(%ebx)
	mov entry, %esi
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmp $8, $protected

/* DS and ES reach all 4 GiB, with base 0, until they are loaded in protected mode again. A20 on, no reset. */
flat:	in $0x92, %al
	or $2, %al
	and $0xfe, %al
	out %al, $0x92
	lgdt gdtr
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	mov $16, %cx
	mov %cx, %ds
	mov %cx, %es
	and $0xfe, %al
	mov %eax, %cr0
	xor %cx, %cx
	mov %cx, %ds
	mov %cx, %es
	ret

	.code32
protected:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov $0x2badb002, %eax
	jmp *%esi

	.balign 4
destination:
	.long MEMORY
	.org BOOT_SECTORS * SECTOR
