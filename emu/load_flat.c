/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flat binary, entered as a BIOS enters a boot sector: at 0000:7C00 in real mode, DL = 80H (the first fixed disk).
 * LIMIT: there is no BIOS: no interrupt services, no BIOS data area, an interrupt vector table of zeros; so RFLAGS.IF is 0.
 */
#include "emu/load_image.h"

#include <string.h>

enum { BOOT_ADDRESS = 0x7c00, FIRST_DISK = 0x80 };

int load_flat(struct cpu *cpu, const struct image *image, const struct load_request *request)
{
	static const struct segment data = {.ar = AR_P | AR_S | AR_RW | AR_A, .limit = 0xffff};
	struct load_ranges ranges = {.count = 0};
	int rc = image_place(image, cpu->mem, &ranges, 0, image->size, BOOT_ADDRESS, image->size, "the flat binary");

	if (rc)
		return rc;
	if (request->end)
		*request->end = ranges_end(&ranges);
	memset(cpu->gpr, 0, sizeof cpu->gpr);
	cpu->gpr[RDX] = FIRST_DISK;
	cpu->gpr[RSP] = BOOT_ADDRESS;
	cpu->rip = BOOT_ADDRESS;
	cpu->rflags = FLAG_FIXED;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = data;
	cpu->seg[SEG_CS].ar |= AR_CODE;
	cpu->gdtr = (struct table_reg){0, 0xffff};
	cpu->idtr = (struct table_reg){0, 0x3ff};
	cpu->cr0 = CR0_ET;
	cpu->cr3 = cpu->cr4 = cpu->efer = 0;
	cpu->cpl = 0;
	cpu_paging_changed(cpu);
	return 0;
}
