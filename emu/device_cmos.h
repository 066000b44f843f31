/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CMOS memory and real-time clock at ports 70H-71H (Motorola MC146818A data sheet). The date is the model's: 2024-01-01 00:00:00
 * UTC at clock 0.
 */
#ifndef EMU_DEVICE_CMOS_H
#define EMU_DEVICE_CMOS_H

#include "mmu/base.h"

struct cmos {
	uint8_t index;
	uint8_t ram[128];
};

void cmos_reset(struct cmos *cmos, uint64_t ram_size);
void cmos_select(struct cmos *cmos, uint8_t index);
uint8_t cmos_read(const struct cmos *cmos, uint64_t now);
void cmos_write(struct cmos *cmos, uint8_t value);

#endif
