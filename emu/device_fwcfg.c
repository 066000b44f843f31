/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fw_cfg items that images look at: signature, interface version, RAM size, processor counts, an empty file directory.
 * LIMIT: no DMA interface (the version says so), no kernel, ACPI or SMBIOS items: they read as empty.
 */
#include "emu/device_fwcfg.h"

enum key { SIGNATURE = 0x00, ID = 0x01, RAM_SIZE = 0x03, NOGRAPHIC = 0x04, NB_CPUS = 0x05, MAX_CPUS = 0x0f, FILE_DIR = 0x19 };
enum { ID_TRADITIONAL = 1 };

void fwcfg_reset(struct fwcfg *fwcfg, uint64_t ram_size)
{
	*fwcfg = (struct fwcfg){.ram_size = ram_size};
}

void fwcfg_select(struct fwcfg *fwcfg, uint16_t key)
{
	fwcfg->key = key;
	fwcfg->offset = 0;
}

/* The selected item as a little-endian number of *size bytes. */
static uint64_t item(const struct fwcfg *fwcfg, unsigned *size)
{
	switch (fwcfg->key) {
	case SIGNATURE:
		*size = 4;
		return 0x554d4551; /* "QEMU" */
	case ID:
		*size = 4;
		return ID_TRADITIONAL;
	case RAM_SIZE:
		*size = 8;
		return fwcfg->ram_size;
	case NOGRAPHIC:
	case NB_CPUS:
	case MAX_CPUS:
		*size = 2;
		return 1;
	case FILE_DIR: /* a big-endian count of files: none */
		*size = 4;
		return 0;
	default:
		*size = 0;
		return 0;
	}
}

uint8_t fwcfg_read(struct fwcfg *fwcfg)
{
	unsigned size;
	uint64_t value = item(fwcfg, &size);

	if (fwcfg->offset >= size)
		return 0;
	return (uint8_t)(value >> (8 * fwcfg->offset++));
}
