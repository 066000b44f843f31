/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine (engine.h): Unicorn executes plain instructions at its CPL 0 with paging off in its own eyes; we give it every translation,
 * see every access, stop it before every instruction that our own code executes, and count. Instances for 64-bit code (README), one for
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

enum { WALK_REFERENCES_MAX = (LEVELS_MAX + 1) * (LEVELS_MAX + 1) - 1 };

/* ---- running ---- */

/* Runs the faulting store once more against a page that traps, to learn its address; nothing of it remains. */
static void trap_store(struct engine *e)
{
	uc_engine *uc = e->now->uc;
	uint64_t rip = engine_read_reg(e, REG_RIP_INDEX);

	uc_context_save(uc, e->context);
	e->mode = MODE_TRAP;
	e->special_step = e->done;
	e->limit = 0; /* the code hook looks closely */
	uc_ctl_flush_tlb(uc);
	uc_emu_start(uc, rip, UNREACHABLE, 0, 0);
	e->mode = MODE_RUN;
	uc_context_restore(uc, e->context);
}

/* Stores of general registers and immediates, and read-modify-writes, with one memory operand; opcodes of one byte. */
static bool is_common_store(const struct insn *insn)
{
	const uint32_t looked_at = INSN_MEM | INSN_WRITE | INSN_STACK | INSN_REP | INSN_MULTI | INSN_SYSTEM | INSN_X87;
	const unsigned op = insn->opcode;

	if ((insn->flags & looked_at) != (INSN_MEM | INSN_WRITE) || insn->map != 0 || !insn->memsize)
		return false;
	return (op < 0x40 && (op & 7) < 2) || (op >= 0x80 && op <= 0x83) || (op >= 0x86 && op <= 0x89) || op == 0xc6 || op == 0xc7;
}

uint64_t engine_operand(struct engine *e, const struct insn *insn, uint64_t gla)
{
	uint64_t at = (uint64_t)insn->disp;

	if (insn->base == REG_RIP)
		at += gla + insn->len;
	else if (insn->base < GPR_COUNT)
		at += engine_read_reg(e, insn->base);
	if (insn->index < GPR_COUNT)
		at += engine_read_reg(e, insn->index) * insn->scale;
	if (insn->addrsize == 4)
		at = (uint32_t)at;
	return at + (insn->seg >= SEG_FS ? e->cpu->seg[insn->seg].base : 0);
}

/* The linear address at which such a store of 64-bit code faults, from its registers, which are as before it. false: it must be tried. */
static bool store_address(struct engine *e, uint64_t *gla)
{
	const struct insn *insn = e->insn;

	if (!e->now->wide || !is_common_store(insn))
		return false;
	uint64_t first = engine_operand(e, insn, e->insn_gla);
	*gla = page_base(first) == e->fault_page ? first : e->fault_page; /* or its second page's first byte */
	return page_base(first) == e->fault_page || page_base(first + insn->memsize - 1) == e->fault_page;
}

/* The walk that has failed becomes an exception or VM exit, now that its exact address is known. */
static void raise_fault(struct engine *e, uint64_t gla, unsigned access)
{
	struct walk *walk = &e->mmu->last;

	if (walk->status == WALK_SECOND && !walk->fail_is_table)
		walk->fail_gpa.u = page_base(walk->fail_gpa.u) | page_offset(gla);
	raise_walk(e->cpu, GLA(gla), access);
}

/* The fault that a fill has found. */
static void take_fault(struct engine *e)
{
	struct walk kept = e->mmu->last;
	uint64_t gla;

	if (e->trapped || !store_address(e, &gla)) {
		if (!e->trapped)
			trap_store(e);
		e->mmu->last = kept;
		gla = e->fault_page | (e->trapped ? e->trap_offset : 0);
	}
	e->fault = false;
	bool stack = (e->insn->flags & INSN_STACK) || ((e->insn->flags & INSN_MEM) && e->insn->seg == SEG_SS);
	engine_unretire(e);
	if (e->fault_access & ACC_IMPLICIT) /* not canonical */
		raise_error(e->cpu, stack ? VEC_SS : VEC_GP, 0);
	else
		raise_fault(e, gla, e->fault_access);
}

void engine_raise_foreseen(struct engine *e, bool begun)
{
	e->mmu->last = e->access.fault;
	e->foreseen.step = 0;
	if (begun)
		engine_unretire(e);
	else
		e->extra_fetches++;
	raise_fault(e, e->foreseen.gla, e->foreseen.access);
}

/* A fill was refused: the instruction under way, before which the engine stopped, begins again, or faults. */
static void take_refusal(struct engine *e)
{
	if (e->foreseen.step == e->done) {
		engine_raise_foreseen(e, true);
		e->stop = STOP_EXCEPTION;
		return;
	}
	if (e->foreseen.step) { /* its translation was found, and is nowhere any more */
		e->in_blocks = false;
		e->stretch = e->foreseen.step;
	}
	e->again_gla = e->insn_gla;
	engine_begin_again(e);
	if (e->left_across || e->insn->flags & INSN_CROSS)
		engine_fetches_again(e);
	if (e->account == ACCOUNT_FAST) /* that instruction alone goes the other way */
		e->stretch = e->done + 1;
}

/* The next block's page is not there for the engine: it is fetched, and is there now, or faults. */
static void take_refused_fetch(struct engine *e)
{
	uint64_t gla = engine_read_reg(e, REG_RIP_INDEX);

	e->reached = gla;
	if (engine_may_go_on(e, gla) && engine_fetch_page(e, gla))
		e->stop = STOP_AGAIN;
}

static void run_once(struct engine *e)
{
	e->stop = STOP_NONE;
	e->fault = e->halted = e->fetch_refused = e->left_across = false;
	e->block_done = e->done;
	e->flags_step = 0;
	e->running = true;
	uc_err err = uc_emu_start(e->now->uc, e->cpu->rip, UNREACHABLE, 0, 0);
	e->running = false;

	if (e->fetch_refused) {
		e->done = e->block_done;
		engine_end_block(e);
		take_refused_fetch(e);
	}
	if (e->block)
		engine_leave_block(e, engine_read_reg(e, REG_RIP_INDEX));
	e->put_back_flags = err != UC_ERR_OK && e->flags_step == e->done && !e->fetch_refused;
	if (e->fault && e->stop == STOP_NONE) {
		e->stop = STOP_EXCEPTION;
		take_fault(e);
	} else if (e->stop == STOP_AGAIN && err != UC_ERR_OK && !e->fetch_refused) {
		take_refusal(e);
	} else if (e->stop == STOP_NONE && err == UC_ERR_INSN_INVALID) {
		engine_unretire(e);
		raise_exception(e->cpu, VEC_UD);
		e->stop = STOP_EXCEPTION;
	} else if (e->stop == STOP_NONE) {
		raise_stop(e->cpu, uc_strerror(err));
		e->stop = STOP_EXCEPTION;
	}
	CHECK(!e->foreseen.step || e->done <= e->foreseen.step); /* the fault has not been passed by */
	e->foreseen.step = 0;
}

/* The dearest step, and the most that a piece of a block may be charged: two walks, and the lines of a split load with its parts. */
static void take_prices(struct engine *e)
{
	const uint32_t *price = e->cpu->cost.price.of;
	uint64_t reference = 0;

	e->dearest = 1;
	e->even = true;
	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		e->even &= price[COST_INSN_ALU + i] == 1;
		e->dearest = price[COST_INSN_ALU + i] > e->dearest ? price[COST_INSN_ALU + i] : e->dearest;
	}
	e->dearest_piece = e->dearest_line = 0;
	if (!e->mmu->env.caches || e->account == ACCOUNT_FAST)
		return;
	for (unsigned i = 0; i < ANSWERS; i++) {
		reference = price[COST_WALK_L1 + i] > reference ? price[COST_WALK_L1 + i] : reference;
		reference = price[COST_EPT_L1 + i] > reference ? price[COST_EPT_L1 + i] : reference;
	}
	uint64_t walk = price[COST_STLB_HIT] + price[COST_WALK] + WALK_REFERENCES_MAX * (reference + price[COST_AD_UPDATE]);
	uint64_t data = price[COST_DATA_L2] + price[COST_DATA_LLC] + price[COST_DATA_MEMORY];
	e->dearest_piece = 2 * walk + 6 * data;
	e->dearest_line = price[COST_FETCH_L2] + price[COST_FETCH_LLC] + price[COST_FETCH_MEMORY];
}

static int instance_open(struct engine *e, struct instance *in, bool wide);

/* An instance for blocks is opened when it is first needed; false: that failed. */
static bool has_instance(struct engine *e, unsigned i)
{
	return e->inst[i].uc || instance_open(e, &e->inst[i], true) == 0;
}

/* The guest goes to another address space: does it come back to one that it has left since the last flush, more often than not? */
static bool returns_often(struct engine *e, uint64_t space)
{
	struct left *left = &e->left[0];
	bool back = false;

	for (unsigned i = 0; i < SPACES; i++)
		back |= e->left[i].space == space && e->left[i].flushes == e->flushes;
	for (unsigned i = 1; i < SPACES; i++)
		left = e->left[i].at < left->at ? &e->left[i] : left;
	*left = (struct left){.space = e->inst[e->fast].space, .flushes = e->flushes, .at = e->done};
	if (back)
		e->returns += e->returns < RETURNS_MAX;
	else
		e->returns -= e->returns > 0;
	return e->returns > (e->two_spaces ? 0 : RETURNS_MAX / 2);
}

/* Neither instance has this address space: which one loses its own, the present one or the other? The one that was returned to less. */
static bool takes_other(const struct instance *now, struct instance *other)
{
	bool takes = other->returns <= now->returns;

	if (!takes)
		other->returns--;
	return takes;
}

/* The instance for this address space: where that pays, what one holds of a space stays there while the guest is in another. */
static unsigned fast_instance(struct engine *e)
{
	uint64_t space = e->cpu->cr3;
	unsigned other = e->fast == INSTANCE_FAST ? INSTANCE_FAST_2 : INSTANCE_FAST;
	struct instance *in = &e->inst[e->fast];

	if (in->space == space)
		return e->fast;
	e->two_spaces = returns_often(e, space) && has_instance(e, other) && e->inst[other].reg;
	if (e->two_spaces && (e->inst[other].space == space || takes_other(in, &e->inst[other])))
		e->fast = other;
	in = &e->inst[e->fast];
	if (in->space == space) {
		in->returns += in->returns < INSTANCE_RETURNS_MAX;
	} else {
		in->flushes = 0;
		in->returns = 0;
	}
	in->space = space;
	return e->fast;
}

/* Which instance runs blocks now. Without the memory for it they go by instruction, from now on. */
static unsigned block_instance(struct engine *e)
{
	bool unwatched = e->account == ACCOUNT_FAST || (e->plans && e->done >= e->watched_until);
	unsigned i = unwatched ? fast_instance(e) : INSTANCE_BLOCK;

	if (has_instance(e, i))
		return i;
	e->account = ACCOUNT_INSN;
	e->in_blocks = false;
	return INSTANCE_64;
}

/* How the engine goes on in 64-bit code. */
static void choose_account(struct engine *e)
{
	if (!e->now->wide)
		return;
	engine_move(e, e->in_blocks ? block_instance(e) : INSTANCE_64);
	e->planning = e->account == ACCOUNT_BLOCK && engine_is_fast(e);
	if (e->in_blocks)
		e->stretch = 0;
}

/* Blocks from the start, but for one instruction, or where a block is known that they cannot be. */
static void begin_account(struct engine *e, uint64_t max)
{
	bool watched = e->mmu->stale || e->mem->watch.armed;

	e->observed = mmu_observes_accesses(e->mmu->observer);
	e->stretch = e->owed = 0;
	e->in_blocks = e->account != ACCOUNT_INSN && e->now->wide && max > 1 && !watched;
	e->plans = e->in_blocks && e->account == ACCOUNT_BLOCK && has_instance(e, INSTANCE_FAST) && e->inst[INSTANCE_FAST].reg;
	if (e->observed && e->mmu->observer->each_insn)
		e->plans = false;
	e->in_short = e->mmu->store == &e->mmu->dtlb;
	if (e->observed && !e->plans)
		e->in_blocks = false;
	if (!e->plans)
		e->watched_until = ~0ull;
	else if (e->observed || e->watched_until == ~0ull)
		e->watched_until = 0;
	if (e->booked > e->done) /* a block that was left in the middle of what is booked of it */
		e->stretch = e->booked;
	else if (e->in_blocks && e->done < e->by_insn.end) /* a system instruction does not end that stay */
		e->stretch = e->by_insn.end;
	else if (e->in_blocks)
		engine_stretches(e, e->cpu->rip);
	e->in_blocks = e->in_blocks && !e->stretch;
}

/* What a TLB entry has to permit, by kinds of access. */
static void take_kinds(struct engine *e)
{
	uint64_t read = BIT(e->read_access), write = BIT(e->write_access), both = BIT(e->read_access | ACC_WRITE);

	if (e->allows[1 << PLAN_READ] == read && e->allows[1 << PLAN_WRITE] == write)
		return;
	for (unsigned kinds = 0; kinds < ARRAY_LEN(e->allows); kinds++)
		e->allows[kinds] =
		    (kinds & 1 << PLAN_READ ? read : 0) | (kinds & 1 << PLAN_WRITE ? write : 0) | (kinds & 1 << PLAN_RMW ? both : 0);
}

enum engine_stop engine_run(struct engine *e, uint64_t max)
{
	struct cpu *cpu = e->cpu;

	e->limit_asked = max > UINT64_MAX - e->done ? UINT64_MAX : e->done + max;
	e->read_access = cpu_access(cpu, ACC_READ);
	e->write_access = cpu_access(cpu, ACC_WRITE);
	take_kinds(e);
	e->slow = INSN_SYSTEM | INSN_REP | INSN_CROSS | INSN_FLAGS | plain_slow_flags(cpu);
	e->slow_planned = e->slow & ~(uint32_t)(INSN_ALIGN16 | INSN_FLAGS); /* a plan looks itself; flags are kept */
	if (unlikely(e->now->excepted))
		engine_forget_exception(e);
	engine_choose_instance(e);
	engine_forget_fetch_page(e);
	bool lines = e->mmu->env.caches && e->mmu->env.caches->l1i.sets && e->account != ACCOUNT_FAST;
	e->fetch_span = lines ? BIT(CACHE_LINE_SHIFT) : PAGE_SIZE;
	e->rep_step = e->rep_suspended = e->smc_step = e->special_step = 0;
	e->access.step = 0; /* a step that faulted, if its number is used again */
	e->call_undo_at = 0;
	e->lines_ahead.until = e->loaded_elsewhere = 0;
	e->begun_step = e->done;
	e->insn = &e->no_insn;
	take_prices(e);
	begin_account(e, max);
	choose_account(e);
	engine_sync_in(e);
	do {
		choose_account(e);
		engine_attend(e);
		run_once(e);
		engine_sync_out(e);
		if (e->stop == STOP_OURS)
			engine_take_over(e);
		if (e->stop == STOP_STRING) {
			engine_string(e);
			e->stop = STOP_AGAIN;
			engine_sync_in(e);
		} else if (e->stop == STOP_AREA) {
			engine_area(e);
			e->stop = STOP_AGAIN;
		} else if (e->put_back_flags) {
			engine_sync_in(e);
		}
	} while (e->stop == STOP_AGAIN && !e->kicked);
	engine_settle(e);
	if (e->kicked && e->stop == STOP_AGAIN)
		e->stop = STOP_BUDGET;
	e->kicked = 0;
	if (e->stop == STOP_EXCEPTION && e->by_insn.end > e->done)
		e->by_insn.end = e->done; /* its handler is other code than what had to go by instruction */
	return e->stop == STOP_SYSTEM ? ENGINE_SYSTEM : e->stop == STOP_EXCEPTION ? ENGINE_EXCEPTION : ENGINE_BUDGET;
}

void engine_set_account(struct engine *e, enum account account)
{
	if (account != e->account)
		engine_forget_unwatched(e); /* what may be written without being watched changes */
	e->account = account;
}

void engine_set_stays(struct engine *e, bool on)
{
	e->stay_max = on ? STAY_MAX : 0;
}

const struct insn *engine_insn(const struct engine *e)
{
	return e->insn;
}

void engine_place(const struct engine *e, const uint64_t *fetch, uint64_t *rip, uint64_t *insns)
{
	uint64_t gla = fetch ? *fetch : e->insn_gla;

	*insns = e->cpu->ev.n[EV_INSTRUCTIONS];
	*rip = e->cpu->rip;
	if (!e->running)
		return;
	*insns += e->done - e->settled - e->rep_steps;
	*rip = e->now->wide ? gla : (uint32_t)(gla - e->cpu->seg[SEG_CS].base);
}

void engine_kick(struct engine *e)
{
	e->kicked = 1;
	e->limit = 0;
}

/* ---- opening ---- */

/* What runs unwatched needs no other window than the first, and meets no trap and no device. */
static uc_err map_all(struct engine *e, uc_engine *uc, bool watched)
{
	uc_err err = UC_ERR_OK;
	uint64_t window = e->alias.stride << PAGE_SHIFT;
	unsigned windows = watched ? e->alias.windows : 1;

	for (unsigned w = 0; w < windows && !err; w++)
		err = uc_mem_map_ptr(uc, w * window, e->mem->top, UC_PROT_ALL, e->mem->host);
	if (!err)
		err = uc_mem_map_ptr(uc, e->private_base, PRIVATE_PAGES * PAGE_SIZE, UC_PROT_ALL, e->private_page);
	if (err || !watched)
		return err;
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
	bool fast = in >= &e->inst[INSTANCE_FAST], block = in == &e->inst[INSTANCE_BLOCK] || fast;
	void *on_block = fast ? (void *)engine_on_unwatched_block : (void *)engine_on_block;
	uc_hook hook;
	uc_err err = uc_open(UC_ARCH_X86, wide ? UC_MODE_64 : UC_MODE_32, &in->uc);

	if (err)
		return -ERR_ENGINE;
	in->wide = wide;
	in->slots = SLOTS_FIRST;
	in->full = 2 * SLOTS_FIRST;
	bool largest = in == &e->inst[INSTANCE_FAST];
	err = uc_ctl_set_tcg_buffer_size(in->uc, largest ? CODE_BUFFER_BLOCK : wide ? CODE_BUFFER_64 : CODE_BUFFER_LEGACY);
	if (!err)
		err = uc_ctl_set_cpu_model(in->uc, UC_CPU_X86_SNOWRIDGE);
	if (!err)
		err = uc_ctl_tlb_mode(in->uc, UC_TLB_VIRTUAL);
	if (!err)
		err = uc_ctl_exits_enable(in->uc); /* else each stop looks up, and drops, the block at `until` */
	if (!err)
		err = map_all(e, in->uc, !fast);
	/* Without this, the first time that the code buffer fills up Unicorn 2.1.1 begins it anew and keeps its lists of what was in it. */
	if (!err)
		err = uc_ctl_flush_tb(in->uc);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_TLB_FILL, (void *)engine_on_fill, e, 1, 0);
	if (!err)
		err = block ? uc_hook_add(in->uc, &hook, UC_HOOK_BLOCK, on_block, e, 1, 0)
			    : uc_hook_add(in->uc, &e->code_hook[in - e->inst], UC_HOOK_CODE, (void *)engine_on_code, e, 1, 0);
	if (!err && !fast)
		err = uc_hook_add(in->uc, &e->memory_hook[in - e->inst], UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
				  block ? (void *)engine_on_block_memory : (void *)engine_on_memory, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)engine_on_trap, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_INTR, (void *)engine_on_interrupt, e, 1, 0);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR0, CR0_NE); /* x87 errors as #MF; LIMIT: FERR# is not modelled */
	if (!err)
		err = reset_fx(in->uc);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR4, CR4_OSFXSR | CR4_OSXMMEXCPT | (wide ? CR4_SMAP : 0u));
	for (unsigned i = 0; i < ENGINE_REGS && !err; i++)
		if (wide || i < 8 || i >= GPR_COUNT)
			err = uc_reg_read(in->uc, (wide ? engine_reg_ids : engine_reg_ids_legacy)[i], &in->known[i]);
	if (!err)
		err = uc_context_alloc(in->uc, &in->fresh);
	if (!err)
		err = uc_context_save(in->uc, in->fresh);
	if (!err && fast) {
		in->reg = engine_find_registers(in->uc);
		in->held = in->reg ? calloc(HELD_MAX, sizeof *in->held) : NULL;
	}
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
	engine_put_private_code(e);
	err = codecache_init(&e->code, e->mem);
	if (err)
		return err;
	err = instance_open(e, &e->inst[INSTANCE_LEGACY], false);
	if (!err)
		err = instance_open(e, &e->inst[INSTANCE_64], true);
	if (!err && (uc_context_alloc(e->inst[INSTANCE_64].uc, &e->context) || uc_context_alloc(e->inst[INSTANCE_64].uc, &e->moved)))
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
	e->stay_max = STAY_MAX;
	e->fast = INSTANCE_FAST;
	e->done = e->settled = 16; /* so that step 0 means none */
	e->no_insn.flags = ~0u;
	e->no_code.insn = &e->no_insn;
	codeblock_init(&e->no_code);
	e->piece = e->pieces = &e->no_piece;
	e->flushes = 1;
	e->mem->engine_limit = &e->limit;
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

int engine_observe(struct engine *e)
{
	uc_err err = UC_ERR_OK;

	for (unsigned i = 0; i < INSTANCE_BLOCK && !err; i++) { /* the instance for blocks rests meanwhile */
		uc_engine *uc = e->inst[i].uc;
		err = uc_hook_del(uc, e->code_hook[i]);
		if (!err)
			err = uc_hook_del(uc, e->memory_hook[i]);
		if (!err)
			err = uc_hook_add(uc, &e->code_hook[i], UC_HOOK_CODE, (void *)engine_on_code_observed, e, 1, 0);
		if (!err)
			err = uc_hook_add(uc, &e->memory_hook[i], UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)engine_on_memory_observed,
					  e, 1, 0);
		if (!err)
			err = uc_ctl_flush_tb(uc); /* code translated with the other hooks */
	}
	return err ? -ERR_ENGINE : 0;
}

void engine_free(struct engine *e)
{
	e->mem->engine_limit = NULL;
	for (unsigned i = 0; i < INSTANCES; i++) {
		if (e->inst[i].fresh)
			uc_context_free(e->inst[i].fresh);
		if (e->inst[i].uc)
			uc_close(e->inst[i].uc);
		free(e->inst[i].held);
	}
	if (e->context)
		uc_context_free(e->context);
	if (e->moved)
		uc_context_free(e->moved);
	codecache_free(&e->code);
	for (unsigned i = 0; i < ACROSS_PAGES; i++)
		codecache_free_page(e->across_of[i].page);
	alias_free(&e->alias);
	if (e->private_page && e->private_page != MAP_FAILED)
		munmap(e->private_page, PRIVATE_PAGES * PAGE_SIZE);
	if (e->code_in && e->code_in != MAP_FAILED)
		munmap(e->code_in, e->mem->top >> PAGE_SHIFT);
	free(e);
}
