/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors in the GDT and the LDT. See vmx/descriptor.h.
 *
 * CHOICE: the accessed and the busy bit are set by a write of the byte that holds them; the SDM does not give the width of that access.
 */
#include "vmx/descriptor.h"

enum { ACCESS_BYTE = 5 };

/* Where a selector's descriptor of so many bytes lies; false if it is not whole within its table. */
static bool locate(const struct cpu *cpu, uint16_t selector, unsigned bytes, gla_t *gla)
{
	unsigned offset = selector & 0xfff8;
	bool local = selector & 4;
	uint64_t base = local ? cpu->ldtr.base : cpu->gdtr.base;
	uint32_t limit = local ? cpu->ldtr.limit : cpu->gdtr.limit;

	if (local && (cpu->ldtr.ar & AR_UNUSABLE))
		return false;
	*gla = GLA(cpu_long_mode(cpu) ? base + offset : (uint32_t)(base + offset));
	return offset + bytes - 1 <= limit;
}

bool descriptor_look(struct cpu *cpu, uint16_t selector, struct descriptor *d, bool *found)
{
	*d = (struct descriptor){.selector = selector};
	*found = !selector_is_null(selector) && locate(cpu, selector, 8, &d->gla);
	return !*found || linear_read(cpu, d->gla, 8, ACC_READ | ACC_IMPLICIT, &d->low);
}

bool descriptor_read(struct cpu *cpu, uint16_t selector, enum vector vector, struct descriptor *d)
{
	bool found;

	if (!descriptor_look(cpu, selector, d, &found))
		return false;
	return found || raise_error(cpu, vector, selector_error(selector));
}

bool descriptor_read_high(struct cpu *cpu, enum vector vector, struct descriptor *d)
{
	gla_t gla;

	if (!cpu_long_mode(cpu))
		return true;
	if (!locate(cpu, d->selector, 16, &gla))
		return raise_error(cpu, vector, selector_error(d->selector));
	if (!linear_read(cpu, GLA(gla.u + 8), 8, ACC_READ | ACC_IMPLICIT, &d->high))
		return false;
	if (FIELD(d->high, 44, 40))
		return raise_error(cpu, vector, selector_error(d->selector));
	return true;
}

struct segment descriptor_segment(const struct descriptor *d)
{
	struct segment s = {.selector = d->selector, .ar = descriptor_ar(d)};

	s.limit = (uint32_t)(FIELD(d->low, 51, 48) << 16 | FIELD(d->low, 15, 0));
	if (s.ar & AR_G)
		s.limit = s.limit << 12 | 0xfff;
	s.base = FIELD(d->low, 63, 56) << 24 | FIELD(d->low, 39, 16) | d->high << 32;
	return s;
}

struct gate descriptor_gate(const struct descriptor *d, bool wide)
{
	struct gate g = {
	    .type = (uint8_t)descriptor_type(d),
	    .dpl = (uint8_t)descriptor_dpl(d),
	    .present = descriptor_present(d),
	    .selector = (uint16_t)FIELD(d->low, 31, 16),
	    .offset = FIELD(d->low, 15, 0),
	};

	if (g.type & 8)
		g.offset |= FIELD(d->low, 63, 48) << 16;
	if (wide) {
		g.offset |= d->high << 32;
		g.ist = (uint8_t)FIELD(d->low, 34, 32);
	} else {
		g.params = (uint8_t)FIELD(d->low, 36, 32);
	}
	return g;
}

static bool write_access_byte(struct cpu *cpu, struct descriptor *d, uint64_t set)
{
	d->low |= set;
	return linear_write(cpu, GLA(d->gla.u + ACCESS_BYTE), 1, ACC_WRITE | ACC_IMPLICIT, d->low >> 40 & 0xff);
}

bool descriptor_set_accessed(struct cpu *cpu, struct descriptor *d)
{
	return (d->low & BIT(40)) || write_access_byte(cpu, d, BIT(40));
}

bool descriptor_set_busy(struct cpu *cpu, struct descriptor *d)
{
	return write_access_byte(cpu, d, BIT(41));
}
