/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 5: a hypervisor whose guest asks it, by VMCALL, to put other memory behind some of its pages. Each colour has a function of its own
 * for that; all of them execute INVEPT, but the one that the seed (command line: seed=N) chooses.
 */
#include "cmdline.h"
#include "fault.h"
#include "finish.h"
#include "flat.h"
#include "lab4.h"
#include "print.h"
#include "serial.h"

enum { COLOURS = 8, EXIT_REASON_VMCALL = 18, PROC2_VPID = 0x20, EXITS_MAX = 100 };
#define FIRST (96ull << 20) /* guest-physical: a 2-MiB page for each colour */
#define LARGE (2ull << 20)
#define ADDRESS 0x000ffffffffff000ull

u64 fault_resume, fault_vector = FAULT_NONE, fault_error;
void main(u64 multiboot);

static u64 forgets, eptp, stack[512] __attribute__((aligned(16)));
static volatile u64 seen;

void trap(struct trap *t)
{
	print("fault: vector %lu, RIP %lx\n", t->vector, t->rip);
	finish(1);
}

static u64 *pde_of(u64 gpa)
{
	const u64 *pml4 = (const u64 *)(eptp & ADDRESS), *pdpt = (const u64 *)(pml4[0] & ADDRESS);
	return (u64 *)(pdpt[gpa >> 30] & ADDRESS) + (gpa >> 21 & 511);
}

static void invalidate(void)
{
	const u64 descriptor[2] = {eptp, 0};
	vmx_invept(1, descriptor);
}

#define REMAP(name, number)                                                                                                                \
	static __attribute__((noinline)) void remap_##name(u64 *pde)                                                                       \
	{                                                                                                                                  \
		*pde ^= COLOURS * LARGE;                                                                                                   \
		if (forgets != number)                                                                                                     \
			invalidate();                                                                                                      \
	}
REMAP(red, 0)
REMAP(orange, 1)
REMAP(yellow, 2)
REMAP(green, 3)
REMAP(cyan, 4)
REMAP(blue, 5)
REMAP(violet, 6)
REMAP(white, 7)

static void guest(void)
{
	for (u64 colour = 0; colour < COLOURS; colour++) {
		volatile u64 *page = (volatile u64 *)(FIRST + colour * LARGE);
		seen = *page;
		asm volatile("vmcall" : : "D"(colour) : "memory");
		seen = *page;
	}
	for (;;)
		asm volatile("hlt");
}

static void answer_vmcall(void)
{
	static void (*const remap[COLOURS])(u64 *) = {remap_red,  remap_orange, remap_yellow, remap_green,
						      remap_cyan, remap_blue,	remap_violet, remap_white};
	u64 colour = run_registers[REG_DI] % COLOURS, rip = 0, length = 0;
	remap[colour](pde_of(FIRST + colour * LARGE));
	vmx_read(GUEST_RIP, &rip);
	vmx_read(EXIT_INSN_LEN, &length);
	vmx_write(GUEST_RIP, rip + length);
}

void main(u64 multiboot)
{
	u64 reason = 0;
	cmdline_init(multiboot);
	serial_init();
	gdt_init();
	trap_init();
	forgets = cmdline_number("seed", 0, 1) * 5 % COLOURS;
	enter_vmx();
	make_vmcs();
	set_controls();
	vmx_write(PROC2_CONTROLS, PROC2_EPT | PROC2_VPID);
	vmx_write(VPID, 1);
	set_host();
	eptp = make_ept();
	vmx_write(EPTP, eptp);
	flat_guest((u64)guest, (u64)(stack + 511));
	for (unsigned exits = 0; exits < EXITS_MAX && run(exits > 0) == VMX_OK; exits++) {
		vmx_read(EXIT_REASON, &reason);
		if (reason != EXIT_REASON_VMCALL)
			break;
		answer_vmcall();
	}
	print("done: exit reason %lu\n", reason);
	finish(reason != EXIT_REASON_HLT);
}
