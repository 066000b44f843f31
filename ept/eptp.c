/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EPT pointer: validity, decoding, and the hooks that vmx has for EPT. */
#include "ept/eptp.h"

#include "ept/violation.h"
#include "ept/walk.h"

#define ABOVE_MAXPHYADDR BITS(51, MAXPHYADDR)

static uint64_t capabilities(void)
{
	uint64_t cap = 0;
	vmx_msr_read(MSR_VMX_EPT_VPID_CAP, &cap);
	return cap;
}

bool eptp_valid(uint64_t eptp)
{
	uint64_t cap = capabilities(), type = eptp & EPTP_MEMTYPE, length = FIELD(eptp, 5, EPTP_WALK_SHIFT);
	bool type_ok = (type == MEMTYPE_UC && cap & EPT_CAP_UC) || (type == MEMTYPE_WB && cap & EPT_CAP_WB);
	bool length_ok = (length == 3 && cap & EPT_CAP_4_LEVEL) || (length == 4 && cap & EPT_CAP_5_LEVEL);
	uint64_t reserved = BITS(11, 7) | BITS(63, MAXPHYADDR) | (cap & EPT_CAP_AD ? 0 : EPTP_AD);
	return type_ok && length_ok && !(eptp & reserved);
}

/* Rights that are misconfigured: writable but not readable; executable but not readable, where that is not supported. */
static uint32_t misplaced(bool mbec, bool exec_only)
{
	uint32_t mask = 0;
	for (unsigned rights = 0; rights < 16; rights++) {
		bool fetch = rights & EPTE_X || (mbec && rights & 8);
		if (!(rights & EPTE_R) && (rights & EPTE_W || (fetch && !exec_only)))
			mask |= 1u << rights;
	}
	return mask;
}

void ept_decode(struct ept *ept, uint64_t eptp, bool mbec, bool exec_only)
{
	ept->root = eptp & BITS(MAXPHYADDR - 1, 12);
	ept->levels = (uint8_t)(FIELD(eptp, 5, EPTP_WALK_SHIFT) + 1);
	ept->width = ept->levels == 5 ? 57 : 48;
	ept->ad = eptp & EPTP_AD;
	ept->mbec = mbec;
	ept->present = EPTE_RWX | (mbec ? EPTE_XU : 0);
	ept->misplaced = misplaced(mbec, exec_only);
	for (unsigned level = 1; level <= LEVELS_MAX; level++) {
		ept->reserved[level] = ABOVE_MAXPHYADDR | (level >= 4 ? BITS(7, 3) : BITS(6, 3));
		ept->reserved_leaf[level] = ABOVE_MAXPHYADDR;
	}
	ept->reserved_leaf[2] |= BITS(20, 12);
	ept->reserved_leaf[3] |= BITS(29, 12);
}

static bool hook_valid(const struct cpu *cpu, uint64_t eptp)
{
	(void)cpu;
	return eptp_valid(eptp);
}

static void hook_use(struct cpu *cpu, uint64_t eptp, uint16_t vpid)
{
	struct ept *ept = cpu->vmx->hooks.ept;
	ept_decode(ept, eptp, vmx_proc2(cpu->vmx, CTL(PROC2, MBEC)), capabilities() & EPT_CAP_EXEC_ONLY);
	mmu_set_context(&cpu->mmu, vpid, ept->root | EPTRTA_EPT, ept_translate, ept);
}

void ept_attach(struct ept *ept, struct cpu *cpu)
{
	*ept = (struct ept){.cpu = cpu};
	cpu->vmx->hooks.ept = ept;
	cpu->vmx->hooks.ept_valid = hook_valid;
	cpu->vmx->hooks.ept_use = hook_use;
	cpu->vmx->hooks.ept_failed = ept_failed;
}
