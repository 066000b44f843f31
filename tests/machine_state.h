/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole machine in 64-bit mode for tests that run a few instructions: the first 2 MiB of linear addresses, and the local APIC's page, are
 * mapped one to one; GDT and IDT are there. Every exception or interrupt is logged by its handler: the RIP it saved, at the address in R15,
 * which goes on by 8. Handlers of traps and interrupts return; those of faults go to the address in R13; #DB also sets RF.
 */
#ifndef TESTS_MACHINE_STATE_H
#define TESTS_MACHINE_STATE_H

#include "emu/machine.h"

enum {
	BOX_RAM = 16 << 20,
	BOX_GDT = 0x8000,
	BOX_IDT = 0x9000,
	BOX_HANDLERS = 0xa000, /* 64 bytes a vector */
	BOX_TABLES = 0x10000,  /* PML4, PDPT, two PDs (first and fourth GiB), PT */
	BOX_CODE = 0x100000,
	BOX_DATA = 0x180000,
	BOX_LOG = 0x1a0000,
	BOX_STACK = 0x1f0000,
	BOX_INTERRUPT = 0x40, /* vector for interrupts */
	BOX_SOFTWARE = 0x41,  /* vector for INT n */
};

struct box {
	struct machine m;
	struct console console;
};

/* Code of a guest, assembled in place; NAME_end is its end. Numbered local labels can be referred to in `after`. */
#define BOX_ASM(name, text)                                                                                                                \
	extern const uint8_t name[], name##_end[];                                                                                         \
	__asm__(".pushsection .rodata\n.intel_syntax noprefix\n.globl " #name ", " #name "_end\n.hidden " #name ", " #name "_end\n" #name  \
		":\n" text "\n" #name "_end:\n.att_syntax\n.popsection\n")

void box_start(struct box *box, uint64_t max_insns);
void box_start_as(struct box *box, const struct machine_config *config); /* but for RAM and console */
void box_stop(struct box *box);
void box_code(struct box *box, const uint8_t *code, const uint8_t *end);		     /* at BOX_CODE; RIP points there */
void box_handler(struct box *box, unsigned vector, const uint8_t *code, const uint8_t *end); /* instead of the one that there is */
#define BOX_CODE_OF(box, name) box_code(box, name, name##_end)
unsigned box_logged(const struct box *box);
uint64_t box_log(const struct box *box, unsigned i); /* relative to BOX_CODE */
uint64_t box_word(const struct box *box, uint64_t at);
void box_set_word(struct box *box, uint64_t at, uint64_t value);
/* The local APIC, in x2APIC mode from now on: the timer (one-shot or periodic), or an interrupt that is pending at once. */
void box_timer(struct box *box, uint32_t count, bool periodic);
void box_interrupt_now(struct box *box);

#endif
