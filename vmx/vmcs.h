/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual-machine control structure (SDM 3C, "Virtual-Machine Control Structures"). The current VMCS is held decoded, one
 * plain member a field; VMCLEAR and VMPTRLD write it to its region in memory and back, in this layout:
 *
 *     0    revision identifier (31 bits)      4    VMX-abort indicator
 *     8    launch state (1: launched)         64   the fields, in encoding order, 8 bytes each
 *
 * So a store to the region of the current VMCS changes nothing, and one to another region may change its fields to other bits, as
 * the SDM allows; the width of each field is enforced when it is read back. Left out: shadow VMCSs.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "mmu/mem.h"

#define VMCS_REVISION 0x00767478u /* any 31-bit number */
#define VMCS_NONE (~0ull)	  /* the current-VMCS pointer when there is none */

/* encodings, with access type full */
enum vmcs_encoding {
#define VMCS_FIELD(encoding, symbol, member, name) VMCS_##symbol = encoding,
#include "vmx/vmcs.def"
#undef VMCS_FIELD
};

/* positions in struct vmcs */
enum vmcs_index {
#define VMCS_FIELD(encoding, symbol, member, name) VMCS_I_##symbol,
#include "vmx/vmcs.def"
#undef VMCS_FIELD
	VMCS_FIELDS
};

struct vmcs {
	union {
		struct {
#define VMCS_FIELD(encoding, symbol, member, name) uint64_t member;
#include "vmx/vmcs.def"
#undef VMCS_FIELD
		};
		uint64_t field[VMCS_FIELDS];
	};
	bool launched;
};

enum vmcs_layout {
	VMCS_OFFSET_REVISION = 0,
	VMCS_OFFSET_ABORT = 4,
	VMCS_OFFSET_LAUNCH = 8,
	VMCS_OFFSET_FIELDS = 64,
};

/* VMX-abort indicators (SDM 3C, "VMX Aborts") */
enum vmx_abort {
	VMX_ABORT_SAVE_MSRS = 1,
	VMX_ABORT_HOST_PDPTE = 2,
	VMX_ABORT_VMCS_CORRUPT = 3,
	VMX_ABORT_LOAD_MSRS = 4,
	VMX_ABORT_MACHINE_CHECK = 5,
	VMX_ABORT_IA32E = 6, /* in IA-32e mode, and "host address-space size" is 0 */
};

/* The position of a field by encoding (full or high access), or -1 if the VMCS has no such field. */
int vmcs_index(uint64_t encoding);
const char *vmcs_field_name(enum vmcs_index index);
uint16_t vmcs_field_encoding(enum vmcs_index index);
bool vmcs_is_read_only(uint64_t encoding);
/* The bits that a field has: 16, 32 or 64. */
uint64_t vmcs_width_mask(uint64_t encoding);

/* VMREAD and VMWRITE of a field that exists, honouring the access type; a value wider than the field loses its upper bits. */
uint64_t vmcs_get(const struct vmcs *vmcs, int index, uint64_t encoding);
void vmcs_set(struct vmcs *vmcs, int index, uint64_t encoding, uint64_t value);

/* The region in memory. The address is 4-KiB aligned; what lies outside RAM reads as all ones and swallows writes. */
uint32_t vmcs_region_revision(const struct mem *mem, uint64_t region);
void vmcs_region_load(const struct mem *mem, uint64_t region, struct vmcs *vmcs);
void vmcs_region_store(struct mem *mem, uint64_t region, const struct vmcs *vmcs);
void vmcs_region_set_launch(struct mem *mem, uint64_t region, bool launched);
void vmcs_region_set_abort(struct mem *mem, uint64_t region, enum vmx_abort indicator);

#endif
