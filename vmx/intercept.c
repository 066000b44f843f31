/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that cause VM exits (SDM 3C, "Instructions That Cause VM Exits"). The VMX instructions' own exits are in insn.c; events,
 * windows and timers in intercept_event.c; control registers in intercept_cr.c.
 */
#include "vmx/intercept.h"

#include "vmx/exit.h"
#include "vmx/insn_info.h"
#include "vmx/intercept_cr.h"

/* a rule: exit with this reason if the control is 1; ALWAYS needs none, OPERANDS asks exits_by_operands */
enum rule_kind { NEVER, ALWAYS, IF_PROC, IF_PROC2, OPERANDS };

static const struct {
	uint8_t kind, bit, reason;
} rules[SYSOP_COUNT] = {
    [SYS_CPUID] = {ALWAYS, 0, EXIT_CPUID},
    [SYS_INVD] = {ALWAYS, 0, EXIT_INVD},
    [SYS_XSETBV] = {ALWAYS, 0, EXIT_XSETBV},
    [SYS_HLT] = {IF_PROC, CONTROL_PROC_HLT, EXIT_HLT},
    [SYS_INVLPG] = {IF_PROC, CONTROL_PROC_INVLPG, EXIT_INVLPG},
    [SYS_INVPCID] = {IF_PROC, CONTROL_PROC_INVLPG, EXIT_INVPCID},
    [SYS_MONITOR] = {IF_PROC, CONTROL_PROC_MONITOR, EXIT_MONITOR},
    [SYS_MWAIT] = {IF_PROC, CONTROL_PROC_MWAIT, EXIT_MWAIT},
    [SYS_RDPMC] = {IF_PROC, CONTROL_PROC_RDPMC, EXIT_RDPMC},
    [SYS_RDTSC] = {IF_PROC, CONTROL_PROC_RDTSC, EXIT_RDTSC},
    [SYS_RDTSCP] = {IF_PROC, CONTROL_PROC_RDTSC, EXIT_RDTSCP},
    [SYS_MOV_TO_DR] = {IF_PROC, CONTROL_PROC_MOV_DR, EXIT_DR_ACCESS},
    [SYS_MOV_FROM_DR] = {IF_PROC, CONTROL_PROC_MOV_DR, EXIT_DR_ACCESS},
    [SYS_WBINVD] = {IF_PROC2, CONTROL_PROC2_WBINVD, EXIT_WBINVD},
    [SYS_RDRAND] = {IF_PROC2, CONTROL_PROC2_RDRAND, EXIT_RDRAND},
    [SYS_RDSEED] = {IF_PROC2, CONTROL_PROC2_RDSEED, EXIT_RDSEED},
    [SYS_LGDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_GDTR_IDTR},
    [SYS_LIDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_GDTR_IDTR},
    [SYS_SGDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_GDTR_IDTR},
    [SYS_SIDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_GDTR_IDTR},
    [SYS_LLDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_LDTR_TR},
    [SYS_LTR] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_LDTR_TR},
    [SYS_SLDT] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_LDTR_TR},
    [SYS_STR] = {IF_PROC2, CONTROL_PROC2_DESCRIPTOR_TABLE, EXIT_LDTR_TR},
    [SYS_PAUSE] = {OPERANDS, 0, EXIT_PAUSE},
    [SYS_RDMSR] = {OPERANDS, 0, EXIT_MSR_READ},
    [SYS_WRMSR] = {OPERANDS, 0, EXIT_MSR_WRITE},
    [SYS_IN] = {OPERANDS, 0, EXIT_IO_INSTRUCTION},
    [SYS_OUT] = {OPERANDS, 0, EXIT_IO_INSTRUCTION},
    [SYS_INS] = {OPERANDS, 0, EXIT_IO_INSTRUCTION},
    [SYS_OUTS] = {OPERANDS, 0, EXIT_IO_INSTRUCTION},
    [SYS_MOV_TO_CR] = {OPERANDS, 0, EXIT_CR_ACCESS},
    [SYS_MOV_FROM_CR] = {OPERANDS, 0, EXIT_CR_ACCESS},
    [SYS_CLTS] = {OPERANDS, 0, EXIT_CR_ACCESS},
};

static bool bitmap_bit(const struct cpu *cpu, uint64_t bitmap, uint32_t bit)
{
	vmx_touch(cpu, bitmap + bit / 8, 1);
	return mem_read(cpu->mem, HPA(bitmap + bit / 8), 1) >> (bit % 8) & 1;
}

/* MSR bitmaps: reads of low MSRs, reads of high ones, writes of low, writes of high; 1 KiB each */
static bool msr_exits(const struct cpu *cpu, bool write)
{
	const struct vmx *vmx = cpu->vmx;
	uint32_t msr = (uint32_t)cpu->gpr[RCX], half = write ? 2048 : 0;
	if (!vmx_proc(vmx, CTL(PROC, MSR_BITMAPS)))
		return true;
	if (msr < 0x2000)
		return bitmap_bit(cpu, vmx->vmcs.msr_bitmap + half, msr);
	if (msr - 0xc0000000u < 0x2000)
		return bitmap_bit(cpu, vmx->vmcs.msr_bitmap + half + 1024, msr - 0xc0000000u);
	return true;
}

static uint16_t port_of(const struct cpu *cpu, const struct insn *insn)
{
	bool immediate = (insn->sys == SYS_IN || insn->sys == SYS_OUT) && !(insn->opcode & 8);
	return immediate ? (uint8_t)insn->imm : (uint16_t)cpu->gpr[RDX];
}

static bool io_exits(const struct cpu *cpu, const struct insn *insn)
{
	const struct vmx *vmx = cpu->vmx;
	uint32_t port = port_of(cpu, insn);
	if (!vmx_proc(vmx, CTL(PROC, IO_BITMAPS)))
		return vmx_proc(vmx, CTL(PROC, UNCONDITIONAL_IO));
	if (port + insn->opsize > 0x10000)
		return true;
	for (uint32_t p = port; p < port + insn->opsize; p++)
		if (bitmap_bit(cpu, p < 0x8000 ? vmx->vmcs.io_bitmap_a : vmx->vmcs.io_bitmap_b, p & 0x7fff))
			return true;
	return false;
}

static bool is_string(const struct insn *insn)
{
	return insn->sys == SYS_INS || insn->sys == SYS_OUTS;
}

static uint64_t io_qualification(const struct cpu *cpu, const struct insn *insn)
{
	bool in = insn->sys == SYS_IN || insn->sys == SYS_INS;
	bool immediate = !is_string(insn) && !(insn->opcode & 8);
	return (uint64_t)(insn->opsize - 1) | (in ? BIT(3) : 0) | (is_string(insn) ? BIT(4) : 0) | (insn->flags & INSN_REP ? BIT(5) : 0) |
	       (immediate ? BIT(6) : 0) | (uint64_t)port_of(cpu, insn) << 16;
}

/* The linear address of INS's or OUTS's memory operand, whether or not the access would fault. */
static uint64_t string_gla(const struct cpu *cpu, const struct insn *insn)
{
	unsigned seg = insn->sys == SYS_INS ? (unsigned)SEG_ES : insn->seg;
	uint64_t offset = cpu->gpr[insn->sys == SYS_INS ? RDI : RSI];
	if (insn->addrsize < 8)
		offset &= BITS(8 * insn->addrsize - 1, 0);
	if (cpu_64bit(cpu))
		return seg >= SEG_FS ? cpu->seg[seg].base + offset : offset;
	return (uint32_t)(cpu->seg[seg].base + offset);
}

static uint64_t invlpg_gla(const struct cpu *cpu, const struct insn *insn)
{
	uint64_t offset = insn_offset(cpu, insn);
	if (cpu_64bit(cpu))
		return insn->seg >= SEG_FS ? cpu->seg[insn->seg].base + offset : offset;
	return (uint32_t)(cpu->seg[insn->seg].base + offset);
}

/* PAUSE exiting; else PAUSE-loop exiting at CPL 0 (SDM 3C, "Controls for PAUSE-Loop Exiting"), in model time */
static bool pause_exits(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	if (vmx_proc(vmx, CTL(PROC, PAUSE)))
		return true;
	if (!vmx_proc2(vmx, CTL(PROC2, PAUSE_LOOP)) || cpu->cpl > 0)
		return false;
	if (!vmx->ple_active || cpu->clock - vmx->ple_last > vmx->vmcs.ple_gap)
		vmx->ple_first = cpu->clock;
	vmx->ple_active = true;
	vmx->ple_last = cpu->clock;
	return cpu->clock - vmx->ple_first > vmx->vmcs.ple_window;
}

static bool exits_by_operands(struct cpu *cpu, const struct insn *insn)
{
	switch (insn->sys) {
	case SYS_PAUSE:
		return pause_exits(cpu);
	case SYS_RDMSR:
	case SYS_WRMSR:
		return msr_exits(cpu, insn->sys == SYS_WRMSR);
	default:
		return io_exits(cpu, insn);
	}
}

static bool exits(struct cpu *cpu, const struct insn *insn)
{
	switch (rules[insn->sys].kind) {
	case ALWAYS:
		return true;
	case IF_PROC:
		return vmx_proc(cpu->vmx, BIT(rules[insn->sys].bit));
	case IF_PROC2:
		return vmx_proc2(cpu->vmx, BIT(rules[insn->sys].bit));
	case OPERANDS:
		return exits_by_operands(cpu, insn);
	default:
		return false;
	}
}

/* What insn_info_fill does not know: qualification and linear address by instruction. */
static void qualify(struct cpu *cpu, const struct insn *insn)
{
	struct pending *p = &cpu->pending;
	switch (insn->sys) {
	case SYS_INVLPG:
		p->qualification = invlpg_gla(cpu, insn);
		break;
	case SYS_MWAIT:
		p->qualification = cpu->monitor_armed;
		break;
	case SYS_MOV_TO_DR:
	case SYS_MOV_FROM_DR:
		p->qualification = insn->reg | (insn->sys == SYS_MOV_FROM_DR ? BIT(4) : 0) | (uint64_t)insn->rm << 8;
		break;
	case SYS_INS:
	case SYS_OUTS:
		p->exit_gla = string_gla(cpu, insn);
		p->qualification = io_qualification(cpu, insn);
		break;
	case SYS_IN:
	case SYS_OUT:
		p->qualification = io_qualification(cpu, insn);
	}
}

bool vmx_intercept_slow(struct cpu *cpu, const struct insn *insn)
{
	if (rules[insn->sys].reason == EXIT_CR_ACCESS && rules[insn->sys].kind == OPERANDS)
		return intercept_cr(cpu, insn);
	if (!exits(cpu, insn))
		return false;
	raise_vm_exit(cpu, rules[insn->sys].reason, 0);
	insn_info_fill(cpu, insn, &cpu->pending);
	qualify(cpu, insn);
	return true;
}

bool vmx_undefined_slow(const struct cpu *cpu, const struct insn *insn)
{
	switch (insn->sys) {
	case SYS_RDTSCP:
	case SYS_RDPID:
		return !vmx_proc2(cpu->vmx, CTL(PROC2, RDTSCP));
	case SYS_INVPCID:
		return !vmx_proc2(cpu->vmx, CTL(PROC2, INVPCID));
	default:
		return false;
	}
}
