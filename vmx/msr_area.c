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

struct msr_entry {
	uint32_t index, reserved;
	uint64_t value;
};

static bool read_entry(const struct cpu *cpu, uint64_t address, uint32_t number, struct msr_entry *entry)
{
	return mem_read_bytes(cpu->mem, HPA(address + (uint64_t)number * ENTRY_SIZE), entry, sizeof(*entry));
}

static bool is_x2apic(const struct cpu *cpu, uint32_t index)
{
	return index >> 8 == MSR_X2APIC_GROUP && (cpu->apic_base & APIC_BASE_X2APIC);
}

static bool load_one(struct cpu *cpu, const struct msr_entry *e)
{
	if (e->index == MSR_FS_BASE || e->index == MSR_GS_BASE || e->index == MSR_SMM_MONITOR_CTL || e->index == MSR_BIOS_UPDT_TRIG)
		return false;
	if (e->reserved || is_x2apic(cpu, e->index) || !cpu->vmx->hooks.wrmsr)
		return false;
	return cpu->vmx->hooks.wrmsr(cpu, e->index, e->value);
}

static bool store_one(struct cpu *cpu, struct msr_entry *e)
{
	if (e->index == MSR_SMBASE || e->reserved || is_x2apic(cpu, e->index) || !cpu->vmx->hooks.rdmsr)
		return false;
	return cpu->vmx->hooks.rdmsr(cpu, e->index, &e->value);
}

uint32_t msr_area_load(struct cpu *cpu, uint64_t address, uint64_t count)
{
	struct msr_entry entry;
	for (uint32_t i = 0; i < count; i++)
		if (i >= VMX_MSR_LIST_MAX || !read_entry(cpu, address, i, &entry) || !load_one(cpu, &entry))
			return i + 1;
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
