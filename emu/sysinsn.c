/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system instructions: the table of handlers, and what is common to all: the next instruction pointer, RF, and the end of the
 * interrupt shadow that an earlier STI or MOV SS left.
 */
#include "emu/sysinsn.h"

#include "vmx/exit.h"

static sysinsn_fn *const handler[SYSOP_COUNT] = {
#define SYSOP(symbol, name) [SYS_##symbol] = sys_##symbol,
#include "vmx/instruction.def"
#undef SYSOP
};

/*
 * The instruction is complete. Of the shadow only the bits go that were there before it: if two instructions in a row load SS, the first
 * alone inhibits (CHOICE: SDM 2B, "MOV": only the first is guaranteed to).
 */
static void retire(struct cpu *cpu, const struct sysinsn *s, uint8_t shadow)
{
	cpu->rip = s->next_rip;
	cpu->interruptibility &= (uint8_t)~shadow;
	if (s->insn->sys != SYS_IRET)
		cpu->rflags &= ~FLAG_RF;
}

/* The handler succeeded, or an iteration of it: its data accesses are those of a retired instruction. */
static void count_accesses(struct cpu *cpu)
{
	cpu->ev.n[EV_LOADS] += cpu->insn_loads;
	cpu->ev.n[EV_STORES] += cpu->insn_stores;
}

bool sysinsn_execute(struct cpu *cpu, struct bus *bus, const struct insn *insn)
{
	const uint8_t shadow = cpu->interruptibility & (BLOCK_STI | BLOCK_MOV_SS);
	const bool nonroot = cpu->vmx_op == VMX_NONROOT;
	struct sysinsn s = {.cpu = cpu, .bus = bus, .insn = insn, .next_rip = cpu->rip + insn->len};

	CHECK(insn->sys != SYS_NONE && insn->sys < SYSOP_COUNT);
	if (!cpu_64bit(cpu))
		s.next_rip = (uint32_t)s.next_rip;
	if (vmx_undefined(cpu, insn))
		return raise_exception(cpu, VEC_UD);
	cpu->insn_loads = cpu->insn_stores = 0;
	if (!handler[insn->sys](&s)) {
		if (cpu->pending.kind == PENDING_VM_EXIT && cpu->pending.exit_reason == EXIT_TASK_SWITCH)
			cpu->pending.insn_len = insn->len; /* of the CALL, JMP or IRET */
		return false;
	}
	count_accesses(cpu);
	if (s.again)
		return true;
	if (!nonroot && cpu->vmx_op == VMX_NONROOT)
		cpu->rip = s.next_rip; /* VM entry: all else is the guest's */
	else
		retire(cpu, &s, shadow);
	return true;
}
