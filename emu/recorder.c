/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording a machine (recorder.h). The translation of an access and the access itself are told separately (observer.h); when they follow
 * each other, as they nearly always do, they become one record: so the last translation waits for what comes next.
 */
#include "emu/recorder.h"

#include "emu/machine.h"
#include "ept/walk.h"
#include "vmx/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recorder {
	struct trace_writer *writer;
	struct machine *machine;
	struct cpu *cpu;
	struct mmu_observer observer;
	uint32_t kinds;
	bool user_only;
	bool waiting; /* waits holds a translation */
	struct trace_record waits;
	struct trace_record scratch; /* of the frequent kinds, which leave most of it as it is */
	uint64_t rip, cycle;
	uint32_t refs;	       /* of the walk under way */
	uint64_t walk_cycles;  /* of all walks so far */
	struct events begin;   /* counters when the trace began */
	uint64_t begin_cycles; /* and the clock */
	uint64_t named;	       /* the general register that the last VM exit was about */
	uint64_t entries;      /* VM entries so far */
};

#define DATA_OR_FETCH (ACC_READ | ACC_WRITE | ACC_FETCH)

static inline bool wanted(const struct recorder *r, enum trace_kind kind)
{
	return r->kinds >> kind & 1;
}

static inline void let_go(struct recorder *r)
{
	if (!r->waiting)
		return;
	r->waiting = false;
	trace_put(r->writer, &r->waits);
}

static void take_clock(struct recorder *r)
{
	r->cycle = engine_clock(r->machine->engine);
}

/* A record of a rare kind with what all have. */
static struct trace_record record(struct recorder *r, enum trace_kind kind)
{
	let_go(r);
	return (struct trace_record){.kind = (uint8_t)kind, .rip = r->rip, .cycle = r->cycle};
}

/* ---- instructions and accesses ---- */

static void on_insn(void *ctx, gla_t gla, unsigned len, uint64_t clock)
{
	struct recorder *r = ctx;
	bool user = r->cpu->cpl == 3;
	struct trace_record *t = &r->scratch;

	r->rip = gla.u;
	r->cycle = clock;
	if (!wanted(r, TRACE_INSN) || !len || (r->user_only && !user))
		return;
	let_go(r);
	t->kind = TRACE_INSN;
	t->flags = user ? TRACE_USER : 0;
	t->size = (uint16_t)len;
	t->rip = gla.u;
	t->cycle = r->cycle;
	trace_put(r->writer, t);
}

static uint64_t all_walk_cycles(const struct recorder *r)
{
	const struct caches *caches = r->cpu->mmu.env.caches;
	uint64_t sum = 0;

	for (unsigned kind = 0; caches && kind < WALK_KINDS; kind++)
		sum += caches_walk_cycles(caches, (enum walk_kind)kind, false) + caches_walk_cycles(caches, (enum walk_kind)kind, true);
	return sum;
}

static void put_walk(struct recorder *r, gla_t gla, unsigned access)
{
	const struct walk *w = &r->cpu->mmu.last;
	struct trace_record t = record(r, TRACE_WALK);
	uint64_t cycles = all_walk_cycles(r);

	t.gla = gla.u;
	t.gpa = w->status == WALK_SECOND ? w->fail_gpa.u : w->gpa.u;
	t.hpa = w->hpa.u;
	t.access = (uint8_t)access;
	t.status = (uint8_t)w->status;
	t.code = w->status == WALK_SECOND ? w->fail.exit_reason : w->status == WALK_PAGE_FAULT ? w->error : 0;
	t.shift = w->status == WALK_OK ? w->shift : 0;
	t.refs = r->refs;
	t.duration = cycles - r->walk_cycles;
	r->walk_cycles = cycles;
	r->refs = 0;
	trace_put(r->writer, &t);
}

static void put_miss(struct recorder *r, gla_t gla, unsigned access, enum mmu_served served)
{
	take_clock(r);
	if (served == SERVED_WALK && wanted(r, TRACE_WALK))
		put_walk(r, gla, access);
	if (!wanted(r, TRACE_TLB))
		return;
	struct trace_record t = record(r, TRACE_TLB);
	t.gla = gla.u;
	t.access = (uint8_t)access;
	t.served = (uint8_t)served;
	trace_put(r->writer, &t);
}

static void on_access(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	struct recorder *r = ctx;
	struct trace_record *t = &r->waits;

	if (r->user_only && !(access & ACC_USER))
		return;
	let_go(r);
	if (access & ACC_FETCH) {
		take_clock(r);
		r->rip = gla.u;
	}
	if (served != SERVED_FIRST)
		put_miss(r, gla, access, served);
	if (!wanted(r, TRACE_ACCESS))
		return;
	t->kind = TRACE_ACCESS;
	t->flags = entry ? TRACE_TRANSLATES | TRACE_PLACED : TRACE_TRANSLATES | TRACE_FAULTED;
	t->access = (uint8_t)access;
	t->size = 0;
	t->rip = r->rip;
	t->cycle = r->cycle;
	t->gla = gla.u;
	t->gpa = entry ? entry->gpa | (gla.u & (BIT(tlb_part_shift[entry->part]) - 1)) : 0;
	t->hpa = entry ? tlb_entry_hpa(entry, gla).u : 0;
	r->waiting = true;
}

static void on_data(void *ctx, gla_t gla, unsigned size, unsigned access)
{
	struct recorder *r = ctx;
	struct trace_record *t = &r->waits;

	if (!wanted(r, TRACE_ACCESS) || (r->user_only && !(access & ACC_USER)))
		return;
	if (!r->waiting || page_base(t->gla) != page_base(gla.u) || ((t->access ^ access) & DATA_OR_FETCH) || (t->flags & TRACE_FAULTED)) {
		let_go(r);
		t->kind = TRACE_ACCESS;
		t->flags = 0;
		t->access = (uint8_t)access;
		t->rip = r->rip;
		t->cycle = r->cycle;
	}
	t->gla = gla.u;
	t->gpa = page_base(t->gpa) | page_offset(gla.u);
	t->hpa = page_base(t->hpa) | page_offset(gla.u);
	t->size = (uint16_t)size;
	t->flags |= TRACE_COUNTS;
	r->waiting = false;
	trace_put(r->writer, t);
}

/* on_insn, on_access and on_data of each, where no instruction is recorded. */
static void on_hits(void *ctx, const struct mmu_hit *hit, unsigned count)
{
	struct recorder *r = ctx;

	if (wanted(r, TRACE_ACCESS) && !(r->user_only && !(hit->access & ACC_USER))) {
		let_go(r);
		trace_put_hits(r->writer, hit, count);
	}
	r->rip = hit[count - 1].insn.u;
	r->cycle = hit[count - 1].clock;
}

static void on_reference(void *ctx, const struct walk_ref *ref)
{
	struct recorder *r = ctx;
	struct trace_record *t = &r->scratch;

	if (ref->peek || (r->user_only && r->cpu->cpl != 3))
		return;
	let_go(r);
	r->refs++;
	t->kind = TRACE_REF;
	t->flags = ref->ept ? TRACE_EPT : 0;
	t->level = ref->level;
	t->for_level = ref->for_level;
	t->size = ref->entry_size;
	t->gpa = ref->gpa.u;
	t->hpa = ref->hpa.u;
	t->entry = ref->entry;
	trace_put(r->writer, t);
}

/* ---- operations ---- */

static void put_mode(struct recorder *r, const struct paging_regs *regs)
{
	struct trace_record t = record(r, TRACE_MODE);

	t.cr0 = regs->cr0;
	t.cr3 = regs->cr3;
	t.cr4 = regs->cr4;
	t.efer = regs->efer;
	t.pkru = regs->pkru;
	memcpy(t.pdpte, regs->pdpte, sizeof t.pdpte);
	trace_put(r->writer, &t);
}

static void put_context(struct recorder *r, const struct mmu_operation *op)
{
	struct trace_record t = record(r, TRACE_CONTEXT);

	t.vpid = op->vpid;
	t.eptrta = op->eptrta;
	t.switch_bit = op->switch_bit;
	t.switch_root = op->switch_root;
	t.second = op->second == ept_translate ? SECOND_IS_EPT : op->second ? SECOND_IS_OTHER : SECOND_IS_NONE;
	if (t.second == SECOND_IS_EPT) {
		const struct ept *ept = op->second_ctx;
		t.eptp = ept->root | (uint64_t)(ept->levels - 1) << EPTP_WALK_SHIFT | (ept->ad ? EPTP_AD : 0);
		t.ept_flags = (uint8_t)((ept->mbec ? TRACE_EPT_MBEC : 0) | (ept->misplaced & BIT(EPTE_X) ? 0 : TRACE_EPT_EXEC_ONLY));
	}
	trace_put(r->writer, &t);
}

/* What a record of it says: all that operations change of it. */
static struct mmu_operation present_context(const struct recorder *r)
{
	const struct mmu *mmu = &r->cpu->mmu;

	return (struct mmu_operation){.vpid = mmu->context.vpid,
				      .eptrta = mmu->context.eptrta,
				      .second = mmu->env.second,
				      .second_ctx = mmu->env.second_ctx,
				      .switch_bit = mmu->env.switch_bit,
				      .switch_root = mmu->env.switch_root};
}

static struct mmu_operation changed_context(const struct recorder *r, const struct mmu_operation *op)
{
	struct mmu_operation context = present_context(r);

	if (op->op == MMU_OP_SET_SWITCH) {
		context.switch_bit = op->switch_bit;
		context.switch_root = op->switch_root;
		return context;
	}
	context.vpid = op->vpid;
	context.eptrta = op->eptrta;
	context.second = op->second;
	context.second_ctx = op->second_ctx;
	return context;
}

static void on_operation(void *ctx, const struct mmu_operation *op)
{
	struct recorder *r = ctx;

	take_clock(r);
	if (op->op == MMU_OP_SET_PAGING) {
		put_mode(r, op->regs);
		return;
	}
	if (op->op == MMU_OP_SET_CONTEXT || op->op == MMU_OP_SET_SWITCH) {
		const struct mmu_operation context = changed_context(r, op);
		put_context(r, &context);
		return;
	}
	r->refs = 0;
	if (!wanted(r, TRACE_OPERATION))
		return;
	struct trace_record t = record(r, TRACE_OPERATION);
	t.code = op->op;
	t.gla = op->gla.u;
	t.gpa = op->gpa.u;
	t.vpid = op->vpid;
	t.pcid = op->pcid;
	t.eptrta = op->eptrta;
	trace_put(r->writer, &t);
}

/* ---- what the machine tells ---- */

static void take_guest(struct recorder *r, struct trace_record *t)
{
	const struct cpu *cpu = r->cpu;

	t->cycle = r->cycle = cpu->clock;
	t->rip = cpu->rip;
	t->flags = cpu->cpl == 3 ? TRACE_USER : 0;
	t->rax = cpu->gpr[RAX];
	t->rbx = cpu->gpr[RBX];
	t->rcx = cpu->gpr[RCX];
	t->rdx = cpu->gpr[RDX];
}

static uint32_t event_info(unsigned vector, unsigned type, bool has_error)
{
	return (uint32_t)(INTR_VALID | vector | (uint64_t)type << INTR_TYPE_SHIFT | (has_error ? INTR_ERROR_VALID : 0));
}

void recorder_exit(struct recorder *r)
{
	const struct pending *p = &r->cpu->pending;
	unsigned reason = p->exit_reason & 0xffff;

	if (!wanted(r, TRACE_EXIT))
		return;
	struct trace_record t = record(r, TRACE_EXIT);
	take_guest(r, &t);
	t.code = p->exit_reason;
	t.qualification = p->qualification;
	t.gla = p->exit_gla;
	t.gpa = p->exit_gpa;
	t.size = p->insn_len;
	if (p->exit_has_event) {
		t.intr_info = event_info(p->vector, p->type, p->has_error);
		t.intr_error = p->has_error ? p->error : 0;
	}
	const struct delivery *d = &r->cpu->delivery;
	if (d->active)
		t.idt_info = event_info(d->vector, d->type, d->has_error);
	r->named = reason == EXIT_CR_ACCESS || reason == EXIT_DR_ACCESS ? FIELD(p->qualification, 11, 8) : RAX;
	t.value = r->cpu->gpr[r->named];
	trace_put(r->writer, &t);
}

void recorder_delivered(struct recorder *r, uint64_t rip, bool user)
{
	const struct delivery *d = &r->cpu->delivery;

	if (!wanted(r, TRACE_FAULT))
		return;
	struct trace_record t = record(r, TRACE_FAULT);
	t.cycle = r->cycle = r->cpu->clock;
	t.rip = rip;
	t.flags = (uint8_t)((user ? TRACE_USER : 0) | (d->has_error ? TRACE_ERROR : 0));
	t.vector = d->vector;
	t.type = d->type;
	t.code = d->has_error ? d->error : 0;
	t.gla = d->type == EVTYPE_HARDWARE && d->vector == VEC_PF ? r->cpu->cr2 : 0;
	trace_put(r->writer, &t);
}

void recorder_look(struct recorder *r)
{
	uint64_t entries = r->cpu->ev.n[EV_VM_ENTRIES];

	if (likely(r->entries == entries))
		return;
	r->entries = entries;
	if (!wanted(r, TRACE_ENTRY))
		return;
	struct trace_record t = record(r, TRACE_ENTRY);
	const struct pending *p = &r->cpu->pending;
	take_guest(r, &t);
	t.cycle = r->cpu->cost.entered_at;
	t.value = r->cpu->gpr[r->named];
	if (p->kind == PENDING_EXCEPTION && p->injected) {
		t.intr_info = event_info(p->vector, p->type, p->has_error);
		t.intr_error = p->has_error ? p->error : 0;
	}
	trace_put(r->writer, &t);
}

/* ---- beginning and end ---- */

/* What the MMU is as the trace begins. */
static void put_start(struct recorder *r)
{
	const struct cpu *cpu = r->cpu;
	const struct mmu_operation context = present_context(r);
	struct paging_regs regs = {.cr0 = cpu->cr0, .cr3 = cpu->cr3, .cr4 = cpu->cr4, .efer = cpu->efer, .pkru = cpu->pkru};

	memcpy(regs.pdpte, cpu->pdpte, sizeof regs.pdpte);
	put_context(r, &context);
	put_mode(r, &regs);
}

static bool attach(struct recorder *r)
{
	const uint32_t inner = BIT(TRACE_ACCESS) | BIT(TRACE_INSN) | BIT(TRACE_WALK) | BIT(TRACE_TLB);
	struct mmu *mmu = &r->cpu->mmu;

	r->observer = (struct mmu_observer){.ctx = r, .operation = on_operation};
	if (r->kinds & inner) {
		r->observer.access = on_access;
		r->observer.data = on_data;
		r->observer.insn = on_insn;
		r->observer.each_insn = wanted(r, TRACE_INSN);
		r->observer.hits = r->observer.each_insn ? NULL : on_hits;
		if (engine_observe(r->machine->engine) < 0)
			return false;
	}
	mmu_observe(mmu, &r->observer);
	if (wanted(r, TRACE_REF)) {
		mmu->env.observer = on_reference;
		mmu->env.observer_ctx = r;
	}
	return true;
}

struct recorder *recorder_start(struct machine *m, const struct recorder_config *config)
{
	struct recorder *r = calloc(1, sizeof *r);

	if (!r || !(r->writer = trace_create(config->path, config->description))) {
		free(r);
		return NULL;
	}
	r->machine = m;
	r->cpu = &m->cpu;
	r->kinds = config->kinds;
	r->user_only = config->user_only;
	r->cycle = m->cpu.clock;
	r->rip = m->cpu.rip;
	r->walk_cycles = all_walk_cycles(r);
	r->begin = m->cpu.ev;
	r->begin_cycles = m->cpu.clock;
	put_start(r);
	if (!attach(r)) {
		fprintf(stderr, "vtxray: %s: the engine (Unicorn) cannot be observed\n", config->path);
		trace_close(r->writer);
		free(r);
		return NULL;
	}
	m->recorder = r;
	return r;
}

static void put_counter(struct recorder *r, const char *name, uint64_t value)
{
	struct trace_record t = record(r, TRACE_COUNTER);

	t.value = value;
	snprintf(t.name, sizeof t.name, "%s", name);
	trace_put(r->writer, &t);
}

bool recorder_end(struct recorder *r)
{
	struct mmu *mmu = &r->cpu->mmu;

	r->cycle = r->cpu->clock;
	put_counter(r, "cycles", r->cpu->clock - r->begin_cycles);
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		put_counter(r, event_name(e), r->cpu->ev.n[e] - r->begin.n[e]);
	mmu_observe(mmu, NULL);
	if (mmu->env.observer == on_reference)
		mmu->env.observer = NULL;
	r->machine->recorder = NULL;
	bool ok = trace_close(r->writer);
	free(r);
	return ok;
}
