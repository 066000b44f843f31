/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8042 keyboard controller at ports 60H and 64H, with no keyboard and no mouse behind it: self test, A20, reset.
 */
#ifndef EMU_DEVICE_KBC_H
#define EMU_DEVICE_KBC_H

#include "mmu/base.h"

struct kbc {
	uint8_t command;     /* controller command whose data byte is expected at port 60H; 0: none */
	uint8_t config;	     /* command byte */
	uint8_t output_port; /* bit 0: not reset, bit 1: A20 */
	uint8_t output;	     /* output buffer */
	bool full;
	bool reset; /* the guest pulsed the reset line */
};

void kbc_reset(struct kbc *kbc);
uint8_t kbc_in(struct kbc *kbc, bool status);
void kbc_out(struct kbc *kbc, bool command, uint8_t value);

#endif
