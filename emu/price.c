/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prices of system instructions: a table by operation (price.h). VMREAD, VMWRITE, VM entries and exits are charged where they are counted.
 */
#include "emu/price.h"

static const uint8_t cause_of[SYSOP_COUNT] = {
    [SYS_MOV_TO_CR] = COST_MOV_CR,
    [SYS_MOV_FROM_CR] = COST_MOV_CR,
    [SYS_MOV_TO_DR] = COST_MOV_CR,
    [SYS_MOV_FROM_DR] = COST_MOV_CR,
    [SYS_CLTS] = COST_MOV_CR,
    [SYS_LMSW] = COST_MOV_CR,
    [SYS_INVLPG] = COST_INVLPG,
    [SYS_INVPCID] = COST_INVPCID,
    [SYS_SYSCALL] = COST_SYSCALL,
    [SYS_SYSRET] = COST_SYSCALL,
    [SYS_SYSENTER] = COST_SYSCALL,
    [SYS_SYSEXIT] = COST_SYSCALL,
    [SYS_IRET] = COST_IRET,
    [SYS_CALL_FAR] = COST_FAR,
    [SYS_JMP_FAR] = COST_FAR,
    [SYS_RET_FAR] = COST_FAR,
    [SYS_MOV_TO_SEG] = COST_FAR,
    [SYS_POP_SEG] = COST_FAR,
    [SYS_LOAD_FAR] = COST_FAR,
    [SYS_LLDT] = COST_FAR,
    [SYS_LTR] = COST_FAR,
    [SYS_RDMSR] = COST_RDMSR,
    [SYS_WRMSR] = COST_WRMSR,
    [SYS_CPUID] = COST_CPUID,
    [SYS_RDTSC] = COST_RDTSC,
    [SYS_RDTSCP] = COST_RDTSC,
    [SYS_IN] = COST_IO,
    [SYS_OUT] = COST_IO,
    [SYS_INS] = COST_IO,
    [SYS_OUTS] = COST_IO,
    [SYS_VMPTRLD] = COST_VMPTRLD,
    [SYS_VMCLEAR] = COST_VMPTRLD,
    [SYS_VMPTRST] = COST_VMPTRLD,
    [SYS_VMXON] = COST_VMPTRLD,
    [SYS_VMXOFF] = COST_VMPTRLD,
    [SYS_INVEPT] = COST_INVEPT,
    [SYS_INVVPID] = COST_INVVPID,
    [SYS_VMFUNC] = COST_VMFUNC,
};
static_assert(COST_INSN_ALU == 0, "0 in the table: nothing beyond");

void price_system(struct cpu *cpu, const struct insn *insn)
{
	enum cost_cause cause = (enum cost_cause)cause_of[insn->sys];
	if (insn->sys == SYS_MOV_TO_CR && insn->reg == 3)
		cause = COST_MOV_CR3;
	cost_step(&cpu->cost, COST_INSN_SYSTEM);
	if (cause)
		cost_charge(&cpu->cost, cause);
}
