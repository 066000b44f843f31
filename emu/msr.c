/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of MSRs (SDM 4, "Architectural MSRs"; 3A, "Memory Type Range Registers", "Page Attribute Table", "Extended Feature Enable
 * Register"; 3B, "IA32_TSC_ADJUST MSR"). Memory types are stored and checked, not modelled. LIMIT: IA32_DEBUGCTL has no bits: no LBR, no
 * BTF.
 */
#include "emu/msr.h"

#include "vmx/offer.h"
#include "vmx/intercept.h"
#include "vmx/msr.h"

#include <string.h>

#define MSR_X2APIC_FIRST 0x800u
#define MSR_X2APIC_LAST 0x8ffu
#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u

#define MTRRCAP_VCNT 10ull
#define MTRRCAP_FIX BIT(8)
#define MTRRCAP_WC BIT(10)
#define MICROCODE_REVISION 1ull /* in bits 63:32 of IA32_BIOS_SIGN_ID */

typedef bool check_fn(struct cpu *cpu, uint64_t *value); /* may change what is stored */
typedef bool read_fn(struct cpu *cpu, struct bus *bus, uint64_t *value);
typedef bool write_fn(struct cpu *cpu, struct bus *bus, uint64_t value);

struct row {
	const char *name;
	size_t field; /* offset in struct cpu, if check is set */
	check_fn *check;
	read_fn *read;
	write_fn *write;
};

static bool check_any(struct cpu *cpu, uint64_t *value)
{
	(void)cpu, (void)value;
	return true;
}

static bool check_zero(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return *value == 0;
}

/* 32-bit registers: the upper half is not kept */
static bool check_low_half(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	*value = (uint32_t)*value;
	return true;
}

static bool check_canonical(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return is_canonical(*value, LINEAR_WIDTH);
}

static bool check_tsc_aux(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return !(*value >> 32);
}

static bool check_mcg_status(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return !(*value & ~BITS(2, 0));
}

/* The bits that say what is unavailable are read-only. */
static bool check_misc_enable(struct cpu *cpu, uint64_t *value)
{
	const uint64_t fixed = MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE;
	const uint64_t writable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_MONITOR | MISC_ENABLE_LIMIT_CPUID | MISC_ENABLE_XD_DISABLE;

	if (*value & ~(writable | fixed))
		return false;
	*value = (*value & writable) | (cpu->misc_enable & fixed);
	return true;
}

static bool mtrr_type(uint64_t type)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

static bool check_mtrr_types(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	for (unsigned i = 0; i < 8; i++)
		if (!mtrr_type((uint8_t)(*value >> (8 * i))))
			return false;
	return true;
}

static bool check_mtrr_base(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return mtrr_type((uint8_t)*value) && !(*value & (BITS(11, 8) | BITS(63, MAXPHYADDR)));
}

static bool check_mtrr_mask(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return !(*value & (BITS(10, 0) | BITS(63, MAXPHYADDR)));
}

static bool check_mtrr_def_type(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	return mtrr_type((uint8_t)*value) && !(*value & ~(BITS(7, 0) | BITS(11, 10)));
}

/* as for MTRRs, and UC- */
static bool check_pat(struct cpu *cpu, uint64_t *value)
{
	(void)cpu;
	for (unsigned i = 0; i < 8; i++) {
		const uint8_t type = (uint8_t)(*value >> (8 * i));

		if (!mtrr_type(type) && type != 7)
			return false;
	}
	return true;
}

static bool read_zero(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)cpu, (void)bus;
	*value = 0;
	return true;
}

static bool write_never(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	(void)cpu, (void)bus, (void)value;
	return false;
}

static bool write_ignored(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	(void)cpu, (void)bus, (void)value;
	return true;
}

static bool read_microcode(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)cpu, (void)bus;
	*value = MICROCODE_REVISION << 32;
	return true;
}

static bool read_mtrrcap(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)cpu, (void)bus;
	*value = MTRRCAP_VCNT | MTRRCAP_FIX | MTRRCAP_WC;
	return true;
}

static bool read_bus(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)cpu;
	return bus_rdmsr(bus, MSR_APIC_BASE, value);
}

static bool write_apic_base(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	return bus_wrmsr(bus, MSR_APIC_BASE, value) && bus_rdmsr(bus, MSR_APIC_BASE, &cpu->apic_base);
}

static bool read_feature_control(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)bus;
	*value = cpu->feature_control;
	return cpu->vmx;
}

static bool write_feature_control(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	(void)bus;
	if (!cpu->vmx || (cpu->feature_control & FEATURE_CONTROL_LOCK) || (value & ~(FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX)))
		return false;
	cpu->feature_control = value;
	return true;
}

/*
 * The local APIC compares its deadline with the clock, software gives it in terms of the TSC: they differ by IA32_TSC_ADJUST.
 */
static bool read_tsc_deadline(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	if (!bus_rdmsr(bus, MSR_TSC_DEADLINE, value))
		return false;
	if (*value)
		*value += cpu->tsc_adjust;
	return true;
}

/* A deadline that has passed fires at once: clock 1 stands for the past, since 0 disarms. */
static bool write_tsc_deadline(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	if (value)
		value = value <= msr_tsc(cpu) ? 1 : value - cpu->tsc_adjust;
	return bus_wrmsr(bus, MSR_TSC_DEADLINE, value);
}

static bool read_tsc(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)bus;
	*value = vmx_visible_tsc(cpu, msr_tsc(cpu));
	return true;
}

static bool read_tsc_adjust(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)bus;
	*value = cpu->tsc_adjust;
	return true;
}

/* An armed deadline stays where it is in terms of the TSC. */
static bool write_tsc_adjust(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	uint64_t deadline;
	const bool armed = read_tsc_deadline(cpu, bus, &deadline) && deadline;

	cpu->tsc_adjust = value;
	return !armed || write_tsc_deadline(cpu, bus, deadline);
}

/* Writing the TSC adds the same amount to IA32_TSC_ADJUST, and the other way round: their difference is the clock, always. */
static bool write_tsc(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	return write_tsc_adjust(cpu, bus, value - cpu->clock);
}

static bool read_efer(struct cpu *cpu, struct bus *bus, uint64_t *value)
{
	(void)bus;
	*value = cpu->efer;
	return true;
}

/* LMA is the processor's own: writes to it are ignored. */
static bool write_efer(struct cpu *cpu, struct bus *bus, uint64_t value)
{
	(void)bus;
	if (value & ~EFER_OFFERED)
		return false;
	if (((value ^ cpu->efer) & EFER_LME) && (cpu->cr0 & CR0_PG))
		return false;
	if ((value & EFER_NXE) && (cpu->misc_enable & MISC_ENABLE_XD_DISABLE))
		return false;
	cpu->efer = (value & ~EFER_LMA) | (cpu->efer & EFER_LMA);
	cpu_paging_changed(cpu);
	return true;
}

enum row_number {
#define MSR_STORED(index, name, field, check) ROW_##name,
#define MSR_CODE(index, name, read, write) ROW_##name,
#include "emu/msr.def"
#undef MSR_STORED
#undef MSR_CODE
};

static const struct row rows[] = {
#define MSR_STORED(index, name, field, check) {#name, offsetof(struct cpu, field), check, NULL, NULL},
#define MSR_CODE(index, name, read, write) {#name, 0, NULL, read, write},
#include "emu/msr.def"
#undef MSR_STORED
#undef MSR_CODE
};

static const struct row *find(uint32_t index)
{
	switch (index) {
#define MSR_STORED(index, name, field, check)                                                                                              \
	case index:                                                                                                                        \
		return &rows[ROW_##name];
#define MSR_CODE(index, name, read, write)                                                                                                 \
	case index:                                                                                                                        \
		return &rows[ROW_##name];
#include "emu/msr.def"
#undef MSR_STORED
#undef MSR_CODE
	default:
		return NULL;
	}
}

const char *msr_name(uint32_t index)
{
	const struct row *row = find(index);

	return row ? row->name : NULL;
}

static bool is_x2apic(uint32_t index)
{
	return index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST;
}

bool msr_read(struct cpu *cpu, struct bus *bus, uint32_t index, uint64_t *value)
{
	const struct row *row = find(index);

	if (!row && cpu->vmx && vmx_msr_read(index, value))
		return true;
	if (!row)
		return is_x2apic(index) && bus_rdmsr(bus, index, value);
	if (row->read)
		return row->read(cpu, bus, value);
	memcpy(value, (const char *)cpu + row->field, sizeof *value);
	return true;
}

bool msr_write(struct cpu *cpu, struct bus *bus, uint32_t index, uint64_t value)
{
	const struct row *row = find(index);

	if (!row)
		return is_x2apic(index) && bus_wrmsr(bus, index, value);
	if (row->write)
		return row->write(cpu, bus, value);
	if (!row->check(cpu, &value))
		return false;
	memcpy((char *)cpu + row->field, &value, sizeof value);
	return true;
}
