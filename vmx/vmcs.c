/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMCS: fields by encoding, and its region in memory (SDM 3C, "Virtual-Machine Control Structures"; 3D, appendix "Field
 * Encoding in VMCS"). An encoding: bit 0 access type (1: high half of a 64-bit field), 9:1 index, 11:10 type, 14:13 width.
 */
#include "vmx/vmcs.h"

#include <assert.h>

enum { TYPE_READ_ONLY = 1, WIDTH_16 = 0, WIDTH_64 = 1, WIDTH_32 = 2, INDEX_MAX = 63 };

static_assert(VMCS_OFFSET_FIELDS + 8 * VMCS_FIELDS <= PAGE_SIZE, "the fields fit the region");

static const struct {
	uint16_t encoding;
	const char *name;
} fields[VMCS_FIELDS] = {
#define VMCS_FIELD(encoding, symbol, member, name) {encoding, name},
#include "vmx/vmcs.def"
#undef VMCS_FIELD
};

/* index + 1, by type and width (bits 14:10 without the reserved bit 12) and index */
#define SLOT(encoding) [FIELD(encoding, 14, 13) * 4 + FIELD(encoding, 11, 10)][FIELD(encoding, 9, 1)]
static const uint8_t slots[16][INDEX_MAX + 1] = {
#define VMCS_FIELD(encoding, symbol, member, name) SLOT(encoding) = VMCS_I_##symbol + 1,
#include "vmx/vmcs.def"
#undef VMCS_FIELD
};

int vmcs_index(uint64_t encoding)
{
	bool high = encoding & 1;
	if ((encoding & ~(BITS(14, 13) | BITS(11, 0))) || FIELD(encoding, 9, 1) > INDEX_MAX)
		return -1;
	if (high && FIELD(encoding, 14, 13) != WIDTH_64)
		return -1;
	return slots SLOT(encoding) - 1;
}

const char *vmcs_field_name(enum vmcs_index index)
{
	return fields[index].name;
}

uint16_t vmcs_field_encoding(enum vmcs_index index)
{
	return fields[index].encoding;
}

bool vmcs_is_read_only(uint64_t encoding)
{
	return FIELD(encoding, 11, 10) == TYPE_READ_ONLY;
}

uint64_t vmcs_width_mask(uint64_t encoding)
{
	static const uint64_t mask[4] = {0xffff, ~0ull, 0xffffffff, ~0ull};
	return mask[FIELD(encoding, 14, 13)];
}

uint64_t vmcs_get(const struct vmcs *vmcs, int index, uint64_t encoding)
{
	uint64_t value = vmcs->field[index];
	return encoding & 1 ? value >> 32 : value;
}

void vmcs_set(struct vmcs *vmcs, int index, uint64_t encoding, uint64_t value)
{
	if (encoding & 1)
		value = (vmcs->field[index] & 0xffffffff) | value << 32;
	vmcs->field[index] = value & vmcs_width_mask(encoding);
}

uint32_t vmcs_region_revision(const struct mem *mem, uint64_t region)
{
	uint32_t revision;
	if (!mem_read_bytes(mem, HPA(region + VMCS_OFFSET_REVISION), &revision, sizeof(revision)))
		return ~0u;
	return revision;
}

void vmcs_region_load(const struct mem *mem, uint64_t region, struct vmcs *vmcs)
{
	uint32_t launch;
	if (!mem_read_bytes(mem, HPA(region + VMCS_OFFSET_FIELDS), vmcs->field, sizeof(vmcs->field)) ||
	    !mem_read_bytes(mem, HPA(region + VMCS_OFFSET_LAUNCH), &launch, sizeof(launch))) {
		for (unsigned i = 0; i < VMCS_FIELDS; i++)
			vmcs->field[i] = ~0ull;
		launch = ~0u;
	}
	for (unsigned i = 0; i < VMCS_FIELDS; i++)
		vmcs->field[i] &= vmcs_width_mask(fields[i].encoding);
	vmcs->launched = launch == 1;
}

void vmcs_region_store(struct mem *mem, uint64_t region, const struct vmcs *vmcs)
{
	mem_write_bytes(mem, HPA(region + VMCS_OFFSET_FIELDS), vmcs->field, sizeof(vmcs->field));
	vmcs_region_set_launch(mem, region, vmcs->launched);
}

void vmcs_region_set_launch(struct mem *mem, uint64_t region, bool launched)
{
	uint32_t value = launched;
	mem_write_bytes(mem, HPA(region + VMCS_OFFSET_LAUNCH), &value, sizeof(value));
}

void vmcs_region_set_abort(struct mem *mem, uint64_t region, enum vmx_abort indicator)
{
	uint32_t value = indicator;
	mem_write_bytes(mem, HPA(region + VMCS_OFFSET_ABORT), &value, sizeof(value));
}
