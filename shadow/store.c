/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that kernels change page tables with, carried out by the VMM: MOV to memory and XCHG (SDM 2A, "Instruction Format", "ModR/M
 * and SIB Bytes"), of one to eight bytes within a page, in 32- and 64-bit code. Whatever else there is, forms, prefixes, debugging,
 * operands that might begin in another page, is left to stepping (write.c), which has no limits.
 *
 * The address is that of the page fault, so that only the length of the operand matters here. Registers and flags are the guest's.
 */
#include "shadow/shadow.h"

#include <string.h>

#define DR7_ENABLES BITS(7, 0)
enum { INSN_MAX = 15 };

struct store {
	uint8_t byte[INSN_MAX];
	unsigned have, at; /* bytes read from memory, decoded */
	bool wide;	   /* 64-bit code */
	uint8_t rex, modrm;
	bool has_rex;
	unsigned size; /* of the operand */
	enum { STORE_REGISTER, STORE_IMMEDIATE, STORE_EXCHANGE } kind;
	uint64_t immediate;
};

/* ---- decoding ---- */

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
	return mem_read_bytes(s->mem, hpa, st->byte, st->have);
}

static bool next(struct store *st, uint8_t *byte)
{
	if (st->at == st->have)
		return false;
	*byte = st->byte[st->at++];
	return true;
}

/* ModRM, SIB and displacement of a memory operand. */
static bool operand(struct store *st)
{
	uint8_t sib = 0;
	if (!next(st, &st->modrm) || st->modrm >> 6 == 3)
		return false;
	unsigned mod = st->modrm >> 6, rm = st->modrm & 7;
	if (rm == 4 && !next(st, &sib))
		return false;
	bool disp32 = mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5)));
	st->at += disp32 ? 4 : mod == 1 ? 1 : 0;
	return st->at <= st->have;
}

static bool immediate(struct store *st)
{
	unsigned size = st->size < 4 ? st->size : 4;
	int32_t value = 0;
	if (st->modrm & 0x38 || st->at + size > st->have)
		return false;
	memcpy(&value, st->byte + st->at, size);
	st->at += size;
	st->immediate = (uint64_t)(int64_t)value; /* of eight bytes: extended by its sign */
	return true;
}

static bool decode(struct store *st)
{
	uint8_t opcode;
	bool small = false;
	if (!next(st, &opcode))
		return false;
	if (opcode == 0x66) {
		small = true;
		if (!next(st, &opcode))
			return false;
	}
	if (st->wide && (opcode & 0xf0) == 0x40) {
		st->rex = opcode;
		st->has_rex = true;
		if (!next(st, &opcode))
			return false;
	}
	st->size = !(opcode & 1) ? 1 : st->rex & 8 ? 8 : small ? 2 : 4;
	switch (opcode & 0xfe) {
	case 0x88:
		st->kind = STORE_REGISTER;
		return operand(st);
	case 0x86:
		st->kind = STORE_EXCHANGE;
		return operand(st);
	case 0xc6:
		st->kind = STORE_IMMEDIATE;
		return operand(st) && immediate(st);
	default:
		return false;
	}
}

/* ---- carrying out ---- */

/* The register operand, and in *shift where its bits begin. RSP is the VMCS's. */
static uint64_t *register_of(struct shadow *s, const struct store *st, unsigned *shift)
{
	unsigned reg = (st->modrm >> 3 & 7) | (st->rex & 4 ? 8 : 0);
	bool high = st->size == 1 && !st->has_rex && reg >= 4;
	*shift = high ? 8 : 0;
	if (high)
		reg -= 4;
	return reg == RSP ? NULL : &s->cpu->gpr[reg];
}

static void exchange(uint64_t *reg, unsigned shift, unsigned size, uint64_t old)
{
	uint64_t mask = BITS(8 * size - 1, 0) << shift;
	*reg = size == 4 ? (uint32_t)old : (*reg & ~mask) | (old << shift & mask);
}

static void advance(struct shadow *s, const struct store *st)
{
	struct vmm *vmm = &s->vmm;
	uint64_t rip = vmm_read(vmm, GUEST_RIP) + st->at, blocking = vmm_read(vmm, GUEST_INTERRUPTIBILITY);
	vmm_write(vmm, GUEST_RIP, st->wide ? rip : (uint32_t)rip);
	vmm_write(vmm, GUEST_RFLAGS, vmm_read(vmm, GUEST_RFLAGS) & ~FLAG_RF);
	if (blocking & (BLOCK_STI | BLOCK_MOV_SS))
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, blocking & ~(BLOCK_STI | BLOCK_MOV_SS));
}

/* true if nothing but the store itself would happen */
static bool is_simple(struct shadow *s, gla_t gla)
{
	struct vmm *vmm = &s->vmm;
	if (s->config.step || s->steps || page_offset(gla.u) == 0)
		return false;
	return !(vmm_read(vmm, IDT_INFO) & INTR_VALID) && !(vmm_read(vmm, GUEST_RFLAGS) & (FLAG_TF | FLAG_AC)) &&
	       !(vmm_read(vmm, GUEST_DR7) & DR7_ENABLES) && !(vmm_read(vmm, EXIT_INTR_INFO) & INTR_NMI_UNBLOCKED);
}

bool store_emulate(struct shadow *s, gla_t gla, hpa_t hpa)
{
	struct store st = {.at = 0};
	unsigned shift = 0;
	uint64_t old = 0, value, before, after;
	if (!is_simple(s, gla) || !fetch(s, &st) || !decode(&st) || page_offset(hpa.u) + st.size > PAGE_SIZE)
		return false;
	uint64_t *reg = st.kind == STORE_IMMEDIATE ? NULL : register_of(s, &st, &shift);
	if (st.kind != STORE_IMMEDIATE && !reg)
		return false;
	before = mem_read_entry(s->mem, HPA(hpa.u & ~7ull), 8);
	mem_read_bytes(s->mem, hpa, &old, st.size);
	value = reg ? *reg >> shift : st.immediate;
	write_bytes(s, hpa, &value, st.size);
	if (st.kind == STORE_EXCHANGE)
		exchange(reg, shift, st.size, old);
	advance(s, &st);
	after = mem_read_entry(s->mem, HPA(hpa.u & ~7ull), 8);
	shadow_note(s, SHADOW_PTE_WRITE, hpa.u & ~7ull, before, after);
	s->cpu->ev.n[EV_SHADOW_PTE_WRITES]++;
	return true;
}
