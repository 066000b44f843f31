/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory operands of our own instructions: logical to linear address (SDM 3A, "Logical and Linear Addresses", "Limit Checking",
 * "Type Checking"; "Alignment Check Exception (#AC)"; SDM 1, "Canonical Addressing"), then one MMU translation for each page touched.
 *
 * CHOICE: an access that is both misaligned and on a page that faults raises #AC.
 * CHOICE: an access across the end of a 4-GiB segment (offset FFFFFFFFH) raises the limit fault; one across the end of the 32-bit linear
 * address space of a segment with another base wraps.
 */
#include "vmx/memop.h"

#include <string.h>

/* ---- linear accesses ---- */

/* The first address of the next page; linear addresses wrap at 4 GiB unless they are those of 64-bit mode or of a system structure. */
static gla_t next_page(const struct cpu *cpu, gla_t gla, unsigned access)
{
	uint64_t next = page_base(gla.u) + PAGE_SIZE;
	bool wide = cpu_long_mode(cpu) && (cpu_64bit(cpu) || (access & ACC_IMPLICIT) || gla.u > UINT32_MAX);

	return GLA(wide ? next : (uint32_t)next);
}

static bool translate_piece(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, hpa_t *hpa)
{
	const struct tlb_entry *e;

	if (cpu_long_mode(cpu) && !is_canonical(gla.u, cpu->mmu.mode.linear_width))
		return raise_error(cpu, VEC_GP, 0);
	e = mmu_access(&cpu->mmu, gla, access);
	if (!e)
		return raise_walk(cpu, gla, access);
	*hpa = tlb_entry_hpa(e, gla);
	bool priced = cpu->mmu.env.caches && mem_is_ram(cpu->mem, *hpa, size);
	for (uint64_t at = hpa->u; priced && at < hpa->u + size; at = (at | (BIT(CACHE_LINE_SHIFT) - 1)) + 1)
		caches_data(cpu->mmu.env.caches, HPA(at));
	return true;
}

bool linear_translate(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, struct linear_span *span)
{
	unsigned room = PAGE_SIZE - (unsigned)page_offset(gla.u);

	CHECK(size > 0 && size <= PAGE_SIZE);
	span->len[0] = size < room ? size : room;
	span->len[1] = size - span->len[0];
	if (!translate_piece(cpu, gla, span->len[0], access, &span->hpa[0]))
		return false;
	return !span->len[1] || translate_piece(cpu, next_page(cpu, gla, access), span->len[1], access, &span->hpa[1]);
}

static void count(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, unsigned kind)
{
	const struct mmu_observer *observer = cpu->mmu.observer;

	if (unlikely(observer && observer->data))
		observer->data(observer->ctx, gla, size, kind | (access & ~(unsigned)(ACC_READ | ACC_WRITE)));
	if (access & ACC_IMPLICIT)
		return;
	if (kind == ACC_READ)
		cpu->insn_loads++;
	else
		cpu->insn_stores++;
}

static bool is_value_size(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Device registers see one access of a whole value; RAM is copied. */
static void read_piece(const struct cpu *cpu, hpa_t hpa, uint8_t *to, unsigned len)
{
	if (mem_read_bytes(cpu->mem, hpa, to, len))
		return;
	if (is_value_size(len)) {
		uint64_t value = mem_read(cpu->mem, hpa, len);
		memcpy(to, &value, len);
		return;
	}
	for (unsigned i = 0; i < len; i++)
		to[i] = (uint8_t)mem_read(cpu->mem, HPA(hpa.u + i), 1);
}

static void write_piece(struct cpu *cpu, hpa_t hpa, const uint8_t *from, unsigned len)
{
	uint64_t value = 0;

	if (mem_write_bytes(cpu->mem, hpa, from, len))
		return;
	if (is_value_size(len)) {
		memcpy(&value, from, len);
		mem_write(cpu->mem, hpa, value, len);
		return;
	}
	for (unsigned i = 0; i < len; i++)
		mem_write(cpu->mem, HPA(hpa.u + i), from[i], 1);
}

/* How many of size bytes at offset lie in the span's first page. */
static unsigned in_first_page(const struct linear_span *span, unsigned offset, unsigned size)
{
	CHECK(offset + size <= span->len[0] + span->len[1]);
	if (offset >= span->len[0])
		return 0;
	return size < span->len[0] - offset ? size : span->len[0] - offset;
}

void linear_span_read(const struct cpu *cpu, const struct linear_span *span, unsigned offset, void *to, unsigned size)
{
	const unsigned first = in_first_page(span, offset, size);

	if (first)
		read_piece(cpu, HPA(span->hpa[0].u + offset), to, first);
	if (size > first)
		read_piece(cpu, HPA(span->hpa[1].u + (offset + first - span->len[0])), (uint8_t *)to + first, size - first);
}

void linear_span_write(struct cpu *cpu, const struct linear_span *span, unsigned offset, const void *from, unsigned size)
{
	const unsigned first = in_first_page(span, offset, size);

	if (first)
		write_piece(cpu, HPA(span->hpa[0].u + offset), from, first);
	if (size > first)
		write_piece(cpu, HPA(span->hpa[1].u + (offset + first - span->len[0])), (const uint8_t *)from + first, size - first);
}

bool linear_read_bytes(struct cpu *cpu, gla_t gla, void *to, unsigned size, unsigned access)
{
	struct linear_span span;

	if (!linear_translate(cpu, gla, size, access, &span))
		return false;
	linear_span_read(cpu, &span, 0, to, size);
	count(cpu, gla, size, access, ACC_READ);
	return true;
}

bool linear_write_bytes(struct cpu *cpu, gla_t gla, const void *from, unsigned size, unsigned access)
{
	struct linear_span span;

	if (!linear_translate(cpu, gla, size, access, &span))
		return false;
	linear_span_write(cpu, &span, 0, from, size);
	count(cpu, gla, size, access, ACC_WRITE);
	return true;
}

bool linear_read(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, uint64_t *value)
{
	uint64_t v = 0;

	CHECK(size <= sizeof v);
	if (!linear_read_bytes(cpu, gla, &v, size, access))
		return false;
	*value = v;
	return true;
}

bool linear_write(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, uint64_t value)
{
	CHECK(size <= sizeof value);
	return linear_write_bytes(cpu, gla, &value, size, access);
}

bool linear_probe(struct cpu *cpu, gla_t gla, unsigned size, unsigned access)
{
	struct linear_span span;

	return linear_translate(cpu, gla, size, access, &span);
}

/* ---- segmentation ---- */

static bool segment_fault(struct cpu *cpu, enum segreg seg)
{
	return raise_error(cpu, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
}

bool memop_type_permits(const struct segment *s, unsigned kind)
{
	if (s->ar & AR_UNUSABLE)
		return false;
	if (s->ar & AR_CODE)
		return !(kind & ACC_WRITE) && (s->ar & AR_RW);
	return !(kind & ACC_WRITE) || (s->ar & AR_RW);
}

bool memop_within(const struct segment *s, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;

	if ((s->ar & (AR_S | AR_CODE | AR_DC)) == (AR_S | AR_DC))
		return offset > s->limit && last <= (s->ar & AR_DB ? 0xffffffff : 0xffff);
	return last <= s->limit;
}

static bool linear_64(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, gla_t *gla)
{
	uint64_t base = seg == SEG_FS || seg == SEG_GS ? cpu->seg[seg].base : 0;
	unsigned width = cpu->mmu.mode.linear_width;

	*gla = GLA(base + offset);
	if (!is_canonical(gla->u, width) || !is_canonical(gla->u + size - 1, width))
		return segment_fault(cpu, seg);
	return true;
}

bool memop_linear(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, unsigned kind, gla_t *gla)
{
	const struct segment *s = &cpu->seg[seg];

	if (cpu_64bit(cpu))
		return linear_64(cpu, seg, offset, size, gla);
	if (!cpu_real_segments(cpu) && !memop_type_permits(s, kind))
		return segment_fault(cpu, seg);
	if (!memop_within(s, offset, size))
		return segment_fault(cpu, seg);
	*gla = GLA((uint32_t)(s->base + offset));
	return true;
}

bool memop_aligned(struct cpu *cpu, gla_t gla, unsigned size, unsigned access)
{
	bool check = (access & ACC_USER) && (cpu->cr0 & CR0_AM) && (cpu->rflags & FLAG_AC);

	if (!check || !is_value_size(size) || !(gla.u & (size - 1)))
		return true;
	return raise_error(cpu, VEC_AC, 0);
}

bool memop_read(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, uint64_t *value)
{
	unsigned access = cpu_access(cpu, ACC_READ);
	gla_t gla;

	return memop_linear(cpu, seg, offset, size, ACC_READ, &gla) && memop_aligned(cpu, gla, size, access) &&
	       linear_read(cpu, gla, size, access, value);
}

bool memop_write(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned access = cpu_access(cpu, ACC_WRITE);
	gla_t gla;

	return memop_linear(cpu, seg, offset, size, ACC_WRITE, &gla) && memop_aligned(cpu, gla, size, access) &&
	       linear_write(cpu, gla, size, access, value);
}

bool memop_read_bytes(struct cpu *cpu, enum segreg seg, uint64_t offset, void *to, unsigned size)
{
	gla_t gla;

	return memop_linear(cpu, seg, offset, size, ACC_READ, &gla) && linear_read_bytes(cpu, gla, to, size, cpu_access(cpu, ACC_READ));
}

bool memop_write_bytes(struct cpu *cpu, enum segreg seg, uint64_t offset, const void *from, unsigned size)
{
	gla_t gla;

	return memop_linear(cpu, seg, offset, size, ACC_WRITE, &gla) &&
	       linear_write_bytes(cpu, gla, from, size, cpu_access(cpu, ACC_WRITE));
}

bool memop_read_insn(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t *value)
{
	return memop_read(cpu, insn->seg, insn_offset(cpu, insn), size, value);
}

bool memop_write_insn(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t value)
{
	return memop_write(cpu, insn->seg, insn_offset(cpu, insn), size, value);
}

/* ---- registers ---- */

/* AH, CH, DH, BH: byte registers 4..7 without a REX prefix */
static bool is_high_byte(const struct insn *insn, unsigned reg, unsigned size)
{
	return size == 1 && !insn->rex && reg >= 4 && reg < 8;
}

uint64_t reg_read(const struct cpu *cpu, const struct insn *insn, unsigned reg, unsigned size)
{
	CHECK(reg < GPR_COUNT && is_value_size(size));
	if (is_high_byte(insn, reg, size))
		return cpu->gpr[reg - 4] >> 8 & 0xff;
	return cpu->gpr[reg] & BITS(8 * size - 1, 0);
}

void reg_write(struct cpu *cpu, const struct insn *insn, unsigned reg, unsigned size, uint64_t value)
{
	uint64_t mask;

	CHECK(reg < GPR_COUNT && is_value_size(size));
	if (is_high_byte(insn, reg, size)) {
		cpu->gpr[reg - 4] = (cpu->gpr[reg - 4] & ~0xff00ull) | (value & 0xff) << 8;
		return;
	}
	mask = size >= 4 ? ~0ull : BITS(8 * size - 1, 0);
	cpu->gpr[reg] = (cpu->gpr[reg] & ~mask) | (value & BITS(8 * size - 1, 0));
}

bool rm_read(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t *value)
{
	if (insn->flags & INSN_MEM)
		return memop_read_insn(cpu, insn, size, value);
	*value = reg_read(cpu, insn, insn->rm, size);
	return true;
}

bool rm_write(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t value)
{
	if (insn->flags & INSN_MEM)
		return memop_write_insn(cpu, insn, size, value);
	reg_write(cpu, insn, insn->rm, size, value);
	return true;
}
