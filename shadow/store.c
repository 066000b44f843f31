/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that kernels change page tables with, carried out by the VMM: MOV, MOVNTI, ADD and the other integer read-modify-writes, XCHG,
 * XADD, CMPXCHG, CMPXCHG8B/16B, BTS/BTR/BTC, and MOVS and STOS, of which it does all iterations in the page; in 32- and 64-bit code. The
 * forms are those of store_decode.c; registers and flags are the guest's.
 *
 * What is left to stepping (write.c), which has no limits: other forms; operands that do not lie in one page, or begin elsewhere than at
 * the address of the fault; an instruction that ends in the next page; debugging, and EFLAGS.AC set (alignment).
 */
#include "shadow/store.h"

#include <string.h>

#define DR7_ENABLES BITS(7, 0)
#define UNTIL_NEXT_INSN (BLOCK_STI | BLOCK_MOV_SS)

/* ---- the guest's registers ---- */

/* Of size bytes; bytes: AH to BH without a REX prefix. RSP is the VMCS's. */
static uint64_t register_read(struct shadow *s, const struct store *st, unsigned reg, unsigned size)
{
	bool high = size == 1 && !st->rex && reg >= RSP;
	unsigned r = high ? reg - RSP : reg;
	uint64_t value = r == RSP ? vmm_read(&s->vmm, GUEST_RSP) : s->cpu->gpr[r];
	return (high ? value >> 8 : value) & BITS(8 * size - 1, 0);
}

/* 4 bytes: the upper half becomes 0. */
static void register_write(struct shadow *s, const struct store *st, unsigned reg, unsigned size, uint64_t value)
{
	bool high = size == 1 && !st->rex && reg >= RSP;
	unsigned r = high ? reg - RSP : reg, shift = high ? 8 : 0;
	uint64_t mask = (size == 4 ? ~0ull : BITS(8 * size - 1, 0)) << shift;
	uint64_t old = r == RSP ? vmm_read(&s->vmm, GUEST_RSP) : s->cpu->gpr[r];
	uint64_t now = size == 4 ? (uint32_t)value : (old & ~mask) | (value << shift & mask);
	if (r == RSP)
		vmm_write(&s->vmm, GUEST_RSP, now);
	else
		s->cpu->gpr[r] = now;
}

/* ---- addresses ---- */

static unsigned address_size(const struct store *st)
{
	return st->wide && !st->narrow ? 8 : 4;
}

static gla_t linear(struct shadow *s, const struct store *st, unsigned segment, uint64_t offset)
{
	uint64_t base = 0, width = address_size(st) == 8 ? ~0ull : 0xffffffffull;
	if (!st->wide || segment >= SEG_FS)
		base = vmm_get(&s->vmm, VMCS_I_GUEST_ES_BASE + segment);
	return st->wide ? GLA(base + (offset & width)) : GLA((uint32_t)(base + offset));
}

static uint64_t address_part(struct shadow *s, const struct store *st, unsigned reg)
{
	if (reg == ADDRESS_NONE)
		return 0;
	return reg == ADDRESS_RIP ? vmm_read(&s->vmm, GUEST_RIP) + st->at : register_read(s, st, reg, 8);
}

/* A bit of a register's number may lie in another word than the operand names. */
static uint64_t bit_word(struct shadow *s, const struct store *st)
{
	if (st->source != SOURCE_REG || st->op < STORE_BTS || st->op > STORE_BTC)
		return 0;
	unsigned bits = 8 * st->size, unused = 64 - bits;
	int64_t bit = (int64_t)(register_read(s, st, st->reg, st->size) << unused) >> unused;
	return (uint64_t)((bit & ~(int64_t)(bits - 1)) >> 3);
}

static gla_t destination(struct shadow *s, const struct store *st)
{
	if (st->op == STORE_MOVS || st->op == STORE_STOS)
		return linear(s, st, SEG_ES, register_read(s, st, RDI, 8));
	uint64_t offset = address_part(s, st, st->base) + (address_part(s, st, st->index) << st->scale) + st->displacement;
	return linear(s, st, st->segment, offset + bit_word(s, st));
}

/* ---- one store ---- */

struct place {
	hpa_t hpa;
	uint64_t gfn;
	unsigned from, to; /* what has been written of the frame */
};

static void put(struct shadow *s, struct place *p, hpa_t hpa, const void *value, unsigned size)
{
	unsigned offset = (unsigned)page_offset(hpa.u);
	hpa_t word = HPA(hpa.u & ~7ull);
	uint64_t before = mem_read_entry(s->mem, word, 8);
	vmm_touch(s->cpu, hpa, size);
	mem_write_bytes(s->mem, hpa, value, size);
	shadow_note(s, SHADOW_PTE_WRITE, word.u, before, mem_read_entry(s->mem, word, 8));
	p->from = offset < p->from ? offset : p->from;
	p->to = offset + size > p->to ? offset + size : p->to;
	s->cpu->ev.n[EV_SHADOW_PTE_WRITES]++;
}

static uint64_t get(struct shadow *s, hpa_t hpa, unsigned size)
{
	uint64_t value = 0;
	vmm_touch(s->cpu, hpa, size);
	mem_read_bytes(s->mem, hpa, &value, size);
	return value;
}

static uint64_t second_operand(struct shadow *s, const struct store *st)
{
	switch (st->source) {
	case SOURCE_REG:
		return register_read(s, st, st->reg, st->size);
	case SOURCE_ACCUMULATOR:
		return register_read(s, st, RAX, st->size);
	default:
		return st->immediate & BITS(8 * st->size - 1, 0);
	}
}

/* The destination is written in either case (SDM 2A, "CMPXCHG"). */
static void compare_exchange(struct shadow *s, const struct store *st, struct place *p, uint64_t *flags)
{
	const struct store compare = {.op = STORE_SUB, .size = st->size};
	uint64_t old = get(s, p->hpa, st->size), value = register_read(s, st, st->reg, st->size);
	store_alu(&compare, register_read(s, st, RAX, st->size), old, flags);
	bool equal = *flags & FLAG_ZF;
	put(s, p, p->hpa, equal ? &value : &old, st->size);
	if (!equal)
		register_write(s, st, RAX, st->size, old);
}

/* CMPXCHG8B, CMPXCHG16B: EDX:EAX or RDX:RAX, and ECX:EBX or RCX:RBX. */
static void compare_exchange_pair(struct shadow *s, const struct store *st, struct place *p, uint64_t *flags)
{
	unsigned half = st->size / 2;
	uint64_t old[2] = {get(s, p->hpa, half), get(s, HPA(p->hpa.u + half), half)};
	bool equal = old[0] == register_read(s, st, RAX, half) && old[1] == register_read(s, st, RDX, half);
	uint64_t value[2] = {equal ? register_read(s, st, RBX, half) : old[0], equal ? register_read(s, st, RCX, half) : old[1]};
	for (unsigned i = 0; i < 2; i++)
		put(s, p, HPA(p->hpa.u + i * half), &value[i], half);
	*flags = equal ? *flags | FLAG_ZF : *flags & ~FLAG_ZF;
	if (equal)
		return;
	register_write(s, st, RAX, half, old[0]);
	register_write(s, st, RDX, half, old[1]);
}

static void modify(struct shadow *s, const struct store *st, struct place *p, uint64_t *flags)
{
	uint64_t old = st->op == STORE_MOV ? 0 : get(s, p->hpa, st->size), value = store_alu(st, old, second_operand(s, st), flags);
	if (st->op == STORE_XCHG || st->op == STORE_XADD)
		register_write(s, st, st->reg, st->size, old);
	put(s, p, p->hpa, &value, st->size);
}

/* ---- string instructions ---- */

static void step_register(struct shadow *s, const struct store *st, unsigned reg, uint64_t by)
{
	unsigned size = address_size(st);
	register_write(s, st, reg, size, register_read(s, st, reg, size) + by);
}

/* Where MOVS reads: false if it is not RAM, or not in one page. The processor has read it, so its accessed flags are set. */
static bool source_of(struct shadow *s, const struct store *st, hpa_t *from)
{
	struct guest_walk gw;
	unsigned user = FIELD(vmm_read(&s->vmm, GUEST_SS_AR), 6, 5) == 3 ? ACC_USER : 0;
	if (st->op != STORE_MOVS)
		return true;
	gla_t gla = linear(s, st, st->segment, register_read(s, st, RSI, 8));
	guest_walk(s, gla, ACC_READ | user, &gw);
	*from = frame_hpa(s, gw.w.gpa);
	return gw.w.status == WALK_OK && page_offset(gla.u) + st->size <= PAGE_SIZE && frame_is_ram(s, from->u >> PAGE_SHIFT);
}

static bool in_page(uint64_t address, uint64_t page, unsigned size)
{
	return address >> PAGE_SHIFT == page && page_offset(address) + size <= PAGE_SIZE;
}

/* true if no later iteration can meet a segment's limit */
static bool is_flat(struct shadow *s, const struct store *st)
{
	unsigned source = st->op == STORE_MOVS ? st->segment : SEG_ES;
	return st->wide || (uint32_t)(vmm_read(&s->vmm, GUEST_ES_LIMIT) & vmm_get(&s->vmm, VMCS_I_GUEST_ES_LIMIT + source)) == 0xffffffffu;
}

/* All iterations whose operands lie in the two pages; one at a time where a segment might end. true: the instruction has ended. */
static bool iterate(struct shadow *s, const struct store *st, struct place *p, hpa_t from)
{
	uint64_t by = vmm_read(&s->vmm, GUEST_RFLAGS) & FLAG_DF ? -(uint64_t)st->size : st->size, page = from.u >> PAGE_SHIFT;
	unsigned size = address_size(st);
	hpa_t to = p->hpa;
	bool flat = is_flat(s, st);
	do {
		if (st->repeat && !register_read(s, st, RCX, size))
			return true;
		if (!in_page(to.u, p->gfn, st->size) || (st->op == STORE_MOVS && !in_page(from.u, page, st->size)))
			return false;
		uint64_t value = st->op == STORE_MOVS ? get(s, from, st->size) : second_operand(s, st);
		put(s, p, to, &value, st->size);
		step_register(s, st, RDI, by);
		if (st->op == STORE_MOVS)
			step_register(s, st, RSI, by);
		if (st->repeat)
			step_register(s, st, RCX, -1ull);
		to.u += by;
		from.u += by;
	} while (st->repeat && flat);
	return !st->repeat;
}

/* ---- the instruction ---- */

static bool fetch(struct shadow *s, struct store *st)
{
	struct vmm *vmm = &s->vmm;
	struct guest_walk gw;
	uint64_t ar = vmm_read(vmm, GUEST_CS_AR), rip = vmm_read(vmm, GUEST_RIP);
	unsigned user = FIELD(vmm_read(vmm, GUEST_SS_AR), 6, 5) == 3 ? ACC_USER : 0;
	st->wide = (s->efer & EFER_LMA) && ar & AR_L;
	if (!st->wide && !(ar & AR_DB))
		return false;
	guest_walk(s, st->wide ? GLA(rip) : GLA((uint32_t)(vmm_read(vmm, GUEST_CS_BASE) + rip)), ACC_FETCH | user, &gw);
	if (gw.w.status != WALK_OK)
		return false;
	hpa_t hpa = frame_hpa(s, gw.w.gpa);
	uint64_t room = PAGE_SIZE - page_offset(hpa.u);
	st->have = room < INSN_MAX ? (unsigned)room : INSN_MAX;
	vmm_touch(s->cpu, hpa, st->have);
	return mem_read_bytes(s->mem, hpa, st->byte, st->have);
}

static void retire(struct shadow *s, const struct store *st, uint64_t flags, bool ended)
{
	struct vmm *vmm = &s->vmm;
	uint64_t rip = vmm_read(vmm, GUEST_RIP) + (ended ? st->at : 0), blocking = vmm_read(vmm, GUEST_INTERRUPTIBILITY);
	vmm_write(vmm, GUEST_RIP, st->wide ? rip : (uint32_t)rip);
	vmm_write(vmm, GUEST_RFLAGS, flags & ~FLAG_RF);
	if (blocking & UNTIL_NEXT_INSN)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, blocking & ~UNTIL_NEXT_INSN);
}

/* true if nothing but the store itself would happen */
static bool is_simple(struct shadow *s)
{
	struct vmm *vmm = &s->vmm;
	if (s->config.step || s->steps)
		return false;
	return !(vmm_read(vmm, IDT_INFO) & INTR_VALID) && !(vmm_read(vmm, GUEST_RFLAGS) & (FLAG_TF | FLAG_AC)) &&
	       !(vmm_read(vmm, GUEST_DR7) & DR7_ENABLES) && !(vmm_read(vmm, EXIT_INTR_INFO) & INTR_NMI_UNBLOCKED);
}

bool store_emulate(struct shadow *s, gla_t gla, hpa_t hpa)
{
	struct store st = {.at = 0};
	struct place place = {.hpa = hpa, .gfn = hpa.u >> PAGE_SHIFT, .from = PAGE_SIZE};
	hpa_t from = HPA(0);
	bool ended = true;
	if (!is_simple(s) || !fetch(s, &st) || !store_decode(&st) || destination(s, &st).u != gla.u ||
	    page_offset(hpa.u) + st.size > PAGE_SIZE || !source_of(s, &st, &from))
		return false;
	uint64_t flags = vmm_read(&s->vmm, GUEST_RFLAGS);
	if (st.op == STORE_MOVS || st.op == STORE_STOS)
		ended = iterate(s, &st, &place, from);
	else if (st.op == STORE_CMPXCHG)
		compare_exchange(s, &st, &place, &flags);
	else if (st.op == STORE_CMPXCHG_PAIR)
		compare_exchange_pair(s, &st, &place, &flags);
	else
		modify(s, &st, &place, &flags);
	if (frame_is_protected(s, place.gfn))
		sync_range(s, place.gfn, place.from, place.to);
	retire(s, &st, flags, ended);
	return true;
}
