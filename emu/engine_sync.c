/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State into the Unicorn instances and out of them: general registers and flags, segments (through a private GDT in the 32-bit instance),
 * and which instance runs.
 */
#include "emu/engine_state.h"

#include <string.h>

const int engine_reg_ids[ENGINE_REGS] = {
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
    UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
    UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_RFLAGS,
};
const int engine_reg_ids_legacy[ENGINE_REGS] = {
    UC_X86_REG_EAX,
    UC_X86_REG_ECX,
    UC_X86_REG_EDX,
    UC_X86_REG_EBX,
    UC_X86_REG_ESP,
    UC_X86_REG_EBP,
    UC_X86_REG_ESI,
    UC_X86_REG_EDI,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    UC_X86_REG_EIP,
    UC_X86_REG_EFLAGS,
};

uint64_t engine_read_reg(struct engine *e, unsigned index)
{
	uint64_t value = 0;

	uc_reg_read(e->now->uc, (e->now->wide ? engine_reg_ids : engine_reg_ids_legacy)[index], &value);
	return value;
}

static void descriptor(uint8_t *at, const struct segment *seg, bool code)
{
	uint64_t base = seg->base & 0xffffffff;
	uint64_t limit = 0xffffull | 0xfull << 48; /* limits are ours to check */
	uint64_t access = (code ? 0x9bull : 0x93ull) << 40;
	uint64_t flags = (seg->ar & AR_DB ? 0xcull : 0x8ull) << 52;
	uint64_t d = limit | access | flags | (base & 0xffffff) << 16 | base >> 24 << 56;

	memcpy(at, &d, sizeof d);
}

static const int seg_ids[SEG_COUNT] = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS, UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};

/* What the engine is told of segments: bases, and the default size. */
static bool same_segments(const struct segment *a, const struct segment *b)
{
	for (unsigned i = 0; i < SEG_COUNT; i++)
		if (a[i].base != b[i].base || ((a[i].ar ^ b[i].ar) & AR_DB))
			return false;
	return true;
}

static void load_segments(struct engine *e, struct instance *in, const struct segment *seg)
{
	if (in->seg_known && same_segments(in->seg, seg))
		return;
	memcpy(in->seg, seg, sizeof in->seg);
	in->seg_known = true;
	if (in->wide) {
		uc_reg_write(in->uc, UC_X86_REG_FS_BASE, &seg[SEG_FS].base);
		uc_reg_write(in->uc, UC_X86_REG_GS_BASE, &seg[SEG_GS].base);
		return;
	}
	e->mode = MODE_PRIVATE;
	uc_ctl_flush_tlb(in->uc);
	uc_x86_mmr gdtr = {.base = PRIVATE_GLA + PRIVATE_GDT * PAGE_SIZE, .limit = PAGE_SIZE - 1};
	uc_reg_write(in->uc, UC_X86_REG_GDTR, &gdtr);
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		uint64_t selector = 8 * (i + 1);
		descriptor(e->private_page + PRIVATE_GDT * PAGE_SIZE + selector, &seg[i], i == SEG_CS);
		uc_reg_write(in->uc, seg_ids[i], &selector);
	}
	e->mode = MODE_RUN;
	e->flush = true;
}

void engine_sync_in(struct engine *e)
{
	struct instance *in = e->now;
	const struct cpu *cpu = e->cpu;
	const int *ids = in->wide ? engine_reg_ids : engine_reg_ids_legacy;
	unsigned gprs = in->wide ? GPR_COUNT : 8;
	uint64_t flags = (cpu->rflags & ENGINE_FLAGS) | FLAG_FIXED | (in->wide && cpu->cpl == 3 ? PRIVILEGE_FLAG : 0);

	for (unsigned i = 0; i < gprs; i++) {
		if (cpu->gpr[i] == in->known[i])
			continue;
		uc_reg_write(in->uc, ids[i], &cpu->gpr[i]);
		in->known[i] = cpu->gpr[i];
	}
	if (flags != in->known[REG_FLAGS_INDEX]) {
		uc_reg_write(in->uc, ids[REG_FLAGS_INDEX], &flags);
		in->known[REG_FLAGS_INDEX] = flags;
	}
	load_segments(e, in, cpu->seg);
}

/* All that the instance's registers hold. */
static void read_all(struct instance *in)
{
	unsigned gprs = in->wide ? GPR_COUNT : 8, n = 0;
	void *to[ENGINE_REGS];
	int ids[ENGINE_REGS];

	memset(in->known, 0, sizeof in->known);
	if (in->reg)
		memcpy(in->known, in->reg, sizeof in->known[0] * GPR_COUNT);
	for (unsigned i = in->reg ? GPR_COUNT : 0; i < ENGINE_REGS; i++) {
		if (i >= gprs && i < GPR_COUNT)
			continue;
		ids[n] = (in->wide ? engine_reg_ids : engine_reg_ids_legacy)[i];
		to[n++] = &in->known[i];
	}
	uc_reg_read_batch(in->uc, ids, to, (int)n);
}

void engine_sync_out(struct engine *e)
{
	struct instance *in = e->now;
	struct cpu *cpu = e->cpu;

	read_all(in);
	/* with code hooks, Unicorn 2.1.1 does not take RIP along from block to block */
	if (e->halted && engine_in_blocks(e))
		in->known[REG_RIP_INDEX] = e->reached;
	memcpy(cpu->gpr, in->known, (in->wide ? GPR_COUNT : 8) * sizeof cpu->gpr[0]);
	cpu->rip = in->known[REG_RIP_INDEX];
	in->known[REG_FLAGS_INDEX] = (in->known[REG_FLAGS_INDEX] & (ENGINE_FLAGS | PRIVILEGE_FLAG)) | FLAG_FIXED;
	uint64_t flags = e->put_back_flags ? e->flags_kept : in->known[REG_FLAGS_INDEX];
	cpu->rflags = (cpu->rflags & ~ENGINE_FLAGS) | (flags & ENGINE_FLAGS);
}

/* Both hold the same state, which a context moves as a whole. */
void engine_move(struct engine *e, unsigned to)
{
	struct instance *from = e->now, *in = &e->inst[to];

	if (from == in)
		return;
	uc_err err = uc_context_save(from->uc, e->moved);
	if (!err)
		err = uc_context_restore(in->uc, e->moved);
	CHECK(err == UC_ERR_OK);
	memcpy(in->known, from->known, sizeof in->known);
	memcpy(in->seg, from->seg, sizeof in->seg);
	in->seg_known = from->seg_known;
	in->excepted = from->excepted;
	e->now = in;
	if (e->code_base != UNREACHABLE && !engine_given_is(e, e->code_base, e->page->frame))
		in->flushes = 0; /* it may have been given another frame for this page: engine_attend flushes it */
}

/*
 * An instance that has raised an exception waits for its delivery, which never comes as we deliver it: the next contributory exception
 * would be a double fault in its eyes. So it starts again from a fresh state, with its registers put back.
 */
void engine_forget_exception(struct engine *e)
{
	uint8_t keep[512];

	if (engine_in_blocks(e))
		engine_move(e, INSTANCE_64);
	struct instance *in = e->now;
	memcpy(keep, e->cpu->fx, sizeof keep);
	engine_fx_out(e);
	uc_context_restore(in->uc, in->fresh);
	in->excepted = false;
	in->seg_known = false;
	for (unsigned i = 0; i < (in->wide ? GPR_COUNT : 8u); i++)
		uc_reg_write(in->uc, (in->wide ? engine_reg_ids : engine_reg_ids_legacy)[i], &in->known[i]);
	uc_reg_write(in->uc, (in->wide ? engine_reg_ids : engine_reg_ids_legacy)[REG_FLAGS_INDEX], &in->known[REG_FLAGS_INDEX]);
	engine_fx_in(e);
	memcpy(e->cpu->fx, keep, sizeof keep);
	e->flush = true;
}

/* Chooses the instance for the code width; its x87 and SSE registers move along. */
void engine_choose_instance(struct engine *e)
{
	unsigned width = cpu_code_width(e->cpu);
	struct instance *in = &e->inst[width == 64 ? INSTANCE_64 : INSTANCE_LEGACY];

	e->width = width == 64 ? WIDTH_64 : width == 32 ? WIDTH_32 : WIDTH_16;
	if (in->wide == e->now->wide)
		return;
	uint8_t keep[512];
	memcpy(keep, e->cpu->fx, sizeof keep);
	engine_fx_out(e);
	e->now = in;
	engine_fx_in(e);
	memcpy(e->cpu->fx, keep, sizeof keep);
	e->flush = true;
}
