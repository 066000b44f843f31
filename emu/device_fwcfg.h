/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's firmware configuration device (QEMU, "QEMU Firmware Configuration (fw_cfg) Device"): selector at port 510H, data at 511H.
 */
#ifndef EMU_DEVICE_FWCFG_H
#define EMU_DEVICE_FWCFG_H

#include "mmu/base.h"

struct fwcfg {
	uint64_t ram_size;
	uint16_t key;
	uint32_t offset;
};

void fwcfg_reset(struct fwcfg *fwcfg, uint64_t ram_size);
void fwcfg_select(struct fwcfg *fwcfg, uint16_t key);
uint8_t fwcfg_read(struct fwcfg *fwcfg); /* the next byte of the selected item; 0 after its end */

#endif
