/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading segment registers. See vmx/segment.h.
 *
 * CHOICE: loading a null selector clears base and limit, as Intel processors do for FS and GS.
 */
#include "vmx/segment.h"

struct segment segment_v86(uint16_t selector)
{
	return (struct segment){
	    .selector = selector, .ar = AR_P | AR_DPL | AR_S | AR_RW | AR_A, .limit = 0xffff, .base = (uint64_t)selector << 4};
}

struct segment segment_null(uint16_t selector, unsigned dpl)
{
	return (struct segment){.selector = selector, .ar = AR_UNUSABLE | dpl << AR_DPL_SHIFT};
}

/* Real-address mode changes selector and base only; what the descriptor cache held otherwise stays. */
void segment_set_real(struct cpu *cpu, enum segreg seg, uint16_t selector)
{
	struct segment *s = &cpu->seg[seg];

	if (cpu_v86(cpu))
		*s = segment_v86(selector);
	else if (s->ar & AR_UNUSABLE)
		*s = (struct segment){.ar = AR_P | AR_S | AR_RW | AR_A, .limit = 0xffff};
	s->selector = selector;
	s->base = (uint64_t)selector << 4;
}

bool segment_is_64bit(const struct cpu *cpu, const struct segment *cs)
{
	return cpu_long_mode(cpu) && (cs->ar & AR_L);
}

/* ---- data segments and SS ---- */

static bool is_readable(const struct descriptor *d)
{
	uint32_t ar = descriptor_ar(d);

	return (ar & AR_S) && (!(ar & AR_CODE) || (ar & AR_RW));
}

static bool is_writable_data(const struct descriptor *d)
{
	return (descriptor_ar(d) & (AR_S | AR_CODE | AR_RW)) == (AR_S | AR_RW);
}

/* Conforming code may be read from any level; all else needs a DPL not below RPL and CPL. */
static bool data_privileged(const struct cpu *cpu, const struct descriptor *d)
{
	unsigned rpl = selector_rpl(d->selector), dpl = descriptor_dpl(d);

	if (descriptor_is_code(d) && descriptor_is_conforming(d))
		return true;
	return rpl <= dpl && cpu->cpl <= dpl;
}

static bool load_data(struct cpu *cpu, enum segreg seg, uint16_t selector)
{
	struct descriptor d;

	if (selector_is_null(selector)) {
		cpu->seg[seg] = segment_null(selector, 0);
		return true;
	}
	if (!descriptor_read(cpu, selector, VEC_GP, &d))
		return false;
	if (!is_readable(&d) || !data_privileged(cpu, &d))
		return raise_error(cpu, VEC_GP, selector_error(selector));
	if (!descriptor_present(&d))
		return raise_error(cpu, VEC_NP, selector_error(selector));
	if (!descriptor_set_accessed(cpu, &d))
		return false;
	cpu->seg[seg] = descriptor_segment(&d);
	return true;
}

bool segment_check_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, enum vector vector, bool null_ok, struct descriptor *d)
{
	if (selector_is_null(selector)) {
		*d = (struct descriptor){.selector = selector};
		return (null_ok && cpl != 3 && selector_rpl(selector) == cpl) || raise_error(cpu, vector, 0);
	}
	if (!descriptor_read(cpu, selector, vector, d))
		return false;
	if (selector_rpl(selector) != cpl || !is_writable_data(d) || descriptor_dpl(d) != cpl)
		return raise_error(cpu, vector, selector_error(selector));
	return descriptor_present(d) || raise_error(cpu, VEC_SS, selector_error(selector));
}

bool segment_stack(struct cpu *cpu, struct descriptor *d, struct segment *ss)
{
	if (selector_is_null(d->selector)) {
		*ss = segment_null(d->selector, selector_rpl(d->selector));
		return true;
	}
	if (!descriptor_set_accessed(cpu, d))
		return false;
	*ss = descriptor_segment(d);
	return true;
}

static bool load_stack(struct cpu *cpu, uint16_t selector)
{
	struct descriptor d;

	return segment_check_stack(cpu, selector, cpu->cpl, VEC_GP, cpu_64bit(cpu), &d) && segment_stack(cpu, &d, &cpu->seg[SEG_SS]);
}

bool segment_load(struct cpu *cpu, enum segreg seg, uint16_t selector)
{
	if (cpu_real_segments(cpu))
		segment_set_real(cpu, seg, selector);
	else
		return seg == SEG_SS ? load_stack(cpu, selector) : load_data(cpu, seg, selector);
	return true;
}

void segment_drop_inner(struct cpu *cpu)
{
	static const uint8_t data[] = {SEG_ES, SEG_FS, SEG_GS, SEG_DS};

	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		struct segment *s = &cpu->seg[data[i]];
		bool conforming = (s->ar & (AR_CODE | AR_DC)) == (AR_CODE | AR_DC);
		if (!(s->ar & AR_UNUSABLE) && !conforming && FIELD(s->ar, 6, 5) < cpu->cpl)
			*s = segment_null(0, 0);
	}
}

/* ---- code segments ---- */

static bool code_privileged(const struct cpu *cpu, const struct descriptor *d, enum code_entry entry)
{
	unsigned rpl = selector_rpl(d->selector), dpl = descriptor_dpl(d), cpl = cpu->cpl;
	bool conforming = descriptor_is_conforming(d);

	switch (entry) {
	case ENTRY_DIRECT:
		return conforming ? dpl <= cpl : rpl <= cpl && dpl == cpl;
	case ENTRY_RETURN:
		return rpl >= cpl && (conforming ? dpl <= rpl : dpl == rpl);
	case ENTRY_GATE:
		return dpl <= cpl;
	case ENTRY_GATE_JMP:
		return conforming ? dpl <= cpl : dpl == cpl;
	}
	return false;
}

/* L and D both set mean nothing in IA-32e mode; a gate there leads to 64-bit code only. */
static bool width_ok(const struct cpu *cpu, const struct descriptor *d, enum code_entry entry)
{
	uint32_t ar = descriptor_ar(d);

	if (!cpu_long_mode(cpu))
		return true;
	if ((ar & AR_L) && (ar & AR_DB))
		return false;
	return (entry != ENTRY_GATE && entry != ENTRY_GATE_JMP) || (ar & AR_L);
}

bool segment_permits_code(struct cpu *cpu, const struct descriptor *d, enum code_entry entry)
{
	if (!descriptor_is_code(d) || !code_privileged(cpu, d, entry) || !width_ok(cpu, d, entry))
		return raise_error(cpu, VEC_GP, selector_error(d->selector));
	return descriptor_present(d) || raise_error(cpu, VEC_NP, selector_error(d->selector));
}

bool segment_check_code(struct cpu *cpu, uint16_t selector, enum code_entry entry, struct descriptor *d)
{
	if (selector_is_null(selector))
		return raise_error(cpu, VEC_GP, 0);
	return descriptor_read(cpu, selector, VEC_GP, d) && segment_permits_code(cpu, d, entry);
}

bool segment_check_target(struct cpu *cpu, const struct segment *cs, uint64_t offset)
{
	bool good = segment_is_64bit(cpu, cs) ? is_canonical(offset, cpu->mmu.mode.linear_width) : offset <= cs->limit;

	return good || raise_error(cpu, VEC_GP, 0);
}

bool segment_code(struct cpu *cpu, struct descriptor *d, unsigned cpl, struct segment *cs)
{
	if (!descriptor_set_accessed(cpu, d))
		return false;
	*cs = descriptor_segment(d);
	cs->selector = (uint16_t)((d->selector & 0xfffc) | cpl);
	return true;
}

void segment_set_code(struct cpu *cpu, const struct segment *cs, unsigned cpl)
{
	cpu->seg[SEG_CS] = *cs;
	cpu->cpl = (uint8_t)cpl;
}
