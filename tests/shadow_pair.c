/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest natively and under the shadow VMM (shadow_pair.h). */
#include "tests/shadow_pair.h"

#include "emu/sysinsn_vmx.h"

#include <string.h>

enum { TURNS_MAX = 1000 };

static void side_init(struct pair_side *side, uint64_t ram, bool shadow)
{
	memset(side, 0, sizeof *side);
	side->shadow = shadow;
	CHECK(mem_init(&side->mem, ram) == 0);
	CHECK(mmu_init(&side->cpu.mmu, &side->mem, &side->cpu.ev, NULL) == 0);
	side->cpu.mem = &side->mem;
	cpu_reset(&side->cpu);
}

void pair_init(struct pair *pair, unsigned pages)
{
	pair->decode = false;
	side_init(&pair->native, PAIR_RAM, false);
	side_init(&pair->shadow, PAIR_RAM + shadow_vmm_area_agile(pages, PAIR_RAM), true);
}

void pair_poke(struct pair *pair, uint64_t gpa, uint64_t value, unsigned size)
{
	mem_write(&pair->native.mem, HPA(gpa), value, size);
	mem_write(&pair->shadow.mem, HPA(gpa), value, size);
}

static void privilege(struct cpu *cpu, unsigned cpl)
{
	const uint32_t flat = AR_P | AR_S | AR_RW | AR_A | AR_G | AR_DB | 3u << AR_DPL_SHIFT;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = (uint16_t)(0x10 | cpl), .ar = flat, .limit = ~0u};
	cpu->seg[SEG_CS].ar = AR_P | AR_S | AR_CODE | AR_RW | AR_A | AR_G | (cpu_long_mode(cpu) ? AR_L : AR_DB) | cpl << AR_DPL_SHIFT;
	cpu->seg[SEG_SS].ar = AR_P | AR_S | AR_RW | AR_A | AR_G | AR_DB | cpl << AR_DPL_SHIFT;
	cpu->cpl = (uint8_t)cpl;
}

static void side_guest(struct pair_side *side, const struct pair_guest *g)
{
	struct cpu *cpu = &side->cpu;
	cpu->cr0 = CR0_PE | CR0_NE | CR0_ET | (g->levels ? CR0_PG : 0) | g->cr0_more;
	cpu->cr4 = (g->levels >= 3 ? CR4_PAE : 0) | (g->levels == 5 ? CR4_LA57 : 0) | g->cr4_more;
	cpu->efer = (g->levels >= 4 ? EFER_LME | EFER_LMA : 0) | g->efer_more;
	cpu->cr3 = g->cr3;
	cpu->ldtr.ar = AR_UNUSABLE;
	cpu->tr = (struct segment){.selector = 8, .ar = AR_P | 11, .limit = 0x67};
	for (unsigned i = 0; i < 4 && g->levels == 3; i++)
		cpu->pdpte[i] = mem_read_entry(&side->mem, HPA((g->cr3 & BITS(31, 5)) + 8 * i), 8);
	cpu->rip = 0x1000;
	privilege(cpu, 0);
	cpu_paging_changed(cpu);
}

int pair_start(struct pair *pair, const struct pair_guest *guest, struct shadow_vmm_config config)
{
	side_guest(&pair->native, guest);
	side_guest(&pair->shadow, guest);
	vmx_init(&pair->shadow.vmx, &pair->shadow.cpu);
	ept_attach(&pair->shadow.ept, &pair->shadow.cpu);
	config.area = HPA(PAIR_RAM);
	config.step |= !pair->decode;							 /* most tests have no instructions in memory */
	config.unprotect = config.unprotect ? config.unprotect : SHADOW_UNPROTECT_NEVER; /* tests count write-protect faults */
	config.area_size = config.agile ? shadow_vmm_area_agile(config.pages, PAIR_RAM) : shadow_vmm_area(config.pages);
	int err = shadow_vmm_start(&pair->shadow.cpu, &config);
	CHECK(err || pair->shadow.cpu.vmx_op == VMX_NONROOT);
	return err;
}

void pair_free(struct pair *pair)
{
	shadow_vmm_free(&pair->shadow.cpu);
	mmu_free(&pair->native.cpu.mmu);
	mmu_free(&pair->shadow.cpu.mmu);
	mem_free(&pair->native.mem);
	mem_free(&pair->shadow.mem);
}

struct shadow *pair_shadow(struct pair *pair)
{
	return pair->shadow.vmx.vmm->own;
}

/* ---- one side ---- */

/* Takes the VM exit; false: the outcome holds what the guest gets instead of going on. */
static bool exit_and_return(struct cpu *cpu, struct outcome *o)
{
	vmx_exit(cpu);
	if (vmm_run(cpu))
		return true;
	o->down = cpu->activity == ACTIVITY_SHUTDOWN;
	o->stop = cpu->pending.kind == PENDING_STOP;
	if (cpu->pending.kind == PENDING_EXCEPTION) {
		o->fault = true;
		o->vector = cpu->pending.vector;
		o->error = cpu->pending.error;
		o->cr2 = o->vector == VEC_PF ? cpu->cr2 : 0;
	}
	cpu->pending.kind = PENDING_NONE;
	return false;
}

/* What is due before an instruction: the monitor trap of the last one. */
static bool boundary(struct cpu *cpu, struct outcome *o)
{
	while (vmx_before_instruction(cpu, false))
		if (!exit_and_return(cpu, o))
			return false;
	return true;
}

/* After an instruction that did not complete. true: it is to be tried again, or (*done) has been carried out by the VMM. */
static bool resolve(struct cpu *cpu, struct outcome *o, bool *done)
{
	if (cpu->pending.kind == PENDING_EXCEPTION && !vmx_intercept_event(cpu)) {
		*o = (struct outcome){.fault = true, .vector = cpu->pending.vector, .error = cpu->pending.error};
		o->cr2 = o->vector == VEC_PF ? cpu->pending.cr2 : 0;
		cpu->pending.kind = PENDING_NONE;
		return false;
	}
	uint64_t rip = cpu->rip;
	if (!exit_and_return(cpu, o))
		return false;
	*done = cpu->rip != rip;
	return true;
}

static void set_privilege(struct cpu *cpu, unsigned access)
{
	unsigned cpl = access & (ACC_USER | ACC_IMPLICIT) ? 3 : 0;
	if (cpl != cpu->cpl)
		privilege(cpu, cpl);
	cpu->rflags = FLAG_FIXED | (access & ACC_AC ? FLAG_AC : 0);
}

static bool attempt(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, uint64_t *value)
{
	cpu->pending.kind = PENDING_NONE;
	if (access & ACC_FETCH)
		return linear_probe(cpu, gla, size, access);
	if (access & ACC_WRITE)
		return linear_write(cpu, gla, size, access, *value);
	return linear_read(cpu, gla, size, access, value);
}

struct outcome side_access(struct pair_side *side, gla_t gla, unsigned size, unsigned access, uint64_t value)
{
	struct cpu *cpu = &side->cpu;
	struct outcome o = {.value = value};
	bool done = false;
	set_privilege(cpu, access);
	cpu->rip = cpu->rip == 0x1000 ? 0x2000 : 0x1000;
	cpu->clock++;
	for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
		if (!boundary(cpu, &o))
			return o;
		if (attempt(cpu, gla, size, access, &o.value))
			return o;
		if (!resolve(cpu, &o, &done))
			return o;
	}
	o.stop = true; /* it never completes */
	return o;
}

static struct outcome side_insn(struct pair_side *side, sysinsn_fn *handler, const struct insn *insn)
{
	struct cpu *cpu = &side->cpu;
	struct outcome o = {.fault = false};
	bool done = false;
	set_privilege(cpu, 0);
	cpu->rip = 0x3000;
	cpu->clock++;
	while (!done) {
		struct sysinsn s = {.cpu = cpu, .insn = insn, .next_rip = cpu->rip + insn->len};
		if (!boundary(cpu, &o))
			return o;
		cpu->pending.kind = PENDING_NONE;
		if (handler(&s) || !resolve(cpu, &o, &done))
			return o;
	}
	return o;
}

/* ---- both sides ---- */

static bool same(const struct pair *pair)
{
	const struct outcome *a = &pair->a, *b = &pair->b;
	return a->fault == b->fault && a->down == b->down && a->stop == b->stop && a->vector == b->vector && a->error == b->error &&
	       a->cr2 == b->cr2 && (a->fault || a->value == b->value);
}

bool pair_access(struct pair *pair, gla_t gla, unsigned size, unsigned access, uint64_t value)
{
	pair->a = side_access(&pair->native, gla, size, access, value);
	pair->b = side_access(&pair->shadow, gla, size, access, value);
	return same(pair);
}

static bool both(struct pair *pair, sysinsn_fn *handler, const struct insn *insn)
{
	pair->a = side_insn(&pair->native, handler, insn);
	pair->b = side_insn(&pair->shadow, handler, insn);
	return same(pair);
}

bool pair_mov_cr(struct pair *pair, unsigned cr, uint64_t value)
{
	struct insn insn = {
	    .len = 3, .sys = SYS_MOV_TO_CR, .opsize = 8, .reg = (uint8_t)cr, .rm = RAX, .base = REG_NONE, .index = REG_NONE};
	pair->native.cpu.gpr[RAX] = pair->shadow.cpu.gpr[RAX] = value;
	return both(pair, sys_MOV_TO_CR, &insn);
}

bool pair_invlpg(struct pair *pair, gla_t gla)
{
	bool wide = cpu_long_mode(&pair->native.cpu);
	struct insn insn = {.len = 3, .sys = SYS_INVLPG, .flags = INSN_MEM, .seg = SEG_DS, .base = RBX, .index = REG_NONE, .rm = REG_NONE};
	insn.scale = 1;
	insn.addrsize = wide ? 8 : 4;
	pair->native.cpu.gpr[RBX] = pair->shadow.cpu.gpr[RBX] = gla.u;
	return both(pair, sys_INVLPG, &insn);
}

bool pair_invpcid(struct pair *pair, uint64_t type, enum segreg seg, uint64_t offset)
{
	bool wide = cpu_long_mode(&pair->native.cpu);
	struct insn insn = {.len = 5,
			    .sys = SYS_INVPCID,
			    .flags = INSN_MEM,
			    .seg = (uint8_t)seg,
			    .base = RBX,
			    .index = REG_NONE,
			    .rm = REG_NONE,
			    .reg = RAX};
	insn.scale = 1;
	insn.addrsize = wide ? 8 : 4;
	pair->native.cpu.gpr[RBX] = pair->shadow.cpu.gpr[RBX] = offset;
	pair->native.cpu.gpr[RAX] = pair->shadow.cpu.gpr[RAX] = type;
	return both(pair, sys_INVPCID, &insn);
}

bool pair_efer(struct pair *pair, uint64_t value)
{
	struct insn insn = {.len = 2, .sys = SYS_WRMSR, .base = REG_NONE, .index = REG_NONE, .rm = REG_NONE};
	struct cpu *cpus[] = {&pair->native.cpu, &pair->shadow.cpu};
	for (unsigned i = 0; i < 2; i++) {
		cpus[i]->gpr[RCX] = VMM_MSR_EFER;
		cpus[i]->gpr[RAX] = (uint32_t)value;
		cpus[i]->gpr[RDX] = value >> 32;
	}
	return both(pair, sys_WRMSR, &insn);
}

uint64_t pair_cr(const struct pair *pair, unsigned cr)
{
	const struct cpu *cpu = &pair->native.cpu;
	return cr == 0 ? cpu->cr0 : cr == 3 ? cpu->cr3 : cpu->cr4;
}

bool pair_cr4(struct pair *pair, uint64_t clear, uint64_t set)
{
	return pair_mov_cr(pair, 4, (pair_cr(pair, 4) & ~clear) | set);
}

bool pair_same_tables(const struct pair *pair)
{
	return memcmp(pair->native.mem.host, pair->shadow.mem.host, PAIR_TABLES) == 0;
}

bool pair_same_memory(const struct pair *pair)
{
	return memcmp(pair->native.mem.host, pair->shadow.mem.host, PAIR_RAM) == 0;
}
