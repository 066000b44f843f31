/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 interval timer at ports 40H-43H (Intel 8254 data sheet): three counters fed with 1.193182 MHz of model time. Counter 0
 * drives interrupt line 0, counter 2 the speaker, with its gate at port 61H.
 */
#ifndef EMU_DEVICE_PIT_H
#define EMU_DEVICE_PIT_H

#include "mmu/base.h"

#define PIT_HZ 1193182ull

struct pit_counter {
	uint8_t mode;	/* 0..5 */
	uint8_t access; /* 1 low byte, 2 high byte, 3 low then high */
	bool bcd, gate;
	bool loaded;	 /* a count has been written since the control word */
	bool triggered;	 /* modes 1 and 5: the gate has risen since */
	uint32_t count;	 /* N: 1..65536 */
	uint64_t start;	 /* tick at which the counting element holds N */
	uint64_t held;	 /* ticks elapsed when the gate fell (modes 0 and 4) */
	uint32_t reload; /* modes 2 and 3: N from tick reload_at on; 0: none */
	uint64_t reload_at;
	uint64_t seen;		    /* tick up to which rises of the output were reported */
	bool write_high, read_high; /* access 3: the high byte is next */
	uint8_t write_low;
	bool count_latched, status_latched;
	uint16_t latch;
	uint8_t status;
};

struct pit {
	struct pit_counter counter[3];
	bool speaker; /* port 61H bit 1 */
};

void pit_reset(struct pit *pit);
uint8_t pit_in(struct pit *pit, unsigned reg, uint64_t now); /* reg 0..3 */
void pit_out(struct pit *pit, unsigned reg, uint8_t value, uint64_t now);
uint8_t pit_port61_in(struct pit *pit, uint64_t now);
void pit_port61_out(struct pit *pit, uint8_t value, uint64_t now);

bool pit_line(const struct pit *pit, unsigned counter, uint64_t now); /* the level of a counter's output */
/* true if counter 0's output rose since this was asked last */
bool pit_rose(struct pit *pit, uint64_t now);
/* The clock of the next rise of counter 0's output; ~0: none comes by itself. */
uint64_t pit_next_rise(const struct pit *pit, uint64_t now);

#endif
