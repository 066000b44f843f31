/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine (engine.h): Unicorn executes plain instructions at its CPL 0 with paging off in its own eyes; we give it every translation,
 * see every access, stop it before every instruction that our own code executes, and count. One Unicorn instance for 64-bit code, one for
 * 32- and 16-bit code (which has a private GDT), over the same RAM. The softmmu inside is a cache of the model: what is in it is always
 * something that the tables, or an entry of the modelled TLBs, still give; whatever might change that flushes it.
 *
 *     engine-physical:  [ window 0 | window 1 | ... ]  private pages | trap page | device slots
 */
#include "emu/engine_state.h"

#include "emu/plain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if UC_API_MAJOR < 2 || (UC_API_MAJOR == 2 && UC_API_MINOR < 1) || (UC_API_MAJOR == 2 && UC_API_MINOR == 1 && UC_API_PATCH < 1)
#error "vtxray needs Unicorn 2.1.1 or later (libunicorn-dev of Debian 13): run 'make deps'"
#endif

/* ---- running ---- */

/* Runs the faulting store once more against a page that traps, to learn its address; nothing of it remains. */
static void trap_store(struct engine *e)
{
	uc_engine *uc = e->now->uc;
	uint64_t rip = engine_read_reg(e, REG_RIP_INDEX);

	uc_context_save(uc, e->context);
	e->mode = MODE_TRAP;
	e->special_step = e->done;
	engine_forget_fetch_page(e);
	uc_ctl_flush_tlb(uc);
	uc_emu_start(uc, rip, UNREACHABLE, 0, 0);
	e->mode = MODE_RUN;
	uc_context_restore(uc, e->context);
}

/* The fault that a fill has found becomes an exception or VM exit, now that its exact address is known. */
static void take_fault(struct engine *e)
{
	struct walk *walk = &e->mmu->last;
	struct walk kept = *walk;

	if (!e->trapped)
		trap_store(e);
	*walk = kept;
	uint64_t gla = e->fault_page | (e->trapped ? e->trap_offset : 0);
	e->fault = false;
	bool stack = (e->insn->flags & INSN_STACK) || ((e->insn->flags & INSN_MEM) && e->insn->seg == SEG_SS);
	engine_unretire(e);
	if (e->fault_access & ACC_IMPLICIT) { /* not canonical */
		raise_error(e->cpu, stack ? VEC_SS : VEC_GP, 0);
		return;
	}
	if (walk->status == WALK_SECOND && !walk->fail_is_table)
		walk->fail_gpa.u = page_base(walk->fail_gpa.u) | page_offset(gla);
	raise_walk(e->cpu, GLA(gla), e->fault_access);
}

static void run_once(struct engine *e)
{
	e->stop = STOP_NONE;
	e->fault = false;
	e->begun_step = e->done;
	uc_err err = uc_emu_start(e->now->uc, e->cpu->rip, UNREACHABLE, 0, 0);

	if (e->fault && e->stop == STOP_NONE) {
		e->stop = STOP_EXCEPTION;
		take_fault(e);
	} else if (e->stop == STOP_AGAIN && err != UC_ERR_OK) {
		engine_unretire(e); /* a fill that could not be answered before a flush */
		e->extra_fetches--;
	} else if (e->stop == STOP_NONE && err == UC_ERR_INSN_INVALID) {
		engine_unretire(e);
		raise_exception(e->cpu, VEC_UD);
		e->stop = STOP_EXCEPTION;
	} else if (e->stop == STOP_NONE) {
		raise_stop(e->cpu, uc_strerror(err));
		e->stop = STOP_EXCEPTION;
	}
}

enum engine_stop engine_run(struct engine *e, uint64_t max)
{
	struct cpu *cpu = e->cpu;

	e->limit_asked = max > UINT64_MAX - e->done ? UINT64_MAX : e->done + max;
	e->read_access = cpu_access(cpu, ACC_READ);
	e->write_access = cpu_access(cpu, ACC_WRITE);
	e->slow = INSN_SYSTEM | INSN_REP | INSN_CROSS | plain_slow_flags(cpu);
	if (unlikely(e->now->excepted))
		engine_forget_exception(e);
	engine_choose_instance(e);
	engine_forget_fetch_page(e);
	e->rep_step = e->rep_suspended = e->smc_step = 0;
	e->call_undo_at = 0;
	e->dearest = 1;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if (cpu->cost.price.of[COST_INSN_ALU + i] > e->dearest)
			e->dearest = cpu->cost.price.of[COST_INSN_ALU + i];
	engine_sync_in(e);
	do {
		engine_attend(e);
		run_once(e);
		engine_sync_out(e);
	} while (e->stop == STOP_AGAIN && !e->kicked);
	engine_settle(e);
	if (e->kicked && e->stop == STOP_AGAIN)
		e->stop = STOP_BUDGET;
	e->kicked = 0;
	return e->stop == STOP_SYSTEM ? ENGINE_SYSTEM : e->stop == STOP_EXCEPTION ? ENGINE_EXCEPTION : ENGINE_BUDGET;
}

const struct insn *engine_insn(const struct engine *e)
{
	return e->insn;
}

void engine_kick(struct engine *e)
{
	e->kicked = 1;
	e->limit = 0;
}

/* ---- opening ---- */

static uc_err map_all(struct engine *e, uc_engine *uc)
{
	uc_err err = UC_ERR_OK;
	uint64_t window = e->alias.stride << PAGE_SHIFT;

	for (unsigned w = 0; w < e->alias.windows && !err; w++)
		err = uc_mem_map_ptr(uc, w * window, e->mem->top, UC_PROT_ALL, e->mem->host);
	if (!err)
		err = uc_mem_map_ptr(uc, e->private_base, PRIVATE_PAGES * PAGE_SIZE, UC_PROT_ALL, e->private_page);
	if (!err)
		err = uc_mem_map(uc, e->trap_base, PAGE_SIZE, UC_PROT_NONE);
	if (!err)
		err = uc_mmio_map(uc, e->device_base, (uint64_t)DEVICE_SLOTS * PAGE_SIZE, engine_on_device_read, e, engine_on_device_write,
				  e);
	return err;
}

static uc_err or_control(uc_engine *uc, int reg, uint64_t bits)
{
	uint64_t value = 0;
	uc_err err = uc_reg_read(uc, reg, &value);

	value |= bits;
	return err ? err : uc_reg_write(uc, reg, &value);
}

/* SDM 3A, "Processor State After Reset": what Unicorn leaves at 0 */
static uc_err reset_fx(uc_engine *uc)
{
	const uint16_t fcw = 0x40;
	const uint32_t mxcsr = 0x1f80;
	uc_err err = uc_reg_write(uc, UC_X86_REG_FPCW, &fcw);

	return err ? err : uc_reg_write(uc, UC_X86_REG_MXCSR, &mxcsr);
}

static int instance_open(struct engine *e, struct instance *in, bool wide)
{
	uc_hook hook;
	uc_err err = uc_open(UC_ARCH_X86, wide ? UC_MODE_64 : UC_MODE_32, &in->uc);

	if (err)
		return -ERR_ENGINE;
	in->wide = wide;
	err = uc_ctl_set_tcg_buffer_size(in->uc, wide ? CODE_BUFFER_64 : CODE_BUFFER_LEGACY);
	if (!err)
		err = uc_ctl_set_cpu_model(in->uc, UC_CPU_X86_SNOWRIDGE);
	if (!err)
		err = uc_ctl_tlb_mode(in->uc, UC_TLB_VIRTUAL);
	if (!err)
		err = uc_ctl_exits_enable(in->uc); /* else each stop looks up, and drops, the block at `until` */
	if (!err)
		err = map_all(e, in->uc);
	/* Without this, the first time that the code buffer fills up Unicorn 2.1.1 begins it anew and keeps its lists of what was in it. */
	if (!err)
		err = uc_ctl_flush_tb(in->uc);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_TLB_FILL, (void *)engine_on_fill, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_CODE, (void *)engine_on_code, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)engine_on_memory, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)engine_on_trap, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_INTR, (void *)engine_on_interrupt, e, 1, 0);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR0, CR0_NE); /* x87 errors as #MF; LIMIT: FERR# is not modelled */
	if (!err)
		err = reset_fx(in->uc);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR4, CR4_OSFXSR | CR4_OSXMMEXCPT);
	for (unsigned i = 0; i < ENGINE_REGS && !err; i++)
		if (wide || i < 8 || i >= GPR_COUNT)
			err = uc_reg_read(in->uc, (wide ? engine_reg_ids : engine_reg_ids_legacy)[i], &in->known[i]);
	if (!err)
		err = uc_context_alloc(in->uc, &in->fresh);
	if (!err)
		err = uc_context_save(in->uc, in->fresh);
	return err ? -ERR_ENGINE : 0;
}

static int engine_open(struct engine *e)
{
	uint64_t frames = e->mem->top >> PAGE_SHIFT;
	int err = alias_init(&e->alias, frames);

	if (err)
		return err;
	e->ram_end = (e->alias.stride * e->alias.windows) << PAGE_SHIFT;
	e->frame_mask = e->alias.stride - 1;
	e->private_base = e->ram_end;
	e->trap_base = e->private_base + PRIVATE_PAGES * PAGE_SIZE;
	e->device_base = e->trap_base + PAGE_SIZE;
	e->private_page = mmap(NULL, PRIVATE_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	e->code_in = mmap(NULL, frames, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (e->private_page == MAP_FAILED || e->code_in == MAP_FAILED)
		return -ERR_NOMEM;
	memset(e->private_page + PRIVATE_POISON * PAGE_SIZE, 0xcc, PAGE_SIZE);
	err = codecache_init(&e->code, e->mem);
	if (err)
		return err;
	err = instance_open(e, &e->inst[INSTANCE_LEGACY], false);
	if (!err)
		err = instance_open(e, &e->inst[INSTANCE_64], true);
	if (!err && uc_context_alloc(e->inst[INSTANCE_64].uc, &e->context))
		err = -ERR_NOMEM;
	return err;
}

int engine_new(struct engine **engine, struct cpu *cpu)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e)
		return -ERR_NOMEM;
	e->cpu = cpu;
	e->mmu = &cpu->mmu;
	e->mem = cpu->mem;
	e->access.cpu = cpu;
	e->probe_frame = ~0ull;
	e->done = e->settled = 16; /* so that step 0 means none */
	e->no_insn.flags = ~0u;
	e->no_code.insn = &e->no_insn;
	e->insn = &e->no_insn;
	e->now = &e->inst[INSTANCE_LEGACY];
	engine_forget_fetch_page(e);
	int err = engine_open(e);
	if (err) {
		engine_free(e);
		return err;
	}
	*engine = e;
	return 0;
}

void engine_free(struct engine *e)
{
	for (unsigned i = 0; i < INSTANCES; i++) {
		if (e->inst[i].fresh)
			uc_context_free(e->inst[i].fresh);
		if (e->inst[i].uc)
			uc_close(e->inst[i].uc);
	}
	if (e->context)
		uc_context_free(e->context);
	codecache_free(&e->code);
	alias_free(&e->alias);
	if (e->private_page && e->private_page != MAP_FAILED)
		munmap(e->private_page, PRIVATE_PAGES * PAGE_SIZE);
	if (e->code_in && e->code_in != MAP_FAILED)
		munmap(e->code_in, e->mem->top >> PAGE_SHIFT);
	free(e);
}
