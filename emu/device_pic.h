/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pair of 8259A interrupt controllers of a PC: master at ports 20H-21H, slave at A0H-A1H on its input 2, edge/level control
 * (ELCR) at 4D0H-4D1H (Intel 8259A data sheet; Intel 82371AB for ELCR).
 */
#ifndef EMU_DEVICE_PIC_H
#define EMU_DEVICE_PIC_H

#include "mmu/base.h"

struct pic_chip {
	uint8_t irr;	 /* interrupt requests: latched edges, and high level-triggered inputs */
	uint8_t imr;	 /* mask */
	uint8_t isr;	 /* in service */
	uint8_t lines;	 /* the inputs */
	uint8_t elcr;	 /* 1: level triggered */
	uint8_t base;	 /* vector of input 0 */
	uint8_t highest; /* the input with highest priority */
	uint8_t icw;	 /* the initialization word expected next: 2..4, or 0 */
	bool icw4_needed, single;
	bool auto_eoi, rotate_on_auto_eoi, special_mask, fully_nested_special;
	bool poll, read_isr;
};

struct pic {
	struct pic_chip chip[2]; /* master, slave */
};

void pic_reset(struct pic *pic);
uint8_t pic_in(struct pic *pic, uint16_t port);
void pic_out(struct pic *pic, uint16_t port, uint8_t value);
uint8_t pic_elcr_in(const struct pic *pic, uint16_t port);
void pic_elcr_out(struct pic *pic, uint16_t port, uint8_t value);

void pic_set_line(struct pic *pic, unsigned irq, bool level); /* irq 0..15, but not 2 */
bool pic_pending(const struct pic *pic);		      /* the level of the master's INT output */
/* The vector, with the request moved into service; without a request the spurious one: input 7 of its chip, not in service. */
uint8_t pic_acknowledge(struct pic *pic);
/* true if a rise of this line would be a new request that the masks let through */
bool pic_sensitive(const struct pic *pic, unsigned irq);

#endif
