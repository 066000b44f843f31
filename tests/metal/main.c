/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor that runs one guest for one access or instruction, thousands of times, each time in other circumstances made from a seed,
 * and prints how it ended: one line a case. Arguments: seed=N, cases=FIRST,COUNT, family=NAME (all in turn without it), show=capabilities;
 * speed=SCALE: instead of cases, loops to time (speed.h).
 */
#include "cmdline.h"
#include "ept.h"
#include "family.h"
#include "finish.h"
#include "gdt.h"
#include "line.h"
#include "random.h"
#include "speed.h"
#include "trap.h"
#include "vmx.h"

static const struct family {
	const char *name;
	void (*run)(void);
} families[] = {
    {"access", family_access}, {"entry", family_entry}, {"event", family_event}, {"insn", family_insn}, {"intercept", family_intercept},
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static void run_cases(const struct family *family, u64 seed)
{
	u64 first = cmdline_number("cases", 0, 0), count = cmdline_number("cases", 1, 10);
	for (u64 n = first; n < first + count; n++) {
		random_seed(seed, n);
		line("%s %lu: ", family->name, n);
		family->run();
		line("\n");
	}
}

/* What this processor offers: the cases must do with what all of them do. */
static void show_capabilities(void)
{
	for (u32 msr = MSR_VMX_BASIC; msr <= MSR_VMX_TRUE_ENTRY; msr++)
		line("metal: msr %x = %016lx\n", msr, rdmsr(msr));
}

void main(u64 multiboot);

void main(u64 multiboot)
{
	cmdline_init(multiboot);
	gdt_init();
	trap_init();
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	u64 seed = cmdline_number("seed", 0, 1);
	line("metal: seed %lu\n", seed);
	u64 speed = cmdline_number("speed", 0, 0);
	if (speed)
		speed_natively(speed);
	const char *wrong = vmx_enter();
	if (wrong) {
		line("metal: %s\n", wrong);
		finish(1);
	}
	if (cmdline_is("show", "capabilities"))
		show_capabilities();
	guest_init();
	if (speed)
		speed_as_guest(speed);
	for (unsigned i = 0; !speed && i < FAMILIES; i++)
		if (!cmdline_find("family") || cmdline_is("family", families[i].name))
			run_cases(&families[i], seed);
	line("metal: end\n");
	finish(0);
}
