/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine (engine.h): Unicorn executes plain instructions at its CPL 0 with paging off in its own eyes; we give it every translation,
 * see every access, stop it before every instruction that our own code executes, and count. One Unicorn instance for 64-bit code, one for
 * 32- and 16-bit code (which has a private GDT), over the same RAM. The softmmu inside is a cache of the model: what is in it is always
 * something that the tables, or an entry of the modelled TLBs, still give; whatever might change that flushes it.
 *
 *     engine-physical:  [ window 0 | window 1 | ... ]  private pages | trap page | device slots
 */
#include "emu/engine.h"

#include "emu/access.h"
#include "emu/alias.h"
#include "emu/codecache.h"
#include "emu/plain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#if UC_API_MAJOR < 2 || (UC_API_MAJOR == 2 && UC_API_MINOR < 1) || (UC_API_MAJOR == 2 && UC_API_MINOR == 1 && UC_API_PATCH < 1)
#error "vtxray needs Unicorn 2.1.1 or later (libunicorn-dev of Debian 13): run 'make deps'"
#endif

enum {
	/* bytes of translated code an instance: all of them become resident, a whole flush stays in milliseconds */
	CODE_BUFFER_64 = 48 << 20,
	CODE_BUFFER_LEGACY = 16 << 20,
	GIVEN_SLOTS = 4096, /* which frame was given for which fetched page; even and odd pages never share a slot */
	DEVICE_SLOTS = 256, /* device pages that the softmmu may hold between two flushes */
	DROPS = 32,	    /* frames whose translated code an instance still has to drop */
	PRIVATE_POISON = 0, /* private pages: what a fetch gets that must not happen */
	PRIVATE_CODE,	    /* FXSAVE, FXRSTOR */
	PRIVATE_DATA,
	PRIVATE_GDT,
	PRIVATE_SINK, /* where stores go that are made only to learn the address of another */
	PRIVATE_PAGES,
	INSTANCE_LEGACY = 0,
	INSTANCE_64,
	INSTANCES,
	ENGINE_REGS = GPR_COUNT + 2, /* general registers, RIP, RFLAGS */
	REG_RIP_INDEX = GPR_COUNT,
	REG_FLAGS_INDEX,
};
#define UNREACHABLE 0x8000000000000000ull /* not canonical: no code is ever there */
#define PRIVATE_GLA 0x1000ull		  /* where private code sees private pages: only while nothing of the guest runs */
#define ENGINE_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF | FLAG_DF)

/* why the engine was stopped, beyond what callers are told */
enum stop { STOP_NONE, STOP_AGAIN, STOP_SYSTEM, STOP_EXCEPTION, STOP_BUDGET };

/* what the hooks are to do */
enum mode { MODE_RUN, MODE_PRIVATE /* our own code runs */, MODE_TRAP /* one instruction again, to learn the address of its store */ };

struct instance {
	uc_engine *uc;
	bool wide;
	uint64_t known[ENGINE_REGS];   /* what the instance's registers hold */
	struct segment seg[SEG_COUNT]; /* what its segments were made from */
	bool seg_known;
	uc_context *fresh;    /* its state when it was opened */
	bool excepted;	      /* it has raised an exception since then, which it believes to be still in delivery */
	uint64_t drop[DROPS]; /* frames */
	unsigned drops;	      /* DROPS + 1: all */
};

struct given {
	uint64_t gla;
	uint64_t frame;
	uint32_t generation;
};

struct device_slot {
	uint64_t gla, hpa;
};

struct engine {
	/* hot: the code and memory hooks */
	uint64_t fetch_base;		/* linear address of the page that instructions come from; UNREACHABLE: none */
	struct code_page *page;		/* its decoded code; no_code when there is none */
	uint64_t by_class[CLASS_COUNT]; /* steps since the clock was settled */
	uint64_t done, limit;		/* steps: instructions, and further iterations of REP strings; limit 0: attention */
	const struct insn *insn;	/* the instruction under way */
	uint64_t insn_gla;
	uint32_t slow; /* INSN_*: instructions that need more than to be counted */
	unsigned read_access, write_access;
	uint64_t special_step; /* a step whose pieces need access_piece */
	uint64_t ram_end;      /* engine-physical end of the windows */
	uint64_t frame_mask;
	struct cpu *cpu;
	struct mmu *mmu;
	struct mem *mem;
	struct aliases alias;

	enum code_width width;
	enum mode mode;
	enum stop stop;
	uint64_t limit_asked;
	uint64_t charged_limit; /* the clock, without unsettled steps, from which it must be looked at again */
	uint64_t dearest;	/* the highest price of a step */
	volatile int kicked;

	/* counting since the last settlement */
	uint64_t settled, rep_steps, extra_fetches, looked_up;
	uint8_t fetch_part;

	struct data_access access;
	uint64_t rep_suspended; /* the step after which a REP instruction was stopped between iterations */
	uint64_t rep_step;	/* the step of a REP instruction that may go on */
	uint64_t rep_left;	/* its iterations from that step on */
	uint64_t smc_step;	/* a step whose store hit a code frame: the engine may begin it again */
	uint64_t smc_rcx;
	uint64_t call_undo; /* what an indirect CALL overwrote */
	uint64_t call_undo_at;
	uint64_t begun_step;  /* step at which this engine run began */
	struct insn previous; /* the instruction before a change of page, whose decoded page may be dropped */
	struct insn across;   /* the instruction under way, when it lies in two pages */

	/* a fault under way */
	bool fault;
	uint64_t fault_page;
	unsigned fault_access;
	bool trapped;
	uint64_t trap_offset;

	struct instance inst[INSTANCES];
	struct instance *now;
	struct codecache code;
	uint8_t *code_in; /* by frame: bit i, instance i has been given it for fetching */
	struct given given[GIVEN_SLOTS];
	struct device_slot device[DEVICE_SLOTS];
	unsigned devices;
	uint64_t private_base, trap_base, device_base; /* engine-physical */
	uint8_t *private_page;
	uint64_t private_end; /* where private code ends, and who runs it */
	struct instance *private_in;
	uint64_t probe_frame; /* uc_ctl_remove_cache asks where this frame is; ~0: nobody asks */
	uint64_t flushed_epoch;
	bool flush; /* the softmmu must be flushed before it goes on */
	uc_context *context;
	struct code_page no_code;
	struct insn no_insn;
};

static const int reg_ids[ENGINE_REGS] = {
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
    UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
    UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_RFLAGS,
};
static const int reg_ids_legacy[ENGINE_REGS] = {
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

static uint64_t engine_read_reg(struct engine *e, unsigned index)
{
	uint64_t value = 0;

	uc_reg_read(e->now->uc, (e->now->wide ? reg_ids : reg_ids_legacy)[index], &value);
	return value;
}

/* ---- counting ---- */

/* Brings the clock up to the steps done. */
static void settle_clock(struct engine *e)
{
	struct cost *cost = &e->cpu->cost;

	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		cost_charge_n(cost, (enum cost_cause)(COST_INSN_ALU + i), e->by_class[i]);
		cost->steps += e->by_class[i];
		e->by_class[i] = 0;
	}
}

/* Books what was counted only as steps, but for the clock: at page changes. */
static void settle_fetches(struct engine *e)
{
	uint64_t steps = e->done - e->settled, insns = steps - e->rep_steps;
	uint64_t fetches = insns + e->extra_fetches;

	e->cpu->ev.n[EV_INSTRUCTIONS] += insns;
	e->cpu->ev.n[EV_FETCHES] += fetches;
	e->cpu->ev.n[EV_ITLB_HIT_4K + e->fetch_part] += fetches - e->looked_up;
	e->settled = e->done;
	e->rep_steps = e->extra_fetches = e->looked_up = 0;
}

/* To be called before anyone looks at the clock or the counters. */
static void settle(struct engine *e)
{
	settle_fetches(e);
	settle_clock(e);
}

/*
 * How far the engine may run before the clock must be looked at again: to the deadline if every step were one of the dearest, and what else
 * is charged no more than the other half. So the engine comes to the deadline in ever shorter stretches, and is late by one instruction at
 * most.
 */
static void take_limit(struct engine *e)
{
	struct cost *cost = &e->cpu->cost;
	uint64_t steps, left;

	e->limit = e->limit_asked;
	e->charged_limit = ~0ull;
	if (cost->deadline == ~0ull)
		return;
	settle_clock(e);
	left = cost->deadline > *cost->clock ? cost->deadline - *cost->clock : 0;
	if (e->dearest == 1 && !e->mmu->env.caches) {
		steps = left;
	} else {
		e->charged_limit = *cost->clock + left / 2;
		steps = left / 2 / e->dearest;
		steps += left && !steps;
	}
	if (steps < e->limit - e->done && e->done < e->limit)
		e->limit = e->done + steps;
}

/* The instruction under way did not complete: it was fetched, but is not retired. */
static void unretire(struct engine *e)
{
	access_begin(&e->access, e->done);
	access_undo(&e->access);
	e->extra_fetches++;
	e->done--;
	e->by_class[e->insn->cls]--;
	e->rep_step = 0;
}

/* ---- flushing and dropping ---- */

static void forget_fetch_page(struct engine *e)
{
	e->fetch_base = UNREACHABLE;
	e->page = &e->no_code;
}

static void flush_softmmu(struct engine *e)
{
	uc_ctl_flush_tlb(e->now->uc);
	alias_reset(&e->alias);
	e->devices = 0;
	e->flushed_epoch = e->mem->table_epoch;
	e->mmu->engine_stale = false;
	e->flush = false;
	forget_fetch_page(e);
}

/* Drops the instance's translations of code in one frame: it asks for a translation of any address, and gets that frame. */
static void drop_code(struct engine *e, struct instance *in, uint64_t frame)
{
	uc_ctl_flush_tlb(in->uc);
	e->probe_frame = frame;
	uc_ctl_remove_cache(in->uc, PRIVATE_GLA, PRIVATE_GLA + PAGE_SIZE);
	e->probe_frame = ~0ull;
	e->flush = true;
}

static void drop_pending(struct engine *e, struct instance *in)
{
	if (in->drops > DROPS) {
		uc_ctl_flush_tb(in->uc);
		e->flush = true;
	} else {
		for (unsigned i = 0; i < in->drops; i++)
			drop_code(e, in, in->drop[i]);
	}
	in->drops = 0;
}

static void drop_later(struct engine *e, struct instance *in, uint64_t frame)
{
	e->code_in[frame] &= (uint8_t) ~(1u << (in - e->inst));
	for (unsigned i = 0; i < in->drops && i < DROPS; i++)
		if (in->drop[i] == frame)
			return;
	if (in->drops < DROPS)
		in->drop[in->drops] = frame;
	if (in->drops <= DROPS)
		in->drops++;
}

/* A store to a frame that holds code, which instance `by` has noticed itself (NULL: none has). */
static void code_stored(struct engine *e, uint64_t frame, const struct instance *by)
{
	for (unsigned i = 0; i < INSTANCES; i++)
		if ((e->code_in[frame] & BIT(i)) && &e->inst[i] != by)
			drop_later(e, &e->inst[i], frame);
}

/* What stores by our own code (devices, VMMs, descriptor accessed bits, walks) have left in struct mem. */
static void take_model_stores(struct engine *e)
{
	struct mem *mem = e->mem;

	if (mem->code_stores > MEM_CODE_STORES) {
		codecache_drop_all(&e->code);
		for (unsigned i = 0; i < INSTANCES; i++)
			e->inst[i].drops = DROPS + 1;
	} else {
		for (unsigned i = 0; i < mem->code_stores; i++) {
			codecache_drop(&e->code, HPA(mem->code_frame[i] << PAGE_SHIFT));
			code_stored(e, mem->code_frame[i], NULL);
		}
	}
	mem->code_stores = 0;
	mem->attention = false;
}

/* Everything that has to be in order before the engine goes on. */
static void attend(struct engine *e)
{
	e->insn = &e->no_insn; /* what it was may be dropped now */
	e->insn_gla = UNREACHABLE + 1;
	if (e->mem->attention || e->mem->code_stores)
		take_model_stores(e);
	if (e->now->drops)
		drop_pending(e, e->now);
	if (e->flush || e->cpu->engine_flush || e->mmu->engine_stale || e->flushed_epoch != e->mem->table_epoch)
		flush_softmmu(e);
	e->cpu->engine_flush = false;
	take_limit(e);
	if (e->kicked)
		e->limit = 0;
#ifdef STRESS
	flush_softmmu(e);
#endif
}

/* ---- fills ---- */

static struct given *given_slot(struct engine *e, uint64_t gla)
{
	uint64_t page = gla >> PAGE_SHIFT;
	uint64_t pair = page >> 1;

	return &e->given[(((pair ^ pair >> 11 ^ pair >> 22) & (GIVEN_SLOTS / 2 - 1)) << 1) | (page & 1)];
}

static bool given_is(struct engine *e, uint64_t gla, uint64_t frame)
{
	const struct given *g = given_slot(e, gla);

	return g->gla == gla && g->generation == e->alias.generation && g->frame == frame;
}

static unsigned fetch_access(const struct cpu *cpu)
{
	return ACC_FETCH | (cpu->cpl == 3 ? (unsigned)ACC_USER : 0u);
}

/*
 * The engine reads ahead when it translates: a fetch fill is not an access of the processor and never fails. The code hook decides. The
 * frame comes from the modelled TLBs or the tables as they are; if there is none, a poison page is given.
 */
static void fill_fetch(struct engine *e, uint64_t page, uc_tlb_entry *result)
{
	const struct tlb_entry *entry = NULL;
	hpa_t hpa = HPA(~0ull);

	if (page != UNREACHABLE && (e->mmu->mode.linear_width == 32 || is_canonical(page, e->mmu->mode.linear_width))) {
		entry = mmu_peek_tlb(e->mmu, GLA(page), true);
		if (entry) {
			hpa = tlb_entry_hpa(entry, GLA(page));
		} else {
			struct walk walk = mmu_peek(e->mmu, GLA(page), fetch_access(e->cpu));
			if (walk.status == WALK_OK)
				hpa = walk.hpa;
		}
	}
	result->perms = UC_PROT_EXEC;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE)) {
		result->paddr = e->private_base + PRIVATE_POISON * PAGE_SIZE;
		return;
	}
	uint64_t frame = hpa.u >> PAGE_SHIFT;
	if (alias_is(&e->alias, frame, page))
		result->perms |= e->alias.entry[frame] & ALIAS_PERMS;
	*given_slot(e, page) = (struct given){.gla = page, .frame = frame, .generation = e->alias.generation};
	e->code_in[frame] |= (uint8_t)(1u << (e->now - e->inst));
	mem_mark(e->mem, hpa, FRAME_CODE);
	result->paddr = hpa.u;
}

static bool fill_device(struct engine *e, uint64_t page, hpa_t hpa, uc_tlb_entry *result)
{
	if (e->devices == DEVICE_SLOTS) {
		e->flush = true;
		e->stop = STOP_AGAIN;
		return false;
	}
	e->device[e->devices] = (struct device_slot){.gla = page, .hpa = hpa.u};
	result->paddr = e->device_base + (uint64_t)e->devices++ * PAGE_SIZE;
	result->perms = UC_PROT_READ | UC_PROT_WRITE;
	return true;
}

/* A data access that faults. Loads get a page that traps, which tells their exact address; stores fail here and are tried again. */
static bool fill_fault(struct engine *e, uint64_t page, unsigned access, bool write, uc_tlb_entry *result)
{
	e->fault = true;
	e->fault_page = page;
	e->fault_access = access;
	e->trapped = false;
	e->flush = true;
	if (write)
		return false;
	result->paddr = e->trap_base;
	result->perms = UC_PROT_READ;
	return true;
}

/*
 * While a faulting store is tried again to learn its address: the page that faults traps, stores to other pages go nowhere,
 * loads see their data.
 */
static bool fill_trap(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	if (write) {
		result->paddr = page == e->fault_page ? e->trap_base : e->private_base + PRIVATE_SINK * PAGE_SIZE;
		result->perms = UC_PROT_WRITE;
		return true;
	}
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(page), false);
	hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(page)) : mmu_peek(e->mmu, GLA(page), e->read_access).hpa;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return false;
	result->paddr = hpa.u;
	result->perms = UC_PROT_READ;
	return true;
}

static bool fill_data(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	unsigned access = write ? e->write_access : e->read_access;
	unsigned width = e->mmu->mode.linear_width;

	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	access_begin(&e->access, e->done);
	e->special_step = e->done;
	if (width != 32 && e->now->wide && !is_canonical(page, width))
		return fill_fault(e, page, access | ACC_IMPLICIT, write, result);
	const struct tlb_entry *entry = access_fill(&e->access, page, access);
	if (!entry)
		return fill_fault(e, page, access, write, result);

	hpa_t hpa = tlb_entry_hpa(entry, GLA(page));
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return fill_device(e, page, hpa, result);
	uint64_t engine_page = alias_take(&e->alias, page, hpa.u >> PAGE_SHIFT);
	if (engine_page == ~0ull) { /* out of windows for this frame */
		e->flush = true;
		e->stop = STOP_AGAIN;
		return false;
	}
	unsigned perms = UC_PROT_READ;
	if (mmu_entry_permits(e->mmu, entry, e->write_access))
		perms |= UC_PROT_WRITE;
	if (write && !mmu_entry_permits(e->mmu, entry, e->read_access))
		perms &= ~(unsigned)UC_PROT_READ;
	if (write)
		perms |= UC_PROT_WRITE;
	((struct tlb_entry *)entry)->in_engine = true;
	e->alias.entry[engine_page] |= perms;
	result->perms = e->alias.entry[engine_page] & ALIAS_PERMS;
	/* the mark first: it spares a look into a table that the host's caches do not hold */
	if (engine_page == (hpa.u >> PAGE_SHIFT) && (e->mem->frame_flags[engine_page] & FRAME_CODE) && given_is(e, page, engine_page))
		result->perms |= UC_PROT_EXEC;
	result->paddr = engine_page << PAGE_SHIFT;
	return true;
}

static bool on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *result, void *user)
{
	struct engine *e = user;
	uint64_t page = page_base(address);

	(void)uc;
	result->perms = UC_PROT_ALL;
	if (e->probe_frame != ~0ull) {
		result->paddr = e->probe_frame << PAGE_SHIFT;
		return true;
	}
	if (e->mode == MODE_PRIVATE) {
		uint64_t n = (page - PRIVATE_GLA) >> PAGE_SHIFT;
		result->paddr = e->private_base + (n < PRIVATE_PAGES ? n : 0) * PAGE_SIZE;
		return true;
	}
	if (type == UC_MEM_FETCH) {
		fill_fetch(e, page, result);
		return true;
	}
	if (e->mode == MODE_TRAP)
		return fill_trap(e, page, type == UC_MEM_WRITE, result);
	return fill_data(e, page, type == UC_MEM_WRITE, result);
}

/* ---- memory hooks ---- */

static __attribute__((noinline)) void store_marked(struct engine *e, uint64_t paddr, unsigned size)
{
	uint64_t frame = (paddr >> PAGE_SHIFT) & e->frame_mask;
	hpa_t hpa = HPA(frame << PAGE_SHIFT | page_offset(paddr));
	unsigned flags = e->mem->frame_flags[frame];

	if (flags & FRAME_WATCH)
		mem_watch_store(e->mem, hpa, size);
	if (unlikely(e->mem->watch.hit))
		e->limit_asked = e->done; /* this instruction, and no other */
	if (flags & FRAME_TABLE)
		e->mem->table_epoch++;
	if (flags & FRAME_CODE) {
		bool window0 = paddr >> PAGE_SHIFT == frame;
		codecache_store(&e->code, hpa, size);
		code_stored(e, frame, window0 ? e->now : NULL);
		e->smc_step = e->done;
		if (e->insn->flags & INSN_REP)
			e->smc_rcx = engine_read_reg(e, RCX);
	}
	e->limit = 0;
}

static uint64_t piece_gla(const struct engine *e, uint64_t paddr)
{
	uint64_t offset = page_offset(paddr);

	if (paddr < e->ram_end)
		return alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | offset;
	return e->device[(paddr - e->device_base) >> PAGE_SHIFT].gla | offset;
}

/* The frame of the second page of a store that splits. */
static void store_second_page(struct engine *e, uint64_t gla, unsigned size)
{
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(gla), false);

	if (!entry)
		return;
	hpa_t hpa = tlb_entry_hpa(entry, GLA(gla));
	if (!mem_is_ram(e->mem, hpa, 1) || !e->mem->frame_flags[hpa.u >> PAGE_SHIFT])
		return;
	store_marked(e, hpa.u, size);
	if (e->mem->frame_flags[hpa.u >> PAGE_SHIFT] & FRAME_CODE)
		code_stored(e, hpa.u >> PAGE_SHIFT, NULL); /* through which window is not known here */
}

/* The data caches' part of an access. What has been charged may bring the deadline near. */
static inline void price_data(struct engine *e, uint64_t paddr)
{
	uint64_t frame = paddr >> PAGE_SHIFT & e->frame_mask;

	caches_data(e->mmu->env.caches, HPA(frame << PAGE_SHIFT | page_offset(paddr)));
	if (unlikely(*e->cpu->cost.clock >= e->charged_limit))
		e->limit = 0;
}

static __attribute__((noinline)) void piece_slow(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	if (e->mode != MODE_RUN || (paddr >= e->ram_end && paddr < e->device_base))
		return;
	if (e->smc_step == e->done + 1) /* the engine began a step again whose accesses are counted */
		return;
	uint64_t gla = piece_gla(e, paddr);
	unsigned access = write ? e->write_access : e->read_access;

	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	access_begin(&e->access, e->done);
	access_piece(&e->access, e->insn, gla, size, write, access);
	if (paddr >= e->ram_end)
		return;
	if (e->mmu->env.caches)
		price_data(e, paddr);
	if (!write)
		return;
	if ((e->insn->flags & INSN_BRANCH) && e->insn->opcode == 0xff) {
		e->call_undo_at = (paddr >> PAGE_SHIFT & e->frame_mask) << PAGE_SHIFT | page_offset(paddr);
		memcpy(&e->call_undo, e->mem->host + e->call_undo_at, size <= 8 && page_offset(paddr) + size <= PAGE_SIZE ? size : 0);
	}
	if (unlikely(e->mem->frame_flags[paddr >> PAGE_SHIFT & e->frame_mask]))
		store_marked(e, paddr, size);
	if (unlikely(page_offset(paddr) + size > PAGE_SIZE))
		store_second_page(e, page_base(gla) + PAGE_SIZE, (unsigned)(page_offset(paddr) + size - PAGE_SIZE));
}

static void on_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user)
{
	struct engine *e = user;
	bool write = type == UC_MEM_WRITE;
	unsigned size = (unsigned)bytes;

	(void)uc;
	(void)value;
	if (likely(paddr < e->ram_end && e->special_step != e->done && !(e->insn->flags & (INSN_MULTI | INSN_RMW)) &&
		   page_offset(paddr) + size <= PAGE_SIZE)) {
		uint64_t gla = alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | page_offset(paddr);
		mmu_access(e->mmu, GLA(gla), write ? e->write_access : e->read_access);
		e->cpu->ev.n[write ? EV_STORES : EV_LOADS]++;
		if (e->mmu->env.caches)
			price_data(e, paddr);
		if (write && unlikely(e->mem->frame_flags[(paddr >> PAGE_SHIFT) & e->frame_mask]))
			store_marked(e, paddr, size);
		return;
	}
	piece_slow(e, write, paddr, size);
}

/* The trap page was touched: the exact address of the faulting access. */
static bool on_trap(uc_engine *uc, uc_mem_type type, uint64_t paddr, int size, int64_t value, void *user)
{
	struct engine *e = user;

	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	if (!e->trapped && paddr >= e->trap_base && paddr < e->trap_base + PAGE_SIZE) {
		e->trapped = true;
		e->trap_offset = page_offset(paddr);
	}
	return false;
}

static uint64_t on_device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
	struct engine *e = user;

	(void)uc;
	settle(e);
	e->limit = 0; /* devices may want the processor's attention now */
	return mem_read(e->mem, HPA(e->device[offset >> PAGE_SHIFT].hpa | page_offset(offset)), size);
}

static void on_device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
	struct engine *e = user;

	(void)uc;
	settle(e);
	e->limit = 0;
	e->limit_asked = e->done; /* the machine looks at interrupts before the next instruction */
	mem_write(e->mem, HPA(e->device[offset >> PAGE_SHIFT].hpa | page_offset(offset)), value, size);
}

/* ---- the code hook ---- */

static void halt(struct engine *e, enum stop why)
{
	e->stop = why;
	uc_emu_stop(e->now->uc);
}

static uint64_t rip_of(const struct engine *e, uint64_t gla)
{
	return e->now->wide ? gla : (uint32_t)(gla - e->cpu->seg[SEG_CS].base);
}

/* A branch whose target cannot be fetched because of where it is (canonical form, CS limit) faults itself: undo it. */
static void undo_branch(struct engine *e)
{
	const struct insn *insn = e->insn;
	uint64_t sp = engine_read_reg(e, RSP);
	uc_engine *uc = e->now->uc;
	const int *ids = e->now->wide ? reg_ids : reg_ids_legacy;

	if (e->done == e->begun_step || !(insn->flags & INSN_BRANCH))
		return; /* nothing was executed before: the address itself is what faults */
	uint64_t rip = rip_of(e, e->insn_gla);
	if ((insn->flags & INSN_STACK) && (insn->flags & INSN_WRITE)) {
		sp += insn->opsize;
		if (insn->opcode == 0xff && e->call_undo_at)
			memcpy(e->mem->host + e->call_undo_at, &e->call_undo, insn->opsize);
	} else if (insn->flags & INSN_STACK) {
		sp -= insn->opsize + insn->imm2;
	}
	uc_reg_write(uc, ids[RSP], &sp);
	uc_reg_write(uc, ids[REG_RIP_INDEX], &rip);
	e->cpu->ev.n[EV_LOADS] -= insn->flags & INSN_READ ? 1u : 0u;
	e->cpu->ev.n[EV_STORES] -= insn->flags & INSN_WRITE ? 1u : 0u;
	e->access.loads = e->access.stores = 0;
	unretire(e);
}

static bool target_faults(struct engine *e, uint64_t gla)
{
	if (e->now->wide)
		return !is_canonical(gla, e->mmu->mode.linear_width);
	return rip_of(e, gla) > e->cpu->seg[SEG_CS].limit;
}

/*
 * The page that instructions come from changes (or must be looked up again): the fetch is an access of the processor. Returns false when
 * the engine has been stopped.
 */
static bool fetch_page(struct engine *e, uint64_t gla)
{
	settle_fetches(e);
	if (target_faults(e, gla)) {
		undo_branch(e);
		raise_error(e->cpu, VEC_GP, 0);
		halt(e, STOP_EXCEPTION);
		return false;
	}
	const struct tlb_entry *entry = mmu_access(e->mmu, GLA(gla), fetch_access(e->cpu));
	if (!entry) {
		raise_walk(e->cpu, GLA(gla), fetch_access(e->cpu));
		e->extra_fetches++;
		e->looked_up++;
		halt(e, STOP_EXCEPTION);
		return false;
	}
	hpa_t hpa = tlb_entry_hpa(entry, GLA(page_base(gla)));
	e->fetch_part = entry->part;
	e->looked_up++;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE)) { /* LIMIT: instruction fetches outside RAM read all ones, which is no instruction */
		raise_exception(e->cpu, VEC_UD);
		e->extra_fetches++;
		halt(e, STOP_EXCEPTION);
		return false;
	}
	if (!given_is(e, page_base(gla), hpa.u >> PAGE_SHIFT)) { /* the engine's code is from elsewhere */
		e->looked_up--;
		e->cpu->ev.n[EV_ITLB_HIT_4K + e->fetch_part] -= 1; /* made again after the flush, and then a hit: counted once */
		e->flush = true;
		halt(e, STOP_AGAIN);
		return false;
	}
	e->previous = *e->insn;
	e->insn = &e->previous;
	e->page = codecache_page(&e->code, hpa, e->width);
	if (!e->page) {
		raise_stop(e->cpu, "the host has no memory left for decoded code");
		halt(e, STOP_EXCEPTION);
		return false;
	}
	e->fetch_base = page_base(gla);
	return true;
}

/* Decodes an instruction whose bytes go on in the next page. NULL: stopped. */
static const struct insn *decode_across(struct engine *e, uint64_t gla)
{
	uint64_t first = PAGE_SIZE - page_offset(gla), next = gla + first;
	uint8_t bytes[16];

	if (!e->now->wide)
		next = e->cpu->seg[SEG_CS].base + (uint32_t)(rip_of(e, gla) + first);
	next &= e->now->wide ? ~0ull : 0xffffffffull;
	const struct tlb_entry *entry = NULL;
	if (e->now->wide && !is_canonical(next, e->mmu->mode.linear_width))
		raise_error(e->cpu, VEC_GP, 0);
	else if (!(entry = mmu_access(e->mmu, GLA(next), fetch_access(e->cpu))))
		raise_walk(e->cpu, GLA(next), fetch_access(e->cpu));
	if (!entry) {
		e->extra_fetches++;
		halt(e, STOP_EXCEPTION);
		return NULL;
	}
	hpa_t hpa = tlb_entry_hpa(entry, GLA(next));
	memcpy(bytes, e->mem->host + (e->page->frame << PAGE_SHIFT) + page_offset(gla), first);
	memset(bytes + first, 0xff, sizeof bytes - first);
	mem_read_bytes(e->mem, hpa, bytes + first, 15 - first);
	codecache_decode(&e->code, bytes, 15, e->width, &e->across);
	e->across.flags |= INSN_CROSS;
	if (!given_is(e, page_base(next), hpa.u >> PAGE_SHIFT) && mem_is_ram(e->mem, hpa, 1)) {
		e->cpu->ev.n[EV_ITLB_HIT_4K + entry->part] -= 1; /* made again after the flush, and then a hit: counted once */
		e->flush = true;
		halt(e, STOP_AGAIN);
		return NULL;
	}
	return &e->across;
}

/* The registers that a plain instruction's checks look at. */
static void sync_for_checks(struct engine *e, const struct insn *insn, uint64_t gla)
{
	struct cpu *cpu = e->cpu;

	cpu->rip = rip_of(e, gla);
	if (insn->base < GPR_COUNT)
		cpu->gpr[insn->base] = engine_read_reg(e, insn->base);
	if (insn->index < GPR_COUNT)
		cpu->gpr[insn->index] = engine_read_reg(e, insn->index);
	if (insn->flags & (INSN_STACK | INSN_MULTI)) {
		cpu->gpr[RSP] = engine_read_reg(e, RSP);
		cpu->gpr[RBP] = engine_read_reg(e, RBP);
		cpu->gpr[RSI] = engine_read_reg(e, RSI);
		cpu->gpr[RDI] = engine_read_reg(e, RDI);
		cpu->gpr[RCX] = engine_read_reg(e, RCX);
		cpu->gpr[RBX] = engine_read_reg(e, RBX);
		cpu->gpr[RAX] = engine_read_reg(e, RAX);
	}
}

static void begin_rep(struct engine *e)
{
	unsigned bits = 8u * e->insn->addrsize;

	e->rep_step = e->done;
	e->rep_suspended = 0;
	e->rep_left = engine_read_reg(e, RCX) & BITS(bits - 1, 0);
}

/* Between two iterations of a REP string instruction that this run has begun? */
static bool within_rep(const struct engine *e, uint64_t gla)
{
	return (e->insn->flags & INSN_REP) && gla == e->insn_gla && e->rep_step == e->done && e->done != e->begun_step;
}

/* The engine comes to the instruction once more after the last iteration, only to leave it. */
static bool finishes_rep(const struct engine *e, uint64_t gla)
{
	return e->rep_left == 1 && within_rep(e, gla);
}

/* One more iteration of a REP string instruction? */
static bool continues_rep(struct engine *e, uint64_t gla)
{
	if (!within_rep(e, gla))
		return false;
	e->done++;
	e->by_class[e->insn->cls]++;
	e->rep_steps++;
	e->rep_step = e->done;
	e->rep_left--;
	return true;
}

/* After a store to its own block, the engine begins the storing instruction again: it has been counted. */
static bool begins_again(struct engine *e, uint64_t gla)
{
	if (e->smc_step != e->done || gla != e->insn_gla || (e->insn->flags & INSN_BRANCH))
		return false;
	if ((e->insn->flags & INSN_REP) && engine_read_reg(e, RCX) != e->smc_rcx)
		return false;
	e->smc_step = e->done + 1;
	e->special_step = e->done;
	return true;
}

/* A REP instruction stopped between iterations has not retired: going on with it counts it again. */
static void suspend_rep(struct engine *e, uint64_t gla)
{
	if (!within_rep(e, gla))
		return;
	e->rep_steps++;
	e->rep_suspended = e->done;
}

bool engine_in_rep(const struct engine *e)
{
	return e->rep_suspended == e->done;
}

/* false: the engine was stopped for something other than an instruction */
static bool may_go_on(struct engine *e, uint64_t gla)
{
	if (e->done < e->limit)
		return true;
	if (e->mem->attention || e->now->drops || e->flush || e->mmu->engine_stale || e->flushed_epoch != e->mem->table_epoch) {
		suspend_rep(e, gla);
		halt(e, STOP_AGAIN);
		return false;
	}
	take_limit(e);
	if (e->done < e->limit && !e->kicked)
		return true;
	suspend_rep(e, gla);
	halt(e, STOP_BUDGET);
	return false;
}

static __attribute__((noinline)) void code_slow(struct engine *e, uint64_t gla)
{
	if (e->mode == MODE_PRIVATE) {
		if (gla == e->private_end)
			uc_emu_stop(e->private_in->uc);
		return;
	}
	if (e->mode == MODE_TRAP) {
		if (gla != e->insn_gla || e->trapped)
			uc_emu_stop(e->now->uc);
		return;
	}
	if (e->stop != STOP_NONE) {
		uc_emu_stop(e->now->uc);
		return;
	}
	if (begins_again(e, gla) || finishes_rep(e, gla))
		return;
	if (!may_go_on(e, gla))
		return;
	if (continues_rep(e, gla))
		return;
	if (gla - e->fetch_base >= PAGE_SIZE && !fetch_page(e, gla))
		return;
	const struct insn *insn = codecache_insn(&e->code, e->page, (unsigned)page_offset(gla), e->width);
	if (!insn && !(insn = decode_across(e, gla)))
		return;
	if (insn->flags & INSN_SYSTEM) {
		e->insn = insn;
		e->insn_gla = gla;
		e->extra_fetches++;
		halt(e, STOP_SYSTEM);
		return;
	}
	if (insn->flags & e->slow & ~(uint32_t)(INSN_REP | INSN_CROSS)) {
		sync_for_checks(e, insn, gla);
		uint16_t x87_status = 0;
		if (insn->flags & INSN_X87)
			uc_reg_read(e->now->uc, UC_X86_REG_FPSW, &x87_status);
		if (!plain_check(e->cpu, insn, x87_status)) {
			e->extra_fetches++;
			halt(e, STOP_EXCEPTION);
			return;
		}
	}
	e->insn = insn;
	e->insn_gla = gla;
	e->done++;
	e->by_class[insn->cls]++;
	if (insn->flags & INSN_REP)
		begin_rep(e);
}

static void on_code(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;
	uint64_t offset = gla - e->fetch_base;

	(void)uc;
	(void)size;
	if (likely(offset < PAGE_SIZE && e->done < e->limit)) {
		const struct insn *insn = &e->page->insn[e->page->at[offset]];
		if (likely(!(insn->flags & e->slow))) {
			e->insn = insn;
			e->insn_gla = gla;
			e->done++;
			e->by_class[insn->cls]++;
			return;
		}
	}
	code_slow(e, gla);
}

/* An exception that the engine itself found: #DE, #MF, #XM, #BR. */
static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	struct engine *e = user;

	e->now->excepted = true;
	if (e->mode == MODE_RUN && e->stop == STOP_NONE) {
		unretire(e);
		if (vector == VEC_GP || vector == VEC_SS || vector == VEC_AC)
			raise_error(e->cpu, vector, 0);
		else
			raise_exception(e->cpu, (enum vector)vector);
		e->stop = STOP_EXCEPTION;
	}
	uc_emu_stop(uc);
}

/* ---- state in and out ---- */

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

static void sync_in(struct engine *e)
{
	struct instance *in = e->now;
	const struct cpu *cpu = e->cpu;
	const int *ids = in->wide ? reg_ids : reg_ids_legacy;
	unsigned gprs = in->wide ? GPR_COUNT : 8;
	uint64_t flags = (cpu->rflags & ENGINE_FLAGS) | FLAG_FIXED;

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

static void sync_out(struct engine *e)
{
	struct instance *in = e->now;
	struct cpu *cpu = e->cpu;
	unsigned gprs = in->wide ? GPR_COUNT : 8;
	void *to[ENGINE_REGS];
	int ids[ENGINE_REGS];
	unsigned n = 0;

	memset(in->known, 0, sizeof in->known);
	for (unsigned i = 0; i < ENGINE_REGS; i++) {
		if (i >= gprs && i < GPR_COUNT)
			continue;
		ids[n] = (in->wide ? reg_ids : reg_ids_legacy)[i];
		to[n++] = &in->known[i];
	}
	uc_reg_read_batch(in->uc, ids, to, (int)n);
	memcpy(cpu->gpr, in->known, gprs * sizeof cpu->gpr[0]);
	cpu->rip = in->known[REG_RIP_INDEX];
	in->known[REG_FLAGS_INDEX] = (in->known[REG_FLAGS_INDEX] & ENGINE_FLAGS) | FLAG_FIXED;
	cpu->rflags = (cpu->rflags & ~ENGINE_FLAGS) | (in->known[REG_FLAGS_INDEX] & ENGINE_FLAGS);
}

/* FXSAVE (or FXRSTOR) of an instance's registers, by an instruction on a private page. */
static void run_fx(struct engine *e, struct instance *in, bool restore)
{
	uint8_t *code = e->private_page + PRIVATE_CODE * PAGE_SIZE + (restore ? 64 : 0);
	uint64_t at = PRIVATE_GLA + PRIVATE_CODE * PAGE_SIZE + (restore ? 64 : 0);
	uint64_t data = PRIVATE_GLA + PRIVATE_DATA * PAGE_SIZE;
	unsigned len = in->wide ? 8 : 7;
	uint32_t disp = (uint32_t)(in->wide ? data - (at + len) : data);
	struct segment flat[SEG_COUNT] = {0};

	for (unsigned i = 0; i < SEG_COUNT; i++)
		flat[i].ar = AR_DB;
	if (!in->wide)
		load_segments(e, in, flat);
	memcpy(code, in->wide ? "\x48\x0f\xae\x05" : "\x0f\xae\x05", in->wide ? 4 : 3);
	code[in->wide ? 3 : 2] = restore ? 0x0d : 0x05;
	memcpy(code + len - 4, &disp, 4);
	code[len] = 0x90;
	e->mode = MODE_PRIVATE;
	forget_fetch_page(e);
	uc_ctl_flush_tlb(in->uc);
	e->private_end = at + len;
	e->private_in = in;
	uc_err err = uc_emu_start(in->uc, at, UNREACHABLE, 0, 0);
	CHECK(err == UC_ERR_OK);
	e->mode = MODE_RUN;
	e->flush = true;
}

void engine_fx_out(struct engine *e)
{
	uint8_t *data = e->private_page + PRIVATE_DATA * PAGE_SIZE;

	if (e->now->wide) {
		run_fx(e, e->now, false);
		memcpy(e->cpu->fx, data, sizeof e->cpu->fx);
		return;
	}
	/* 32-bit code has eight SSE registers: the others wait in the 64-bit instance */
	run_fx(e, &e->inst[INSTANCE_64], false);
	memcpy(e->cpu->fx, data, sizeof e->cpu->fx);
	run_fx(e, e->now, false);
	memcpy(e->cpu->fx, data, 288);
}

void engine_fx_in(struct engine *e)
{
	uint8_t *data = e->private_page + PRIVATE_DATA * PAGE_SIZE;

	memcpy(data, e->cpu->fx, sizeof e->cpu->fx);
	run_fx(e, &e->inst[INSTANCE_64], true);
	if (e->now->wide)
		return;
	memcpy(data, e->cpu->fx, sizeof e->cpu->fx);
	run_fx(e, e->now, true);
}

/*
 * An instance that has raised an exception waits for its delivery, which never comes as we deliver it: the next contributory exception
 * would be a double fault in its eyes. So it starts again from a fresh state, with its registers put back.
 */
static void forget_exception(struct engine *e)
{
	struct instance *in = e->now;
	uint8_t keep[512];

	memcpy(keep, e->cpu->fx, sizeof keep);
	engine_fx_out(e);
	uc_context_restore(in->uc, in->fresh);
	in->excepted = false;
	in->seg_known = false;
	for (unsigned i = 0; i < (in->wide ? GPR_COUNT : 8u); i++)
		uc_reg_write(in->uc, (in->wide ? reg_ids : reg_ids_legacy)[i], &in->known[i]);
	uc_reg_write(in->uc, (in->wide ? reg_ids : reg_ids_legacy)[REG_FLAGS_INDEX], &in->known[REG_FLAGS_INDEX]);
	engine_fx_in(e);
	memcpy(e->cpu->fx, keep, sizeof keep);
	e->flush = true;
}

/* Chooses the instance for the code width; its x87 and SSE registers move along. */
static void choose_instance(struct engine *e)
{
	unsigned width = cpu_code_width(e->cpu);
	struct instance *in = &e->inst[width == 64 ? INSTANCE_64 : INSTANCE_LEGACY];

	e->width = width == 64 ? WIDTH_64 : width == 32 ? WIDTH_32 : WIDTH_16;
	if (in == e->now)
		return;
	uint8_t keep[512];
	memcpy(keep, e->cpu->fx, sizeof keep);
	engine_fx_out(e);
	e->now = in;
	engine_fx_in(e);
	memcpy(e->cpu->fx, keep, sizeof keep);
	e->flush = true;
}

/* ---- running ---- */

/* Runs the faulting store once more against a page that traps, to learn its address; nothing of it remains. */
static void trap_store(struct engine *e)
{
	uc_engine *uc = e->now->uc;
	uint64_t rip = engine_read_reg(e, REG_RIP_INDEX);

	uc_context_save(uc, e->context);
	e->mode = MODE_TRAP;
	e->special_step = e->done;
	forget_fetch_page(e);
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
	unretire(e);
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
		unretire(e); /* a fill that could not be answered before a flush */
		e->extra_fetches--;
	} else if (e->stop == STOP_NONE && err == UC_ERR_INSN_INVALID) {
		unretire(e);
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
		forget_exception(e);
	choose_instance(e);
	forget_fetch_page(e);
	e->rep_step = e->rep_suspended = e->smc_step = 0;
	e->call_undo_at = 0;
	e->dearest = 1;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if (cpu->cost.price.of[COST_INSN_ALU + i] > e->dearest)
			e->dearest = cpu->cost.price.of[COST_INSN_ALU + i];
	sync_in(e);
	do {
		attend(e);
		run_once(e);
		sync_out(e);
	} while (e->stop == STOP_AGAIN && !e->kicked);
	settle(e);
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
		err = uc_mmio_map(uc, e->device_base, (uint64_t)DEVICE_SLOTS * PAGE_SIZE, on_device_read, e, on_device_write, e);
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
		err = uc_hook_add(in->uc, &hook, UC_HOOK_TLB_FILL, (void *)on_fill, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_CODE, (void *)on_code, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)on_trap, e, 1, 0);
	if (!err)
		err = uc_hook_add(in->uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, e, 1, 0);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR0, CR0_NE); /* x87 errors as #MF; LIMIT: FERR# is not modelled */
	if (!err)
		err = reset_fx(in->uc);
	if (!err)
		err = or_control(in->uc, UC_X86_REG_CR4, CR4_OSFXSR | CR4_OSXMMEXCPT);
	for (unsigned i = 0; i < ENGINE_REGS && !err; i++)
		if (wide || i < 8 || i >= GPR_COUNT)
			err = uc_reg_read(in->uc, (wide ? reg_ids : reg_ids_legacy)[i], &in->known[i]);
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
	forget_fetch_page(e);
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
