/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exit handlers that the built-in VMMs have in common: CPUID, I/O, MSRs, HLT, control registers, XSETBV, external interrupts. A VMM
 * replaces the rows that concern its paging. Reasons that the common controls never cause end the run with a clear line.
 */
#include "vmx/vmm_handlers.h"

#include "vmx/debug.h"
#include "vmx/intercept_cr.h"
#include "vmx/memop.h"
#include "vmx/offer.h"

#define CPUID1_ECX_VMX ((uint32_t)BIT(5))
#define CPUID1_ECX_OSXSAVE ((uint32_t)BIT(27))
#define CPUID7_ECX_PKU ((uint32_t)BIT(3)) /* 0 where another leaf stands in for 7 */
#define CPUID7_ECX_OSPKE ((uint32_t)BIT(4))
#define CPUID_EXT1_EDX_SYSCALL ((uint32_t)BIT(11))

static uint64_t edx_eax(const struct cpu *cpu)
{
	return cpu->gpr[RDX] << 32 | (uint32_t)cpu->gpr[RAX];
}

static enum vmm_result inject_gp(struct vmm *vmm)
{
	bool protected = vmm_read(vmm, GUEST_CR0) & CR0_PE;
	vmm_inject(vmm, VEC_GP, protected, 0);
	return VMM_RETRY;
}

static enum vmm_result inject_ud(struct vmm *vmm)
{
	vmm_inject(vmm, VEC_UD, false, 0);
	return VMM_RETRY;
}

static enum vmm_result unexpected(struct vmm *vmm)
{
	unsigned reason = vmm_read(vmm, EXIT_REASON) & 0xffff;
	return vmm_stop(vmm, "%s VMM: unexpected VM exit %s (%u), qualification 0x%llx", vmm->name, exit_name(reason), reason,
			(unsigned long long)vmm_read(vmm, EXIT_QUALIFICATION));
}

static enum vmm_result skip(struct vmm *vmm)
{
	(void)vmm;
	return VMM_RESUME;
}

static enum vmm_result triple_fault(struct vmm *vmm)
{
	(void)vmm;
	return VMM_DOWN;
}

static bool in_64bit_code(struct vmm *vmm)
{
	return (vmm_read(vmm, ENTRY_CONTROLS) & CTL(ENTRY, GUEST_64)) && (vmm_read(vmm, GUEST_CS_AR) & AR_L);
}

static void put_bit(uint32_t *reg, uint32_t bit, bool value)
{
	*reg = value ? *reg | bit : *reg & ~bit;
}

/* CPUID sees the VMM's CR4 and mode: what follows from them is the guest's to have, and it has no VMX. */
static void cpuid_of_guest(struct vmm *vmm, uint32_t leaf, uint32_t reg[4])
{
	if (leaf == 1) {
		put_bit(&reg[2], CPUID1_ECX_VMX, false);
		put_bit(&reg[2], CPUID1_ECX_OSXSAVE, vmm_read(vmm, GUEST_CR4) & CR4_OSXSAVE);
	} else if (leaf == 7 && !(uint32_t)vmm->cpu->gpr[RCX]) {
		put_bit(&reg[2], CPUID7_ECX_OSPKE, (reg[2] & CPUID7_ECX_PKU) && (vmm_read(vmm, GUEST_CR4) & CR4_PKE));
	} else if (leaf == 0x80000001u) {
		put_bit(&reg[3], CPUID_EXT1_EDX_SYSCALL, in_64bit_code(vmm));
	}
}

static enum vmm_result cpuid(struct vmm *vmm)
{
	struct cpu *cpu = vmm->cpu;
	uint32_t leaf = (uint32_t)cpu->gpr[RAX], reg[4] = {0};
	if (vmm->devices.cpuid)
		vmm->devices.cpuid(vmm->devices.ctx, leaf, (uint32_t)cpu->gpr[RCX], reg);
	cpuid_of_guest(vmm, leaf, reg);
	cpu->gpr[RAX] = reg[0];
	cpu->gpr[RBX] = reg[1];
	cpu->gpr[RCX] = reg[2];
	cpu->gpr[RDX] = reg[3];
	return VMM_RESUME;
}

static bool is_vmx_msr(uint32_t msr)
{
	return msr == VMM_MSR_FEATURE_CONTROL || (msr >= MSR_VMX_BASIC && msr <= MSR_VMX_VMFUNC);
}

static enum vmm_result rdmsr(struct vmm *vmm)
{
	struct cpu *cpu = vmm->cpu;
	uint32_t msr = (uint32_t)cpu->gpr[RCX];
	uint64_t value;
	if (is_vmx_msr(msr) || !vmm->devices.rdmsr || !vmm->devices.rdmsr(vmm->devices.ctx, msr, &value))
		return inject_gp(vmm);
	cpu->gpr[RAX] = (uint32_t)value;
	cpu->gpr[RDX] = value >> 32;
	return VMM_RESUME;
}

static enum vmm_result wrmsr(struct vmm *vmm)
{
	struct cpu *cpu = vmm->cpu;
	uint32_t msr = (uint32_t)cpu->gpr[RCX];
	if (is_vmx_msr(msr) || !vmm->devices.wrmsr || !vmm->devices.wrmsr(vmm->devices.ctx, msr, edx_eax(cpu)))
		return inject_gp(vmm);
	return VMM_RESUME;
}

/* The guest waits in its own HLT state; what wakes it exits. */
static enum vmm_result hlt(struct vmm *vmm)
{
	vmm_write(vmm, GUEST_ACTIVITY, ACTIVITY_HLT);
	return VMM_RESUME;
}

static uint64_t io_mask(unsigned size)
{
	return BITS(8 * size - 1, 0);
}

static uint32_t io_in(struct vmm *vmm, uint16_t port, unsigned size)
{
	return vmm->devices.in ? vmm->devices.in(vmm->devices.ctx, port, size) & (uint32_t)io_mask(size) : (uint32_t)io_mask(size);
}

static void io_out(struct vmm *vmm, uint16_t port, unsigned size, uint64_t value)
{
	if (vmm->devices.out)
		vmm->devices.out(vmm->devices.ctx, port, size, (uint32_t)(value & io_mask(size)));
}

/* Moves a register by the address size of the instruction: 16, 32 or 64 bits. */
static void step(uint64_t *reg, unsigned size_code, uint64_t by)
{
	if (size_code == 0)
		*reg = (*reg & ~0xffffull) | ((*reg + by) & 0xffff);
	else
		*reg = size_code == 1 ? (uint32_t)(*reg + by) : *reg + by;
}

/* I/O breakpoints that the access hits are pending after it. The VMM's own DR7 is not the guest's. */
static void add_breakpoints(struct vmm *vmm, uint16_t port, unsigned size)
{
	uint64_t bits = debug_io_breakpoints(vmm->cpu->dr, vmm_read(vmm, GUEST_DR7), port, size);
	if (unlikely(bits) && (vmm_read(vmm, GUEST_CR4) & CR4_DE))
		vmm_write(vmm, GUEST_PENDING_DBG, vmm_read(vmm, GUEST_PENDING_DBG) | bits);
}

/* Outside 64-bit mode: the segment's type, and limit for these bytes. */
static bool segment_permits(struct vmm *vmm, unsigned s, uint64_t offset, unsigned size, unsigned kind)
{
	const struct segment segment = {.ar = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_AR + s),
					.limit = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_LIMIT + s)};
	bool real = !(vmm_read(vmm, GUEST_CR0) & CR0_PE) || (vmm_read(vmm, GUEST_RFLAGS) & FLAG_VM);
	return (real || memop_type_permits(&segment, kind)) && memop_within(&segment, offset, size);
}

static bool is_aligned(struct vmm *vmm, uint64_t gla, unsigned size)
{
	return !(gla & (size - 1)) || !(vmm_read(vmm, GUEST_RFLAGS) & FLAG_AC) || !(vmm_read(vmm, GUEST_CR0) & CR0_AM) ||
	       FIELD(vmm_read(vmm, GUEST_SS_AR), 6, 5) != 3;
}

/*
 * The exit of INS and OUTS comes before the checks of their memory operand (SDM 3C, "Relative Priority of Faults and VM Exits"): they are
 * made here. false: a fault is queued.
 */
static bool string_permitted(struct vmm *vmm, uint64_t info, uint64_t gla, unsigned size, bool in)
{
	unsigned s = in ? SEG_ES : (unsigned)FIELD(info, 17, 15), bits = 16u << (FIELD(info, 9, 7) & 3);
	uint64_t offset = vmm->cpu->gpr[in ? RDI : RSI] & BITS((bits < 64 ? bits : 64) - 1, 0);
	unsigned width = vmm_read(vmm, GUEST_CR4) & CR4_LA57 ? 57 : 48;
	s = s < SEG_COUNT ? s : SEG_DS;
	bool good = in_64bit_code(vmm) ? is_canonical(gla, width) && is_canonical(gla + size - 1, width)
				       : segment_permits(vmm, s, offset, size, in ? ACC_WRITE : ACC_READ);
	if (!good)
		vmm_inject(vmm, s == SEG_SS ? VEC_SS : VEC_GP, vmm_read(vmm, GUEST_CR0) & CR0_PE, 0);
	else if (!is_aligned(vmm, gla, size))
		vmm_inject(vmm, VEC_AC, true, 0);
	else
		return true;
	return false;
}

/*
 * One iteration of INS or OUTS; with REP the instruction exits again for the next one, with RF set, as after any event between iterations.
 * The destination is probed before the port is read, so that a fault loses no datum.
 */
static enum vmm_result string_io(struct vmm *vmm, uint64_t qualification, uint16_t port, unsigned size)
{
	struct cpu *cpu = vmm->cpu;
	bool in = qualification & BIT(3), rep = qualification & BIT(5);
	uint64_t info = vmm_read(vmm, EXIT_INSN_INFO), rflags = vmm_read(vmm, GUEST_RFLAGS);
	unsigned size_code = FIELD(info, 9, 7) & 3;
	uint64_t gla = vmm_read(vmm, GUEST_LINEAR_ADDR), delta = rflags & FLAG_DF ? -(uint64_t)size : size;
	if (!vmm->access)
		return vmm_stop(vmm, "%s VMM: INS or OUTS without access to guest memory", vmm->name);
	if (!string_permitted(vmm, info, gla, size, in))
		return VMM_RETRY;
	uint32_t data = 0;
	if (in && vmm->access(vmm, gla, NULL, size, ACC_WRITE))
		data = io_in(vmm, port, size);
	else if (in)
		return vmm->text[0] ? VMM_STOPPED : VMM_RETRY;
	if (!vmm->access(vmm, gla, &data, size, in ? ACC_WRITE : ACC_READ))
		return vmm->text[0] ? VMM_STOPPED : VMM_RETRY;
	if (!in)
		io_out(vmm, port, size, data);
	step(&cpu->gpr[in ? RDI : RSI], size_code, delta);
	add_breakpoints(vmm, port, size);
	if (!rep)
		return VMM_RESUME;
	step(&cpu->gpr[RCX], size_code, -1ull);
	uint64_t left = size_code == 0 ? cpu->gpr[RCX] & 0xffff : size_code == 1 ? (uint32_t)cpu->gpr[RCX] : cpu->gpr[RCX];
	if (!left)
		return VMM_RESUME;
	vmm_write(vmm, GUEST_RFLAGS, rflags | FLAG_RF);
	vmm_completed(vmm);
	return VMM_RETRY;
}

static enum vmm_result io(struct vmm *vmm)
{
	struct cpu *cpu = vmm->cpu;
	uint64_t qualification = vmm_read(vmm, EXIT_QUALIFICATION);
	uint16_t port = (uint16_t)(qualification >> 16);
	unsigned size = (qualification & 7) + 1;
	if (qualification & BIT(4))
		return string_io(vmm, qualification, port, size);
	if (!(qualification & BIT(3)))
		io_out(vmm, port, size, cpu->gpr[RAX]);
	else if (size == 4)
		cpu->gpr[RAX] = io_in(vmm, port, 4);
	else
		cpu->gpr[RAX] = (cpu->gpr[RAX] & ~io_mask(size)) | io_in(vmm, port, size);
	add_breakpoints(vmm, port, size);
	return VMM_RESUME;
}

/*
 * MOV to CR0 exits when CR0.NE, which VMX fixes to 1, would differ from what the guest believes: note its belief, and let it try again.
 * CR4.VMXE does not exist for the guest.
 */
static enum vmm_result cr_access(struct vmm *vmm)
{
	uint64_t qualification = vmm_read(vmm, EXIT_QUALIFICATION);
	unsigned cr = qualification & 15;
	if (FIELD(qualification, 5, 4) != CR_ACCESS_MOV_TO || (cr != 0 && cr != 4))
		return unexpected(vmm);
	if (cr == 4)
		return inject_gp(vmm);
	vmm_write(vmm, CR0_SHADOW, vmm_read(vmm, CR0_SHADOW) ^ CR0_NE);
	return VMM_RETRY;
}

static enum vmm_result xsetbv(struct vmm *vmm)
{
	struct cpu *cpu = vmm->cpu;
	uint64_t value = edx_eax(cpu);
	if ((uint32_t)cpu->gpr[RCX] || !(value & XCR0_X87) || (value & ~XCR0_OFFERED))
		return inject_gp(vmm);
	cpu->xcr0 = value;
	return VMM_RESUME;
}

/* vmm_run acknowledges it and puts it in when the guest can take it. */
static enum vmm_result external_interrupt(struct vmm *vmm)
{
	vmm->interrupt_waits = true;
	return VMM_RETRY;
}

static const struct {
	vmm_handler *handler;
	bool advances;
} common[VMX_REASONS] = {
    [EXIT_EXTERNAL_INTERRUPT] = {external_interrupt, false},
    [EXIT_TRIPLE_FAULT] = {triple_fault, false},
    [EXIT_INTERRUPT_WINDOW] = {skip, false},
    [EXIT_CPUID] = {cpuid, true},
    [EXIT_HLT] = {hlt, true},
    [EXIT_INVD] = {skip, true},
    [EXIT_VMCALL] = {inject_ud, false},
    [EXIT_VMCLEAR] = {inject_ud, false},
    [EXIT_VMLAUNCH] = {inject_ud, false},
    [EXIT_VMPTRLD] = {inject_ud, false},
    [EXIT_VMPTRST] = {inject_ud, false},
    [EXIT_VMREAD] = {inject_ud, false},
    [EXIT_VMRESUME] = {inject_ud, false},
    [EXIT_VMWRITE] = {inject_ud, false},
    [EXIT_VMXOFF] = {inject_ud, false},
    [EXIT_VMXON] = {inject_ud, false},
    [EXIT_CR_ACCESS] = {cr_access, true},
    [EXIT_IO_INSTRUCTION] = {io, true},
    [EXIT_MSR_READ] = {rdmsr, true},
    [EXIT_MSR_WRITE] = {wrmsr, true},
    [EXIT_INVEPT] = {inject_ud, false},
    [EXIT_INVVPID] = {inject_ud, false},
    [EXIT_WBINVD] = {skip, true},
    [EXIT_XSETBV] = {xsetbv, true},
};

void vmm_handlers_fill(struct vmm_row row[VMX_REASONS])
{
	for (unsigned i = 0; i < VMX_REASONS; i++) {
		row[i].name = exit_is_reason(i) ? exit_name(i) : NULL;
		row[i].handler = common[i].handler ? common[i].handler : unexpected;
		row[i].advances = common[i].advances;
	}
}
