/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-modifying and cross-modifying code: through the same linear address, through another one of the same frame, by REP MOVSB, within
 * the same block, across a page; code remapped with INVLPG; instructions that cross a page. SDM 3A, "Self-Modifying Code", "Handling Self-
 * and Cross-Modifying Code": the processor sees its own stores to code through the same linear address; through another one after a jump
 * and a serializing instruction, which the pieces here execute.
 */
#include "finish.h"
#include "lib/attempt.h"
#include "print.h"

void main(u64 multiboot);

enum { P = 1, RW = 2 };
#define AREA 0x40000000ul /* four pages: two frames, each twice */
extern u64 boot_pml4[512], boot_pdpt[512];
static u64 area_pd[512] __attribute__((aligned(4096))), area_pt[512] __attribute__((aligned(4096)));
static volatile u8 frames[3][4096] __attribute__((aligned(4096)));

typedef u32 function(void);

static void serialize(void)
{
	u32 r[4];
	cpuid(0, 0, r);
	asm volatile("" : : : "memory");
}

/* mov $value, %eax; ret */
static void emit(volatile u8 *at, u32 value)
{
	at[0] = 0xb8;
	for (unsigned i = 0; i < 4; i++)
		at[1 + i] = (u8)(value >> 8 * i);
	at[5] = 0xc3;
}

static u32 run(u64 at)
{
	return ((function *)at)();
}

static void same_address(void)
{
	u32 sum = 0;
	for (u32 i = 0; i < 100; i++) {
		emit((u8 *)AREA + 16, i);
		sum += run(AREA + 16);
	}
	print("same address: %u\n", sum);
}

static void immediate(void)
{
	u32 sum = 0;
	emit((u8 *)AREA + 16, 0);
	for (u32 i = 0; i < 100; i++) {
		*(volatile u32 *)(AREA + 17) = i;
		sum += run(AREA + 16);
	}
	print("immediate only: %u\n", sum);
}

static void other_address(void)
{
	u32 sum = 0;
	for (u32 i = 0; i < 100; i++) {
		emit((u8 *)AREA + 0x2000 + 32, i); /* the same frame as AREA */
		serialize();
		sum += run(AREA + 32);
	}
	print("other address: %u\n", sum);
	sum = 0;
	for (u32 i = 0; i < 100; i++) {
		emit(frames[0] + 48, i); /* a third one: linear = physical, a 2-MiB page */
		serialize();
		sum += run(i % 2 ? AREA + 48 : AREA + 0x2000 + 48);
	}
	print("third address, both run: %u\n", sum);
}

static void by_movs(void)
{
	u32 sum = 0;
	u8 code[16];
	for (u32 i = 0; i < 100; i++) {
		const u8 *from = code;
		u8 *to = (u8 *)AREA + 64;
		u64 n = 6;
		emit(code, i);
		asm volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
		sum += run(AREA + 64);
	}
	print("rep movsb: %u\n", sum);
}

/* The block patches the immediate of its own next instruction, each time round. */
u32 same_block(void);
asm(".pushsection .data\n" /* not shared with code that stays */
    "same_block: xor %eax, %eax; mov $100, %ecx\n"
    "1: mov %ecx, 2f+1(%rip)\n"
    "2: mov $0, %edx\n"
    "add %edx, %eax; dec %ecx; jnz 1b; ret\n"
    /* The second instruction replaces the third, a 2-byte INC EAX, by NOP; then both run once more, the replacement only. */
    "next_insn: xor %eax, %eax; movw $0x9066, 3f(%rip)\n"
    "3: inc %eax; ret\n"
    /* REP STOSB overwrites the instructions that follow it: NOPs over INCs. */
    "rep_over_self: xor %edx, %edx; lea 4f(%rip), %rdi; mov $0x90, %eax; mov $8, %ecx; rep stosb\n"
    "4: inc %edx; inc %edx; inc %edx; inc %edx; mov %edx, %eax; ret\n"
    ".popsection");
u32 next_insn(void);
u32 rep_over_self(void);

static void within_block(void)
{
	print("within a block: %u\n", same_block());
	print("next instruction: %u\n", next_insn());
	print("rep stosb over what follows: %u\n", rep_over_self());
}

static void crossing(void)
{
	u32 sum = 0;
	u64 at = AREA + 4096 - 3; /* MOV EAX, imm32 with two bytes of the immediate in the next page */
	for (u32 i = 0; i < 100; i++) {
		emit((u8 *)at, i << 16 | i);
		sum += run(at) >> 16;
	}
	print("crossing a page, written here: %u\n", sum);
	sum = 0;
	for (u32 i = 0; i < 100; i++) {
		frames[1][0] = (u8)i; /* third byte of the immediate */
		serialize();
		sum += run(at) >> 16;
	}
	print("crossing a page, second half written elsewhere: %u\n", sum);
	*(volatile u64 *)(AREA + 4092) = 0x1122334455667788;
	print("data crossing a page: %lx %lx\n", *(volatile u64 *)(AREA + 0x2000 + 4092), (u64)frames[1][3]);
}

static void crossing_fault(void)
{
	u64 at = AREA + 4096 - 3, entry = area_pt[1];
	emit((u8 *)at, 0x12345678);
	*(volatile u64 *)&area_pt[1] = 0; /* after emit's stores, which a TLB of one entry translates again */
	invlpg((void *)(AREA + 4096));
	attempt((void (*)(void))at);
	print("second half not mapped: vector %lu error %lx cr2 +%lx rip +%lx\n", caught.vector, caught.error, caught_cr2 - AREA,
	      caught.rip - AREA);
	area_pt[1] = entry;
	print("second half mapped again: %x\n", run(at));
}

static void remapped(void)
{
	u32 sum = 0;
	emit(frames[0] + 128, 1);
	emit(frames[2] + 128, 1000);
	for (u32 i = 0; i < 100; i++) {
		area_pt[0] = (u64)frames[i % 2 ? 2 : 0] | P | RW;
		invlpg((void *)AREA);
		sum += run(AREA + 128);
	}
	area_pt[0] = (u64)frames[0] | P | RW;
	invlpg((void *)AREA);
	print("remapped: %u\n", sum);
}

/* A function replaced by one PUSH of its six bytes. */
static void by_push(void)
{
	u8 *at = (u8 *)AREA + 0x200;
	u32 result;
	emit(at, 5);
	result = run((u64)at);
	asm volatile("mov %%rsp, %%rbx\n\tlea 8(%1), %%rsp\n\tpushq %2\n\tmov %%rbx, %%rsp"
		     : "=m"(*at)
		     : "r"(at), "r"(0xc300000007b8ul)
		     : "rbx", "memory");
	result = result * 10 + run((u64)at);
	print("by push: %u\n", result);
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	for (unsigned page = 0; page < 4; page++)
		area_pt[page] = (u64)frames[page % 2] | P | RW;
	area_pd[0] = (u64)area_pt | P | RW;
	boot_pdpt[1] = (u64)area_pd | P | RW;
	write_cr3((u64)boot_pml4);
	same_address();
	immediate();
	other_address();
	by_movs();
	within_block();
	crossing();
	crossing_fault();
	remapped();
	by_push();
	finish(0);
}
