/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller (IBM PC AT Technical Reference, "Keyboard Controller"): enough for probes, A20 sequences and reset.
 * LIMIT: no keyboard answers, no interrupt 1 or 12; A20 is always on: its bit is stored only.
 */
#include "emu/device_kbc.h"

#define STATUS_OUTPUT_FULL 0x01
#define STATUS_SYSTEM 0x04
#define STATUS_COMMAND 0x08
#define STATUS_UNLOCKED 0x10
#define CONFIG_SYSTEM 0x04

void kbc_reset(struct kbc *kbc)
{
	*kbc = (struct kbc){.config = CONFIG_SYSTEM, .output_port = 0x03};
}

static void answer(struct kbc *kbc, uint8_t value)
{
	kbc->output = value;
	kbc->full = true;
}

uint8_t kbc_in(struct kbc *kbc, bool status)
{
	if (status)
		return (uint8_t)(STATUS_UNLOCKED | STATUS_COMMAND | (kbc->config & CONFIG_SYSTEM ? STATUS_SYSTEM : 0) |
				 (kbc->full ? STATUS_OUTPUT_FULL : 0));
	kbc->full = false;
	return kbc->output;
}

static void data_out(struct kbc *kbc, uint8_t value)
{
	if (kbc->command == 0x60)
		kbc->config = value;
	else if (kbc->command == 0xd1) {
		kbc->output_port = value;
		kbc->reset |= !(value & 1);
	}
	kbc->command = 0;
}

void kbc_out(struct kbc *kbc, bool command, uint8_t value)
{
	if (!command) {
		data_out(kbc, value);
		return;
	}
	kbc->command = 0;
	if (value >= 0xf0) { /* pulse output-port lines whose bit is 0; line 0 is reset */
		kbc->reset |= !(value & 1);
		return;
	}
	switch (value) {
	case 0x20:
		answer(kbc, kbc->config);
		break;
	case 0xaa:
		answer(kbc, 0x55);
		break;
	case 0xab: /* keyboard interface test: passed */
		answer(kbc, 0x00);
		break;
	case 0xd0:
		answer(kbc, kbc->output_port);
		break;
	case 0x60:
	case 0xd1:
		kbc->command = value;
		break;
	default:
		break;
	}
}
