/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loops of speed.c, called as C functions natively and in the guest. */
	.text
	.global speed_register, speed_stream, speed_chase, speed_guest
	.balign 64
speed_register:
1:	add %rbx, %rax
	xor %rax, %rdx
	lea (%rax,%rdx), %r8
	ror $7, %rax
	sub %rdi, %r8
	add %r8, %rdx
	dec %rdi
	jnz 1b
	ret

	.balign 64
speed_stream:
1:	add %rdi, (%rsi)
	add $8, %rsi
	dec %rdi
	jnz 1b
	ret

	.balign 64
speed_chase:
1:	mov (%rsi), %rsi
	dec %rdi
	jnz 1b
	mov %rsi, %rax
	ret

/* where the guest begins: RAX is the loop, RDI and RSI its arguments; VMCALL when it returns */
speed_guest:
	call *%rax
	vmcall
	hlt
