/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans are made by following what each instruction does to the general registers (SDM 2, "Instruction Set Reference"), as far as addresses
 * may come to depend on it: a register is an operand plus a constant, the result of an operation, or unknown. An address that is unknown
 * ends the plan. What no address depends on is left out at the end.
 */
#include "emu/plan_value.h"

/* The register of a byte operand: without REX, 4 to 7 are AH to BH. */
static unsigned byte_reg(const struct insn *insn, unsigned reg)
{
	return !insn->rex && reg >= 4 && reg < 8 ? reg - 4 : reg;
}

static void lose_operand(struct plan *p, const struct insn *insn, unsigned reg)
{
	if (reg < GPR_COUNT)
		plan_lose(p, insn->opsize == 1 ? byte_reg(insn, reg) : reg);
}

static void lose_all(struct plan *p)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		plan_lose(p, i);
}

/* The r/m operand, read: a register, or loaded. */
static struct plan_value read_rm(struct plan *p, const struct insn *insn)
{
	if (insn->rm < GPR_COUNT)
		return insn->opsize == 1 && byte_reg(insn, insn->rm) != insn->rm ? PLAN_UNKNOWN : p->reg[insn->rm];
	return plan_access_operand(p, insn, PLAN_READ, PLAN_UNKNOWN);
}

/* Whatever it does to memory, nothing is followed: its operand is accessed, the registers are the caller's to lose. */
static void access_only(struct plan *p, const struct insn *insn)
{
	if (!(insn->flags & INSN_MEM) || !(insn->flags & (INSN_READ | INSN_WRITE)))
		return;
	plan_access_operand(p, insn, insn->flags & INSN_RMW ? PLAN_RMW : insn->flags & INSN_WRITE ? PLAN_WRITE : PLAN_READ, PLAN_UNKNOWN);
}

static const int alu_kinds[8] = {PLAN_ADD, PLAN_OR, -1, -1, PLAN_AND, PLAN_SUB, PLAN_XOR, -1};
enum { ALU_CMP = 7 };

static void alu(struct plan *p, unsigned operation, unsigned dst, struct plan_value a, struct plan_value b, unsigned opsize)
{
	if (operation == ALU_CMP)
		return;
	if (alu_kinds[operation] < 0 || opsize < 4)
		plan_lose(p, dst);
	else
		plan_set_reg(p, dst, plan_operate(p, (enum plan_kind)alu_kinds[operation], a, b, opsize), 8);
}

/* 00 to 3F: Eb,Gb  Ev,Gv  Gb,Eb  Gv,Ev  AL,Ib  eAX,Iz */
static void alu_form(struct plan *p, const struct insn *insn)
{
	unsigned operation = insn->opcode >> 3 & 7, form = insn->opcode & 7;

	if (form >= 4) {
		alu(p, operation, RAX, p->reg[RAX], plan_constant(plan_signed(insn->imm, 4)), insn->opsize);
		return;
	}
	if (form < 2 && insn->rm >= GPR_COUNT) {
		access_only(p, insn);
		return;
	}
	struct plan_value rm = read_rm(p, insn);
	unsigned dst = form < 2 ? insn->rm : insn->reg;
	if (insn->opsize == 1) {
		if (operation != ALU_CMP)
			lose_operand(p, insn, dst);
		return;
	}
	bool cleared = insn->rm == insn->reg && (alu_kinds[operation] == PLAN_XOR || alu_kinds[operation] == PLAN_SUB);
	if (cleared && insn->opsize >= 4)
		p->reg[dst] = plan_constant(0);
	else if (form < 2)
		alu(p, operation, dst, rm, p->reg[insn->reg], insn->opsize);
	else
		alu(p, operation, dst, p->reg[insn->reg], rm, insn->opsize);
}

/* Group 1 with an immediate; reg is the operation. */
static void alu_immediate(struct plan *p, const struct insn *insn)
{
	unsigned operation = insn->reg & 7, bytes = insn->opcode == 0x81 ? 4 : 1;

	if (insn->rm >= GPR_COUNT)
		access_only(p, insn);
	else if (insn->opsize == 1 && operation != ALU_CMP)
		lose_operand(p, insn, insn->rm);
	else if (insn->opsize > 1)
		alu(p, operation, insn->rm, p->reg[insn->rm], plan_constant(plan_signed(insn->imm, bytes)), insn->opsize);
}

/* Group 2 by an immediate or by 1. */
static void shift(struct plan *p, const struct insn *insn, unsigned count)
{
	static const int kinds[8] = {-1, -1, -1, -1, PLAN_SHL, PLAN_SHR, PLAN_SHL, PLAN_SAR};
	int kind = kinds[insn->reg & 7];

	if (insn->rm >= GPR_COUNT) {
		access_only(p, insn);
		return;
	}
	count &= insn->opsize == 8 ? 63 : 31;
	if (kind < 0 || insn->opsize < 4)
		lose_operand(p, insn, insn->rm);
	else
		plan_set_reg(p, insn->rm, plan_operate(p, (enum plan_kind)kind, p->reg[insn->rm], plan_constant(count), insn->opsize), 8);
}

/* MOVZX, MOVSX, MOVSXD: of so many bytes */
static void move_extended(struct plan *p, const struct insn *insn, bool sign, unsigned bytes)
{
	bool high = bytes == 1 && insn->rm < GPR_COUNT && byte_reg(insn, insn->rm) != insn->rm;
	struct plan_value v = insn->rm < GPR_COUNT ? p->reg[insn->rm] : plan_access_operand(p, insn, PLAN_READ, PLAN_UNKNOWN);

	if (high || insn->opsize < 4)
		plan_lose(p, insn->reg);
	else
		p->reg[insn->reg] = plan_extend(p, sign ? PLAN_SIGN_EXTEND : PLAN_ZERO_EXTEND, v, bytes, insn->opsize);
}

static void lea(struct plan *p, const struct insn *insn)
{
	struct plan_value at = plan_operand(p, insn);

	if (insn->index < GPR_COUNT) {
		unsigned by = (unsigned)__builtin_ctz(insn->scale);
		struct plan_value index = p->reg[insn->index];
		at = plan_operate(p, PLAN_ADD, at, by ? plan_operate(p, PLAN_SHL, index, plan_constant(by), 8) : index, 8);
	}
	if (insn->addrsize == 4)
		at = plan_extend(p, PLAN_ZERO_EXTEND, at, 4, 8);
	plan_set_reg(p, insn->reg, at, insn->opsize);
}

static void xchg(struct plan *p, const struct insn *insn, unsigned a, unsigned b)
{
	struct plan_value x = p->reg[a], y = p->reg[b];

	if (insn->opsize < 4) {
		lose_operand(p, insn, a);
		lose_operand(p, insn, b);
		return;
	}
	plan_set_reg(p, a, y, insn->opsize);
	plan_set_reg(p, b, x, insn->opsize);
}

static void string(struct plan *p, const struct insn *insn)
{
	unsigned operation = insn->opcode & 0xfe, size = insn->opsize;

	if (insn->seg == SEG_FS || insn->seg == SEG_GS || insn->addrsize == 4 || operation == 0xa6)
		p->failed = true;
	if (operation == 0xa4 || operation == 0xac) /* MOVS, LODS */
		plan_access(p, insn, PLAN_READ, plan_place_at(p->reg[RSI]), size, PLAN_UNKNOWN);
	if (operation == 0xa4 || operation == 0xaa) /* MOVS, STOS */
		plan_access(p, insn, PLAN_WRITE, plan_place_at(p->reg[RDI]), size, PLAN_UNKNOWN);
	if (operation == 0xae) /* SCAS */
		plan_access(p, insn, PLAN_READ, plan_place_at(p->reg[RDI]), size, PLAN_UNKNOWN);
	plan_lose(p, RSI);
	plan_lose(p, RDI);
	if (operation == 0xac)
		plan_lose(p, RAX);
}

/* Group 3: TEST, NOT, NEG, MUL, IMUL, DIV, IDIV */
static void group3(struct plan *p, const struct insn *insn)
{
	unsigned operation = insn->reg & 7;

	access_only(p, insn);
	if (operation == 2 || operation == 3)
		lose_operand(p, insn, insn->rm);
	if (operation >= 4) {
		plan_lose(p, RAX);
		plan_lose(p, RDX);
	}
	if (operation >= 6)
		p->may_fault = true;
}

/* INC, DEC, CALL, JMP, PUSH */
static void group5(struct plan *p, const struct insn *insn)
{
	unsigned operation = insn->reg & 7;

	if (operation < 2) {
		if (insn->rm >= GPR_COUNT)
			access_only(p, insn);
		else
			alu(p, operation ? 5 : 0, insn->rm, p->reg[insn->rm], plan_constant(1), insn->opsize);
		return;
	}
	struct plan_value value = read_rm(p, insn);
	if (operation == 2 || operation == 6) {
		plan_push(p, insn, value);
		if (operation == 2 && !p->failed)
			p->op[p->ops - 1].flags |= PLAN_CALL;
	}
}

static void move(struct plan *p, const struct insn *insn)
{
	bool store = !(insn->opcode & 2), byte = insn->opsize == 1;

	if (store && insn->rm >= GPR_COUNT) {
		plan_access_operand(p, insn, PLAN_WRITE, insn->opsize == 8 ? p->reg[insn->reg] : PLAN_UNKNOWN);
		return;
	}
	struct plan_value v = store ? p->reg[insn->reg] : read_rm(p, insn);
	unsigned dst = store ? insn->rm : insn->reg;
	if (byte)
		lose_operand(p, insn, dst);
	else
		plan_set_reg(p, dst, v, insn->opsize);
}

static void one_byte(struct plan *p, const struct insn *insn)
{
	switch (insn->opcode) {
	case 0x00 ... 0x3f:
		alu_form(p, insn);
		break;
	case 0x50 ... 0x57:
		plan_push(p, insn, p->reg[insn->rm]);
		break;
	case 0x58 ... 0x5f: {
		struct plan_value value = plan_pop(p, insn);
		plan_set_reg(p, insn->rm, value, insn->opsize);
		break;
	}
	case 0x63:
		move_extended(p, insn, true, 4);
		break;
	case 0x68:
	case 0x6a:
		plan_push(p, insn, plan_constant(plan_signed(insn->imm, insn->opcode == 0x68 ? 4 : 1)));
		break;
	case 0x69:
	case 0x6b: {
		struct plan_value rm = read_rm(p, insn);
		struct plan_value by = plan_constant(plan_signed(insn->imm, insn->opcode == 0x69 ? 4 : 1));
		plan_set_reg(p, insn->reg, plan_operate(p, PLAN_MUL, rm, by, 8), insn->opsize);
		break;
	}
	case 0x70 ... 0x7f: /* Jcc */
	case 0xa8:	    /* TEST */
	case 0xa9:
	case 0xe3: /* JRCXZ */
	case 0xe9: /* JMP */
	case 0xeb:
	case 0xf5: /* CMC .. STD */
	case 0xf8:
	case 0xf9:
	case 0xfc:
	case 0xfd:
		break;
	case 0x80 ... 0x83:
		alu_immediate(p, insn);
		break;
	case 0x84: /* TEST */
	case 0x85:
		access_only(p, insn);
		break;
	case 0x86:
	case 0x87:
		access_only(p, insn);
		if (insn->rm < GPR_COUNT)
			xchg(p, insn, insn->rm, insn->reg);
		else
			lose_operand(p, insn, insn->reg);
		break;
	case 0x88 ... 0x8b:
		move(p, insn);
		break;
	case 0x8d:
		lea(p, insn);
		break;
	case 0x8f: {
		struct plan_value value = plan_pop(p, insn);
		if (insn->rm < GPR_COUNT)
			plan_set_reg(p, insn->rm, value, insn->opsize);
		else
			plan_access_operand(p, insn, PLAN_WRITE, insn->opsize == 8 ? value : PLAN_UNKNOWN);
		break;
	}
	case 0x90 ... 0x97:
		if (insn->rm != RAX) /* NOP clears no upper half */
			xchg(p, insn, RAX, insn->rm);
		break;
	case 0x98: /* CBW, CWDE, CDQE */
		if (insn->opsize < 4)
			plan_lose(p, RAX);
		else
			p->reg[RAX] = plan_extend(p, PLAN_SIGN_EXTEND, p->reg[RAX], insn->opsize / 2u, insn->opsize);
		break;
	case 0x99: /* CWD, CDQ, CQO */
		plan_lose(p, RDX);
		break;
	case 0xa0:
	case 0xa1: {
		struct plan_value value = plan_access_operand(p, insn, PLAN_READ, PLAN_UNKNOWN);
		plan_set_reg(p, RAX, value, insn->opsize);
		break;
	}
	case 0xa2:
	case 0xa3:
		plan_access_operand(p, insn, PLAN_WRITE, PLAN_UNKNOWN);
		break;
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		string(p, insn);
		break;
	case 0xb0 ... 0xb7:
		lose_operand(p, insn, insn->rm);
		break;
	case 0xb8 ... 0xbf:
		plan_set_reg(p, insn->rm, plan_constant(insn->imm), insn->opsize);
		break;
	case 0xc0:
	case 0xc1:
		shift(p, insn, (unsigned)insn->imm);
		break;
	case 0xd0:
	case 0xd1:
		shift(p, insn, 1);
		break;
	case 0xd2:
	case 0xd3:
		access_only(p, insn);
		lose_operand(p, insn, insn->rm);
		break;
	case 0xc2: /* RET */
	case 0xc3:
		plan_pop(p, insn);
		break;
	case 0xc6: /* MOV */
	case 0xc7:
		if (insn->rm >= GPR_COUNT)
			plan_access_operand(p, insn, PLAN_WRITE,
					    insn->opsize == 8 ? plan_constant(plan_signed(insn->imm, 4)) : PLAN_UNKNOWN);
		else if (insn->opsize == 1)
			lose_operand(p, insn, insn->rm);
		else
			plan_set_reg(p, insn->rm, plan_constant(plan_signed(insn->imm, 4)), insn->opsize);
		break;
	case 0xc9: { /* LEAVE */
		p->reg[RSP] = p->reg[RBP];
		struct plan_value value = plan_pop(p, insn);
		plan_set_reg(p, RBP, value, insn->opsize);
		break;
	}
	case 0xe0 ... 0xe2: /* LOOP */
		plan_lose(p, RCX);
		break;
	case 0xe8:
		plan_push(p, insn, PLAN_UNKNOWN);
		break;
	case 0xf6:
	case 0xf7:
		group3(p, insn);
		break;
	case 0xfe:
		access_only(p, insn);
		lose_operand(p, insn, insn->rm);
		break;
	case 0xff:
		group5(p, insn);
		break;
	default: /* ENTER, XLAT, SAHF ..: seldom, and not followed */
		if (insn->flags & (INSN_READ | INSN_WRITE))
			p->failed = true;
		lose_all(p);
	}
}

/* SSE and MMX: a few write general registers. */
static void simd(struct plan *p, const struct insn *insn)
{
	bool extract = insn->map == 3 && insn->opcode >= 0x14 && insn->opcode <= 0x17;
	bool to_rm = (insn->map == 1 && insn->opcode == 0x7e) || extract;
	bool to_reg = insn->map == 1 && (insn->opcode == 0x2c || insn->opcode == 0x2d || insn->opcode == 0x50 || insn->opcode == 0xc5 ||
					 insn->opcode == 0xd7);

	access_only(p, insn);
	if (to_rm)
		plan_lose(p, insn->rm);
	if (to_reg)
		plan_lose(p, insn->reg);
	if (insn->map == 3 && insn->opcode >= 0x60 && insn->opcode <= 0x63) /* PCMPESTRI, PCMPISTRI */
		plan_lose(p, RCX);
}

static void two_byte(struct plan *p, const struct insn *insn)
{
	bool bit_string = (insn->opcode & 0xe7) == 0xa3; /* BT, BTS, BTR, BTC by a register: it moves the address */

	switch (insn->opcode) {
	case 0x0d: /* PREFETCH, NOP, Jcc, fences */
	case 0x18 ... 0x1f:
	case 0x80 ... 0x8f:
	case 0xae:
		access_only(p, insn);
		break;
	case 0x40 ... 0x4f: /* CMOVcc */
	case 0xb8:	    /* POPCNT, BSF, BSR */
	case 0xbc:
	case 0xbd:
		access_only(p, insn);
		plan_lose(p, insn->reg);
		break;
	case 0x90 ... 0x9f: /* SETcc */
		access_only(p, insn);
		lose_operand(p, insn, insn->rm);
		break;
	case 0xa3: /* BT; SHLD, SHRD */
	case 0xa4:
	case 0xa5:
	case 0xab:
	case 0xac:
	case 0xad:
	case 0xb3:
	case 0xba:
	case 0xbb:
		if (bit_string && insn->rm >= GPR_COUNT)
			p->failed = true;
		access_only(p, insn);
		plan_lose(p, insn->rm);
		break;
	case 0xaf: { /* IMUL */
		struct plan_value rm = read_rm(p, insn);
		plan_set_reg(p, insn->reg, plan_operate(p, PLAN_MUL, p->reg[insn->reg], rm, 8), insn->opsize);
		break;
	}
	case 0xb0: /* CMPXCHG */
	case 0xb1:
		access_only(p, insn);
		plan_lose(p, RAX);
		lose_operand(p, insn, insn->rm);
		break;
	case 0xb6:
	case 0xb7:
		move_extended(p, insn, false, insn->opcode == 0xb6 ? 1 : 2);
		break;
	case 0xbe:
	case 0xbf:
		move_extended(p, insn, true, insn->opcode == 0xbe ? 1 : 2);
		break;
	case 0xc0: /* XADD */
	case 0xc1:
		access_only(p, insn);
		lose_operand(p, insn, insn->rm);
		lose_operand(p, insn, insn->reg);
		break;
	case 0xc3: /* MOVNTI */
		access_only(p, insn);
		break;
	case 0xc7: /* CMPXCHG8B */
		access_only(p, insn);
		plan_lose(p, RAX);
		plan_lose(p, RDX);
		break;
	case 0xc8 ... 0xcf: /* BSWAP */
		plan_lose(p, insn->rm);
		break;
	default:
		access_only(p, insn);
		lose_all(p);
	}
}

void plan_begin(struct plan *p, unsigned offset)
{
	p->ops = p->temps = p->stores = 0;
	p->offset = offset;
	p->insn = 0;
	p->failed = p->may_fault = false;
	for (unsigned i = 0; i < GPR_COUNT; i++)
		p->reg[i] = (struct plan_value){.base = (uint8_t)i};
}

void plan_insn(struct plan *p, const struct insn *insn)
{
	if (!p->failed) {
		if (insn->flags & (INSN_SSE | INSN_MMX))
			simd(p, insn);
		else if (insn->flags & (INSN_X87 | INSN_REP))
			p->failed = true;
		else if (insn->map == 0)
			one_byte(p, insn);
		else if (insn->map == 1)
			two_byte(p, insn);
		else { /* MOVBE, CRC32 */
			access_only(p, insn);
			plan_lose(p, insn->reg);
		}
	}
	p->offset += insn->len;
	p->insn++;
}

static void need(bool *needed, uint8_t operand)
{
	if (operand >= PLAN_TEMP && operand < PLAN_ZERO)
		needed[operand - PLAN_TEMP] = true;
}

/* Only what an address depends on stays. */
int plan_end(struct plan *p, struct plan_op **ops)
{
	bool needed[PLAN_TEMPS] = {false};
	unsigned kept = PLAN_OPS_MAX;

	if (p->failed)
		return -1;
	for (unsigned i = p->ops; i-- > 0;) {
		struct plan_op *op = &p->op[i];
		bool result = op->dst != PLAN_NOWHERE && needed[op->dst - PLAN_TEMP];
		if (!plan_is_access(op) && !result)
			continue;
		if (!result) {
			op->dst = PLAN_NOWHERE;
			op->flags &= (uint8_t)~PLAN_GUARD;
		}
		need(needed, op->a);
		need(needed, op->b);
		p->op[--kept] = *op;
	}
	*ops = &p->op[kept];
	return (int)(PLAN_OPS_MAX - kept);
}
