/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMX instructions and VMXON (SDM 3C, "Enabling and Entering VMX Operation", "VMX Instruction Reference"). */
#include "vmx.h"
#include "fault.h"
#include "vmcs_field.h"

static u64 vmxon_region[512] __attribute__((aligned(4096)));

/* Before the instruction: where a fault of it ends. After it: the two flags that are its result. */
#define GUARD "movq $1f, fault_resume\n\t"
#define RESULT "\n1:\tsetc %[c]\n\tsetz %[z]\n\tmovq $0, fault_resume"

static unsigned result(u8 carry, u8 zero)
{
	u64 number = 0;
	if (fault_vector != FAULT_NONE) {
		unsigned vector = (unsigned)fault_vector;
		fault_vector = FAULT_NONE;
		return VMX_FAULT + vector;
	}
	if (carry)
		return VMX_INVALID;
	if (!zero)
		return VMX_OK;
	asm volatile("vmread %1, %0" : "=r"(number) : "r"((u64)INSN_ERROR) : "cc");
	return (unsigned)number;
}

#define POINTER_INSN(name, text)                                                                                                           \
	unsigned name(const u64 *p)                                                                                                        \
	{                                                                                                                                  \
		u8 c, z;                                                                                                                   \
		asm volatile(GUARD text " %[p]" RESULT : [c] "=qm"(c), [z] "=qm"(z) : [p] "m"(*p) : "cc", "memory");                       \
		return result(c, z);                                                                                                       \
	}
POINTER_INSN(vmx_on, "vmxon")
POINTER_INSN(vmx_clear, "vmclear")
POINTER_INSN(vmx_load, "vmptrld")

unsigned vmx_off(void)
{
	u8 c, z;
	asm volatile(GUARD "vmxoff" RESULT : [c] "=qm"(c), [z] "=qm"(z) : : "cc", "memory");
	return result(c, z);
}

unsigned vmx_store(u64 *p)
{
	u8 c, z;
	asm volatile(GUARD "vmptrst %[p]" RESULT : [c] "=qm"(c), [z] "=qm"(z), [p] "=m"(*p) : : "cc", "memory");
	return result(c, z);
}

#define INVALIDATION(name, text)                                                                                                           \
	unsigned name(u64 type, const u64 descriptor[2])                                                                                   \
	{                                                                                                                                  \
		u8 c, z;                                                                                                                   \
		asm volatile(GUARD text " %[d], %[t]" RESULT                                                                               \
			     : [c] "=qm"(c), [z] "=qm"(z)                                                                                  \
			     : [d] "m"(*(const u64(*)[2])descriptor), [t] "r"(type)                                                        \
			     : "cc", "memory");                                                                                            \
		return result(c, z);                                                                                                       \
	}
INVALIDATION(vmx_invept, "invept")
INVALIDATION(vmx_invvpid, "invvpid")

unsigned vmx_read(u64 field, u64 *value)
{
	u8 c, z;
	u64 v = *value;
	asm volatile(GUARD "vmread %[f], %[v]" RESULT : [c] "=qm"(c), [z] "=qm"(z), [v] "+r"(v) : [f] "r"(field) : "cc", "memory");
	*value = v;
	return result(c, z);
}

unsigned vmx_write(u64 field, u64 value)
{
	u8 c, z;
	asm volatile(GUARD "vmwrite %[v], %[f]" RESULT : [c] "=qm"(c), [z] "=qm"(z) : [v] "r"(value), [f] "r"(field) : "cc", "memory");
	return result(c, z);
}

u32 vmx_revision(void)
{
	return (u32)rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
}

void vmx_region_init(u64 *region)
{
	for (unsigned i = 0; i < 512; i++)
		region[i] = 0;
	region[0] = vmx_revision();
}

static bool fixed(u64 value, u32 fixed0, u32 fixed1)
{
	return (value & rdmsr(fixed0)) == rdmsr(fixed0) && (value & ~rdmsr(fixed1)) == 0;
}

const char *vmx_enter(void)
{
	u32 r[4];
	u64 pointer = (u64)vmxon_region;

	cpuid(1, 0, r);
	if (!(r[2] & 1u << 5))
		return "CPUID does not report VMX";
	if (!(rdmsr(MSR_FEATURE_CONTROL) & 1))
		wrmsr(MSR_FEATURE_CONTROL, 5); /* lock, VMX outside SMX operation */
	if (!(rdmsr(MSR_FEATURE_CONTROL) & 4))
		return "IA32_FEATURE_CONTROL is locked without VMX";
	write_cr0(read_cr0() | CR0_NE | CR0_WP);
	write_cr4(read_cr4() | CR4_VMXE);
	if (!fixed(read_cr0(), 0x486, 0x487) || !fixed(read_cr4(), 0x488, 0x489))
		return "CR0 or CR4 has not the values that VMX operation needs";
	vmx_region_init(vmxon_region);
	return vmx_on(&pointer) == VMX_OK ? NULL : "VMXON failed";
}
