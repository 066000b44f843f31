/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID (SDM 2A, "CPUID"): rows of cpuid.def, features added, then what follows the state: OSXSAVE, OSPKE, APIC, VMX, MONITOR, SYSCALL, NX
 * and the size of the XSAVE area. A leaf out of range gives the data of the highest basic leaf.
 */
#include "emu/cpuid.h"

#include "emu/bus.h"
#include "emu/xsave.h"
#include "vmx/offer.h"

#define CPUID_BASIC_LAST 0x16u
#define CPUID_EXTENDED 0x80000000u
#define CPUID_EXTENDED_LAST 0x80000008u
#define CPUID_LIMITED_LAST 0x2u /* with IA32_MISC_ENABLE's limit */
#define ANY ~0u			/* the leaf does not look at ECX */

#define CPUID1_ECX_MONITOR BIT(3)
#define CPUID1_ECX_VMX BIT(5)
#define CPUID1_ECX_OSXSAVE BIT(27)
#define CPUID1_EDX_APIC BIT(9)
#define CPUID7_ECX_OSPKE BIT(4)
#define CPUID_EXT1_EDX_SYSCALL BIT(11)
#define CPUID_EXT1_EDX_NX BIT(20)

enum { EAX, EBX, ECX, EDX, REGISTERS };

struct leaf_row {
	uint32_t leaf, subleaf, reg[REGISTERS];
};

struct feature_row {
	uint32_t leaf, subleaf;
	uint8_t reg, bit;
};

static const struct leaf_row leaves[] = {
#define LEAF(leaf, subleaf, eax, ebx, ecx, edx) {leaf, subleaf, {eax, ebx, ecx, edx}},
#define FEATURE(leaf, subleaf, reg, bit, symbol)
#include "emu/cpuid.def"
#undef LEAF
#undef FEATURE
};

static const struct feature_row features[] = {
#define LEAF(leaf, subleaf, eax, ebx, ecx, edx)
#define FEATURE(leaf, subleaf, reg, bit, symbol) {leaf, subleaf, reg, bit},
#include "emu/cpuid.def"
#undef LEAF
#undef FEATURE
};

static uint32_t in_range(const struct cpu *cpu, uint32_t leaf)
{
	const uint32_t last = cpu->misc_enable & MISC_ENABLE_LIMIT_CPUID ? CPUID_LIMITED_LAST : CPUID_BASIC_LAST;

	return leaf <= last || (leaf >= CPUID_EXTENDED && leaf <= CPUID_EXTENDED_LAST) ? leaf : last;
}

/* The constant part. A leaf in range without a row is all zeros. */
static void read_table(uint32_t leaf, uint32_t subleaf, uint32_t reg[REGISTERS])
{
	for (unsigned i = 0; i < ARRAY_LEN(leaves); i++)
		if (leaves[i].leaf == leaf && (leaves[i].subleaf == ANY || leaves[i].subleaf == subleaf))
			for (unsigned r = 0; r < REGISTERS; r++)
				reg[r] = leaves[i].reg[r];
	for (unsigned i = 0; i < ARRAY_LEN(features); i++)
		if (features[i].leaf == leaf && (features[i].subleaf == ANY || features[i].subleaf == subleaf))
			reg[features[i].reg] |= 1u << features[i].bit;
}

static void add(uint32_t *reg, uint64_t bit, bool set)
{
	if (set)
		*reg |= (uint32_t)bit;
}

static void add_state(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t reg[REGISTERS])
{
	switch (leaf) {
	case 0:
		reg[EAX] = in_range(cpu, CPUID_BASIC_LAST);
		break;
	case 1:
		add(&reg[ECX], CPUID1_ECX_MONITOR, cpu->misc_enable & MISC_ENABLE_MONITOR);
		add(&reg[ECX], CPUID1_ECX_VMX, cpu->vmx);
		add(&reg[ECX], CPUID1_ECX_OSXSAVE, cpu->cr4 & CR4_OSXSAVE);
		add(&reg[EDX], CPUID1_EDX_APIC, cpu->apic_base & APIC_BASE_ENABLE);
		break;
	case 7:
		add(&reg[ECX], CPUID7_ECX_OSPKE, subleaf == 0 && (cpu->cr4 & CR4_PKE));
		break;
	case 0xb: /* ECX[7:0] is always the subleaf asked for */
		reg[ECX] |= (uint8_t)subleaf;
		break;
	case 0xd: /* the area for the components enabled in XCR0 */
		if (subleaf == 0)
			reg[EBX] = cpu->xcr0 & XCR0_PKRU ? XSAVE_PKRU_OFFSET + XSAVE_PKRU_SIZE : XSAVE_MIN_SIZE;
		break;
	case 0x80000001:
		add(&reg[EDX], CPUID_EXT1_EDX_SYSCALL, cpu_64bit(cpu));
		add(&reg[EDX], CPUID_EXT1_EDX_NX, !(cpu->misc_enable & MISC_ENABLE_XD_DISABLE));
		break;
	default:
		break;
	}
}

struct cpuid cpuid_read(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
	uint32_t reg[REGISTERS] = {0};

	leaf = in_range(cpu, leaf);
	read_table(leaf, subleaf, reg);
	add_state(cpu, leaf, subleaf, reg);
	return (struct cpuid){reg[EAX], reg[EBX], reg[ECX], reg[EDX]};
}
