/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MSR areas of VM entry and VM exit: lists of 16-byte entries {index, reserved, value} (SDM 3C, "Loading MSRs", "Saving MSRs").
 * CHOICE: an area longer than IA32_VMX_MISC recommends (512 entries) fails at entry 513; the SDM leaves its effect open.
 */
#include "vmx/exit.h"

#include "vmx/offer.h"

enum {
	MSR_BIOS_UPDT_TRIG = 0x79,
	MSR_SMM_MONITOR_CTL = 0x9b,
	MSR_SMBASE = 0x9e,
	MSR_X2APIC_GROUP = 0x800 >> 8,
	ENTRY_SIZE = 16,
};
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define APIC_BASE_X2APIC BIT(10)

static bool read_entry(const struct cpu *cpu, uint64_t address, uint32_t number, struct msr_entry *entry)
{
	uint64_t at = address + (uint64_t)number * ENTRY_SIZE;
	vmx_touch(cpu, at, ENTRY_SIZE);
	return mem_read_bytes(cpu->mem, HPA(at), entry, sizeof(*entry));
}

static bool is_x2apic(const struct cpu *cpu, uint32_t index)
{
	return index >> 8 == MSR_X2APIC_GROUP && (cpu->apic_base & APIC_BASE_X2APIC);
}

/* NULL: loaded; else what the SDM demands of the entry. */
static const char *load_one(struct cpu *cpu, const struct msr_entry *e)
{
	if (e->index == MSR_FS_BASE || e->index == MSR_GS_BASE)
		return "bits 31:0 must be neither C0000100H (IA32_FS_BASE) nor C0000101H (IA32_GS_BASE)";
	if (is_x2apic(cpu, e->index))
		return "bits 31:8 must not be 000008H while the local APIC is in x2APIC mode";
	if (e->index == MSR_SMM_MONITOR_CTL)
		return "the MSR must not be one that can be written only in SMM";
	if (e->index == MSR_BIOS_UPDT_TRIG)
		return "the MSR must not be one that cannot be loaded on VM entries for model-specific reasons";
	if (e->reserved)
		return "bits 63:32 must be 0";
	if (!cpu->vmx->hooks.wrmsr || !cpu->vmx->hooks.wrmsr(cpu, e->index, e->value))
		return "WRMSR of the value to the MSR must not cause a general-protection exception";
	return NULL;
}

static bool store_one(struct cpu *cpu, struct msr_entry *e)
{
	if (e->index == MSR_SMBASE || e->reserved || is_x2apic(cpu, e->index) || !cpu->vmx->hooks.rdmsr)
		return false;
	return cpu->vmx->hooks.rdmsr(cpu, e->index, &e->value);
}

uint32_t msr_area_load(struct cpu *cpu, uint64_t address, uint64_t count, struct msr_entry *entry, const char **why)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i >= VMX_MSR_LIST_MAX)
			*why = "there must be no more entries than IA32_VMX_MISC recommends (512)";
		else if (!read_entry(cpu, address, i, entry))
			*why = "the entry must lie in memory";
		else
			*why = load_one(cpu, entry);
		if (*why)
			return i + 1;
	}
	return 0;
}

uint32_t msr_area_store(struct cpu *cpu, uint64_t address, uint64_t count)
{
	struct msr_entry entry;
	for (uint32_t i = 0; i < count; i++) {
		if (i >= VMX_MSR_LIST_MAX || !read_entry(cpu, address, i, &entry) || !store_one(cpu, &entry))
			return i + 1;
		hpa_t value = HPA(address + (uint64_t)i * ENTRY_SIZE + 8);
		if (!mem_write_bytes(cpu->mem, value, &entry.value, sizeof(entry.value)))
			return i + 1;
	}
	return 0;
}
