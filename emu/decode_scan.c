/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an instruction byte by byte: see decode_scan.h. A byte that is not there reads as 0 and is noted, so that no step must ask.
 */
#include "emu/decode_scan.h"

uint8_t scan_peek(struct scan *s)
{
	if (s->pos >= s->avail) {
		s->ran_out = true;
		return 0;
	}
	if (s->seen <= s->pos)
		s->seen = s->pos + 1;
	return s->bytes[s->pos];
}

static uint8_t next(struct scan *s)
{
	uint8_t byte = scan_peek(s);
	s->pos++;
	return byte;
}

/* n bytes, little endian */
static uint64_t next_le(struct scan *s, unsigned n)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)next(s) << (8 * i);
	return value;
}

static int64_t sign_extend(uint64_t value, unsigned bytes)
{
	return (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/* In 64-bit mode only FS and GS override (SDM 2A, "Instruction Prefixes"). */
static void override(struct scan *s, enum segreg seg)
{
	if (s->width != 64 || seg >= SEG_FS)
		s->seg = (uint8_t)seg;
}

static bool legacy_prefix(struct scan *s, uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		override(s, (byte >> 3) & 3);
		return true;
	case 0x64:
	case 0x65:
		override(s, byte & 7);
		return true;
	case 0x66:
		return s->opsize = true;
	case 0x67:
		return s->addrsize = true;
	case 0xf0:
		return s->lock = true;
	case 0xf2:
		s->rep = byte;
		return s->f2 = true;
	case 0xf3:
		s->rep = byte;
		return s->f3 = true;
	}
	return false;
}

/* A REX prefix counts only if it is the last one. */
void scan_prefixes(struct scan *s)
{
	while (!s->ran_out) {
		uint8_t byte = scan_peek(s);
		if (legacy_prefix(s, byte))
			s->rex = 0;
		else if (s->width == 64 && (byte & 0xf0) == 0x40)
			s->rex = byte;
		else
			break;
		s->pos++;
	}
	s->prefix = s->rep == 0xf3 ? PF3 : s->rep == 0xf2 ? PF2 : s->opsize ? P66 : NP;
}

void scan_opcode(struct scan *s)
{
	uint8_t byte = next(s);
	s->map = M1;
	if (byte == 0x0f) {
		byte = next(s);
		s->map = byte == 0x38 ? M38 : byte == 0x3a ? M3A : M0F;
		if (s->map != M0F)
			byte = next(s);
	}
	s->opcode = byte;
	if (s->map != M0F || byte != 0x01 || (scan_peek(s) & 0xc0) != 0xc0 || (scan_peek(s) & 0x28) == 0x20)
		return;
	s->map = M01; /* 0F 01 C0..FF but SMSW and LMSW: the next byte is both opcode and ModRM */
	s->opcode = scan_peek(s);
}

/* SDM 2A, table "16-Bit Addressing Forms with the ModR/M Byte" */
static void read_memory16(struct scan *s, struct insn *insn)
{
	static const uint8_t base[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
	static const uint8_t index[8] = {RSI, RDI, RSI, RDI, REG_NONE, REG_NONE, REG_NONE, REG_NONE};
	unsigned mod = s->modrm >> 6, rm = s->modrm & 7;
	insn->base = mod == 0 && rm == 6 ? REG_NONE : base[rm];
	insn->index = index[rm];
	if (mod == 1)
		insn->disp = sign_extend(next(s), 1);
	else if (mod == 2 || insn->base == REG_NONE)
		insn->disp = sign_extend(next_le(s, 2), 2);
}

static void read_sib(struct scan *s, struct insn *insn)
{
	uint8_t sib = next(s), index = (sib >> 3 & 7) | rex_x(s);
	insn->scale = (uint8_t)(1 << (sib >> 6));
	insn->index = index == RSP ? REG_NONE : index;
	insn->base = (sib & 7) == RBP && s->modrm < 0x40 ? REG_NONE : (sib & 7) | rex_b(s);
}

/* SDM 2A, table "32-Bit Addressing Forms with the ModR/M Byte", and "RIP-Relative Addressing" */
static void read_memory32(struct scan *s, struct insn *insn)
{
	unsigned mod = s->modrm >> 6, rm = s->modrm & 7;
	if (rm == RSP)
		read_sib(s, insn);
	else if (mod == 0 && rm == RBP)
		insn->base = s->width == 64 ? REG_RIP : REG_NONE;
	else
		insn->base = (uint8_t)rm | rex_b(s);
	if (mod == 1)
		insn->disp = sign_extend(next(s), 1);
	else if (mod == 2 || insn->base == REG_NONE || insn->base == REG_RIP)
		insn->disp = sign_extend(next_le(s, 4), 4);
}

void scan_modrm(struct scan *s, const struct op *op, struct insn *insn)
{
	s->modrm = next(s);
	insn->reg = (s->modrm >> 3 & 7) | (op->how & H_SREG ? 0 : rex_r(s));
	if (s->modrm >= 0xc0 || op->form == REGMOD) {
		insn->rm = (s->modrm & 7) | rex_b(s);
		return;
	}
	insn->flags |= INSN_MEM;
	if (insn->addrsize == 2)
		read_memory16(s, insn);
	else
		read_memory32(s, insn);
	insn->seg = insn->base == RBP || insn->base == RSP ? SEG_SS : SEG_DS;
}

void scan_immediate(struct scan *s, const struct op *op, struct insn *insn)
{
	unsigned z = insn->opsize == 2 ? 2 : 4;
	switch (op->imm) {
	case I_1:
		insn->imm = next(s);
		break;
	case I_2:
		insn->imm = next_le(s, 2);
		insn->imm2 = (uint16_t)insn->imm;
		break;
	case I_Z:
		insn->imm = next_le(s, z);
		break;
	case I_V:
		insn->imm = next_le(s, insn->opsize);
		break;
	case I_ENTER:
		insn->imm = next_le(s, 2);
		insn->imm2 = next(s);
		break;
	case I_FAR:
		insn->imm = next_le(s, z);
		insn->imm2 = (uint16_t)next_le(s, 2);
		break;
	case I_MOFFS:
		insn->disp = (int64_t)next_le(s, insn->addrsize);
		insn->flags |= INSN_MEM;
		break;
	}
}
