/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's loop: before each stretch of plain code, or each system instruction, the events that are due, in the order of
 * SDM 3A, "Priority Among Concurrent Events": traps of the last instruction, NMI, external interrupts, code breakpoints; then
 * execution; then what the instruction leaves (exception, single step). Time advances by one for each instruction, further REP iteration
 * and delivered event; while the processor halts it jumps to the next event of a device.
 */
#include "emu/machine.h"

#include "emu/boundary.h"
#include "emu/console.h"
#include "emu/deliver.h"
#include "emu/finder.h"
#include "emu/price.h"
#include "emu/hosted.h"
#include "emu/recorder.h"
#include "emu/sysinsn.h"
#include "emu/top.h"
#include "vmx/debug.h"
#include "vmx/intercept.h"

#include <string.h>

enum { SLICE = 10000000, HOST_WAIT_MAX_MS = 100, VMM_AREA_MIN = 64 << 20 };
#define DR7_ENABLES BITS(7, 0)
#define SHADOWS (BLOCK_STI | BLOCK_MOV_SS)

/* Memory that a built-in VMM has for itself, above the guest's: its tables, VMCS, and frames to back guest memory. Populated as used. */
static uint64_t vmm_area(const struct machine_config *config)
{
	if (config->paging == PAGING_SHADOW)
		return shadow_vmm_area(config->shadow.pages);
	if (config->paging == PAGING_AGILE)
		return shadow_vmm_area_agile(config->shadow.pages, config->ram_size);
	return config->paging == PAGING_NATIVE ? 0 : config->ram_size + VMM_AREA_MIN;
}

/* Caches and prices of a profile. */
static int model_processor(struct machine *m, const struct profile *profile)
{
	int err = caches_init(&m->caches, &profile->caches, &m->cpu.cost);
	if (err)
		return err;
	cost_init(&m->cpu.cost, &m->cpu.clock, &profile->prices);
	return mmu_model(&m->cpu.mmu, &profile->pscs, &m->caches);
}

int machine_init(struct machine *m, const struct machine_config *config)
{
	memset(m, 0, sizeof *m);
	m->config = *config;
	struct cpu *cpu = &m->cpu;
	int err = mem_init(&m->mem, config->ram_size + vmm_area(config));
	if (err)
		return err;
	cpu->mem = &m->mem;
	err = mmu_init(&cpu->mmu, &m->mem, &cpu->ev, config->profile ? &config->profile->tlbs : config->tlbs);
	if (err)
		goto free_mem;
	cpu_reset(cpu);
	if (config->profile && (err = model_processor(m, config->profile)) < 0)
		goto free_mmu;
	if (config->check_invalidation && (err = finder_attach(m)) < 0)
		goto free_mmu;
	struct bus_config bus = {
	    .ram_size = config->ram_size, .console = config->console, .save = config->save, .verbose = config->verbose};
	err = bus_init(&m->bus, &m->mem, &cpu->clock, &bus);
	if (err)
		goto free_mmu;
	bus_firmware_state(&m->bus);
	if (config->console)
		config->console->stop = &m->kicked;
	if (config->vmx || config->paging != PAGING_NATIVE)
		boundary_attach(m);
	err = engine_new(&m->engine, cpu);
	if (!err) {
		engine_set_account(m->engine, config->account);
		m->apart = config->life || config->region.from != REGION_ALL;
		life_init(&m->life, config->life);
		region_start(m);
		return 0;
	}
	bus_free(&m->bus);
free_mmu:
	stale_free(&m->stale);
	caches_free(&m->caches);
	mmu_free(&cpu->mmu);
free_mem:
	mem_free(&m->mem);
	return err;
}

void machine_free(struct machine *m)
{
	engine_free(m->engine);
	hosted_free(m);
	bus_free(&m->bus);
	stale_free(&m->stale);
	caches_free(&m->caches);
	mmu_free(&m->cpu.mmu);
	mem_free(&m->mem);
}

int machine_load(struct machine *m, const struct load_request *request, char error[LOAD_ERROR_SIZE])
{
	struct mem guest = m->mem;
	struct load_request with_end = *request;
	uint64_t end = 0;

	/* the guest's part of memory; nothing is cached of it yet, so the marks that stores leave in this copy do not matter */
	mem_narrow(&guest, m->config.ram_size);
	m->cpu.mem = &guest;
	with_end.end = &end;
	int err = load_image(&m->cpu, &with_end, error);
	m->cpu.mem = &m->mem;
	return err ? err : hosted_start(m, end, error);
}

void machine_kick(struct machine *m)
{
	m->kicked = 1;
	engine_kick(m->engine);
}

/* ---- events before an instruction ---- */

static void deliver_exception(struct machine *m)
{
	const struct boundary_event event = boundary_event(m);

	if (m->config.life && m->cpu.pending.vector == VEC_UD)
		life_undefined(&m->life, &m->cpu);
	boundary_delivered(m, &event, deliver_pending(&m->cpu));
}

static void deliver_from_outside(struct machine *m, uint8_t vector, bool nmi)
{
	struct boundary_event event = boundary_event(m);

	event.cause = COST_INTERRUPT;
	boundary_delivered(m, &event, deliver_interrupt(&m->cpu, vector, nmi));
}

static bool breakpoint_hit(const struct cpu *cpu, uint64_t *hit)
{
	uint64_t gla = cpu->rip + (cpu_64bit(cpu) ? 0 : cpu->seg[SEG_CS].base);

	*hit = 0;
	for (unsigned i = 0; i < 4; i++) {
		bool enabled = FIELD(cpu->dr[7], 2 * i + 1, 2 * i);
		if (enabled && !FIELD(cpu->dr[7], 4 * i + 17, 4 * i + 16) && cpu->dr[i] == gla)
			*hit |= BIT(i);
	}
	return *hit;
}

/* An event between iterations of a REP string instruction saves RF = 1 (SDM 3B, "Instruction-Breakpoint Exception Condition"). */
static void save_rf(struct machine *m)
{
	if (m->in_rep)
		m->cpu.rflags |= FLAG_RF;
	m->in_rep = false;
}

/* Delivers what is due before the next instruction. true: something was delivered, or ended the run; look again. */
static bool deliver_due(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	uint64_t hit;

	if (unlikely(cpu->init_pending) && cpu->vmx_op == VMX_OUTSIDE) { /* blocked in VMX root operation */
		cpu->init_pending = false;
		return !raise_stop(cpu, "an INIT reached the boot processor, and there is no firmware at the reset vector to go on with");
	}
	if (cpu->pending_dbg && !(cpu->interruptibility & BLOCK_MOV_SS)) {
		uint64_t bits = cpu->pending_dbg;
		cpu->pending_dbg = 0;
		save_rf(m);
		raise_db(cpu, bits);
		deliver_exception(m);
		return true;
	}
	if (cpu->nmi_pending && !(cpu->interruptibility & (BLOCK_NMI | BLOCK_MOV_SS)) && cpu->activity != ACTIVITY_WAIT_FOR_SIPI &&
	    boundary_delivers_nmi(m)) {
		cpu->nmi_pending = false;
		cpu->activity = ACTIVITY_ACTIVE;
		save_rf(m);
		deliver_from_outside(m, VEC_NMI, true);
		return true;
	}
	if ((cpu->rflags & FLAG_IF) && !(cpu->interruptibility & SHADOWS) && cpu->activity <= ACTIVITY_HLT &&
	    boundary_delivers_interrupts(m) && bus_interrupt_pending(&m->bus)) {
		cpu->activity = ACTIVITY_ACTIVE;
		save_rf(m);
		deliver_from_outside(m, bus_acknowledge(&m->bus), false);
		return true;
	}
	/* not after MOV SS or POP SS (SDM 3A, "Masking Exceptions and Interrupts When Switching Stacks") */
	if (unlikely(cpu->dr[7] & DR7_ENABLES) && !(cpu->rflags & FLAG_RF) && !(cpu->interruptibility & BLOCK_MOV_SS) &&
	    cpu->activity == ACTIVITY_ACTIVE && breakpoint_hit(cpu, &hit)) {
		raise_db(cpu, hit);
		deliver_exception(m);
		return true;
	}
	return false;
}

/* ---- execution ---- */

/* Instructions that must not run in one stretch: those under a shadow, under TF, or with code breakpoints armed. RF matters to these only.
 */
static bool one_at_a_time(const struct cpu *cpu)
{
	if (cpu->vmx_op == VMX_NONROOT && vmx_steps(cpu))
		return true;
	return (cpu->rflags & FLAG_TF) || (cpu->interruptibility & SHADOWS) || (cpu->dr[7] & DR7_ENABLES);
}

static uint64_t budget(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	uint64_t max = SLICE, next = bus_next_event(&m->bus);

	cpu->cost.deadline = ~0ull;
	if (one_at_a_time(cpu))
		return 1;
	if (cpu->vmx_op == VMX_NONROOT) {
		uint64_t timer = vmx_next_deadline(cpu);
		next = timer < next ? timer : next;
	}
	if (m->config.max_insns) {
		uint64_t left = m->config.max_insns - cpu->cost.steps;
		max = left < max ? left : max;
	}
	if (next <= cpu->clock)
		return 1;
	cpu->cost.deadline = next;
	return region_limit(m, max);
}

/* The instruction at RIP retired under single step: a trap after it. */
static void single_step(struct cpu *cpu, bool tf)
{
	if (tf)
		cpu->pending_dbg |= DEBUG_BS;
}

/*
 * TF at the start of a system instruction decides, with exceptions: after a VM entry that failed late it is the host's, after VM entry
 * none, as the guest's own counts from then on. CHOICE: after SYSCALL and SYSRET it is the TF that they loaded, as on processors, whose
 * SYSCALL never traps with TF in IA32_FMASK; the SDM does not say.
 */
static bool system_steps(const struct cpu *cpu, const struct insn *insn, bool tf)
{
	switch (insn->sys) {
	case SYS_VMLAUNCH:
	case SYS_VMRESUME:
		return cpu->vmx_op != VMX_NONROOT && (cpu->rflags & FLAG_TF);
	case SYS_SYSCALL:
	case SYS_SYSRET:
		return cpu->rflags & FLAG_TF;
	default:
		return tf;
	}
}

static void execute_system(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	const struct insn *insn = engine_insn(m->engine);
	bool fx = insn->flags & INSN_FX, tf = cpu->rflags & FLAG_TF;
	uint64_t rip = cpu->rip;

	if (unlikely(insn->sys == SYS_CPUID))
		region_cpuid(m);
	if (fx)
		engine_fx_out(m->engine);
	cpu->pending.kind = PENDING_NONE;
	if (!sysinsn_execute(cpu, &m->bus, insn)) {
		bool software = cpu->pending.type != EVTYPE_HARDWARE; /* INT n and its like retire by being delivered */
		uint64_t rip_before = cpu->rip;
		if (cpu->pending.kind == PENDING_EXCEPTION)
			deliver_exception(m);
		if (software && cpu->rip != rip_before)
			cpu->ev.n[EV_INSTRUCTIONS]++;
		return;
	}
	if (fx)
		engine_fx_in(m->engine);
	price_system(cpu, insn);
	m->in_rep = (insn->flags & INSN_REP) && cpu->rip == rip; /* INS, OUTS with iterations left */
	cpu->ev.n[EV_INSTRUCTIONS] += !m->in_rep;
	single_step(cpu, system_steps(cpu, insn, tf));
}

static void execute(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	uint64_t retired = cpu->ev.n[EV_INSTRUCTIONS];
	bool tf = cpu->rflags & FLAG_TF;
	enum engine_stop stop = engine_run(m->engine, budget(m));

	m->in_rep = engine_in_rep(m->engine);
	if (m->in_rep && tf) {
		single_step(cpu, tf);
		return;
	}
	if (cpu->ev.n[EV_INSTRUCTIONS] != retired) {
		cpu->interruptibility &= (uint8_t)~SHADOWS;
		cpu->rflags &= ~FLAG_RF;
		single_step(cpu, tf);
		if (tf)
			return;
	}
	if (stop == ENGINE_EXCEPTION && cpu->pending.kind == PENDING_EXCEPTION)
		deliver_exception(m);
	else if (stop == ENGINE_SYSTEM)
		execute_system(m);
}

/* Whether this activity state ends with an external interrupt: not shutdown and wait-for-SIPI. */
static bool takes_interrupts(struct machine *m)
{
	return m->cpu.activity == ACTIVITY_HLT &&
	       ((m->cpu.rflags & FLAG_IF) || !boundary_delivers_interrupts(m)); /* exiting asks for no IF */
}

/* Idle time that a guest spends waiting for input is the host's too: a person types more slowly than model time passes. */
static void wait_for_input(struct machine *m, uint64_t idle)
{
	uint64_t ms = idle / 1000000;

	console_wait(m->config.console, ms < 1 ? 1 : ms < HOST_WAIT_MAX_MS ? (int)ms : HOST_WAIT_MAX_MS);
}

/* Inactive: time goes on to the next event of a device. false: nothing can ever happen. */
static bool wait_for_event(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	bool takes = takes_interrupts(m), pending = bus_interrupt_pending(&m->bus);
	uint64_t next = takes ? bus_next_event(&m->bus) : ~0ull;
	uint64_t timer = vmx_next_deadline(cpu);

	if (takes && pending)
		return true;
	next = timer < next ? timer : next;
	if (next == ~0ull)
		return cpu->nmi_pending && cpu->activity != ACTIVITY_WAIT_FOR_SIPI;
	if (bus_awaits_input(&m->bus))
		wait_for_input(m, next > cpu->clock ? next - cpu->clock : 0);
	if (next > cpu->clock) {
		m->idle += next - cpu->clock;
		cost_charge_n(&cpu->cost, COST_IDLE, next - cpu->clock);
	}
	return true;
}

static bool ended(struct machine *m, enum machine_end *end)
{
	struct cpu *cpu = &m->cpu;

	if (cpu->pending.kind == PENDING_STOP) {
		m->stop_reason = cpu->pending.stop_reason;
		cpu->pending.kind = PENDING_NONE;
		*end = END_STOP;
	} else if (m->bus.exit_requested) {
		*end = END_EXIT;
	} else if (cpu->activity == ACTIVITY_SHUTDOWN && cpu->vmx_op != VMX_NONROOT) {
		*end = END_SHUTDOWN;
	} else if (m->mem.watch.hit) {
		m->mem.watch.hit = false;
		*end = END_WATCH;
	} else if (m->kicked) {
		m->kicked = 0;
		*end = END_KICKED;
	} else if (m->config.max_insns && cpu->cost.steps >= m->config.max_insns) {
		*end = END_MAX_INSNS;
	} else {
		return false;
	}
	return true;
}

static enum machine_end run(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	enum machine_end end;

	while (!ended(m, &end)) {
		if (unlikely(m->recorder))
			recorder_look(m->recorder);
		if (unlikely(m->top))
			top_look(m->top);
		cpu->nmi_pending |= bus_take_nmi(&m->bus);
		cpu->init_pending |= bus_take_init(&m->bus);
		if (m->apart)
			life_step(&m->life, cpu, m->bus.post_code);
		if (boundary_step(m) || deliver_due(m))
			continue;
		if (cpu->activity != ACTIVITY_ACTIVE) {
			if (!wait_for_event(m)) {
				end = cpu->activity == ACTIVITY_SHUTDOWN ? END_SHUTDOWN : END_HALTED;
				break;
			}
			continue;
		}
		if (unlikely(m->region.config.from != REGION_ALL))
			region_step(m);
		execute(m);
	}
	return end;
}

enum machine_end machine_run(struct machine *m)
{
	enum machine_end end;

	if (m->apart)
		life_open(&m->life, &m->cpu);
	end = run(m);

	if (m->apart)
		life_close(&m->life, &m->cpu);
	region_close(m);
	CHECK(cost_sum(&m->cpu.cost) == m->cpu.clock);
	return end;
}
