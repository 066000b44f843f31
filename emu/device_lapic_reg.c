/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's registers, in memory and as MSRs (SDM 3A, "Local APIC", "Extended XAPIC (x2APIC)", "x2APIC State Transitions").
 * CHOICE: in memory a register is its first four bytes, read in any size; writes must be of at least four bytes at its start, others are
 * dropped; reserved bits are ignored. As an MSR a reserved bit that is set gives #GP.
 * LIMIT: no CMCI entry, no EOI-broadcast suppression; an APIC page laid over RAM is not seen: RAM is.
 */
#include "emu/device_lapic.h"

enum { VERSION = 0x14 };

static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = 0x700ff, [LVT_THERMAL] = 0x107ff, [LVT_PERF] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};
static const uint32_t lvt_read_only = 0x5000; /* delivery status, remote IRR: writes of them are ignored, not reserved */
static const uint32_t svr_writable = 0x3ff;
static const uint64_t icr_ignored = BIT(12); /* delivery status */
static const uint64_t icr_reserved = BITS(31, 20) | BITS(17, 16) | BIT(13);

/* Reads a register that exists in both modes; false: there is none at this offset. */
static bool read_common(struct lapic *lapic, unsigned reg, uint32_t *value, uint64_t now)
{
	switch (reg) {
	case APIC_VERSION:
		*value = VERSION | (LVT_COUNT - 1) << 16;
		return true;
	case APIC_TPR:
		*value = lapic->tpr;
		return true;
	case APIC_PPR:
		*value = lapic_ppr(lapic);
		return true;
	case APIC_SVR:
		*value = lapic->svr;
		return true;
	case APIC_ESR:
		*value = lapic->esr;
		return true;
	case APIC_TIMER_INITIAL:
		*value = lapic->initial;
		return true;
	case APIC_TIMER_CURRENT:
		*value = lapic_timer_current(lapic, now);
		return true;
	case APIC_DIVIDE:
		*value = lapic->divide;
		return true;
	default:
		break;
	}
	unsigned i = reg >> 4 & 7;
	if (reg >= APIC_ISR && reg < APIC_ESR)
		*value = (reg >= APIC_IRR ? lapic->irr : reg >= APIC_TMR ? lapic->tmr : lapic->isr)[i];
	else if (reg >= APIC_LVT && reg < APIC_TIMER_INITIAL)
		*value = lapic->lvt[(reg - APIC_LVT) >> 4];
	else
		return false;
	return true;
}

static uint32_t mmio_register(struct lapic *lapic, unsigned reg, uint64_t now)
{
	uint32_t value;

	switch (reg) {
	case APIC_ID:
	case APIC_EOI:
	case APIC_RRD:
		return 0;
	case APIC_APR:
		return lapic_apr(lapic);
	case APIC_LDR:
		return lapic->ldr;
	case APIC_DFR:
		return lapic->dfr;
	case APIC_ICR:
		return (uint32_t)lapic->icr;
	case APIC_ICR_HIGH:
		return (uint32_t)(lapic->icr >> 32);
	default:
		if (read_common(lapic, reg, &value, now))
			return value;
		lapic_error(lapic, ESR_ILLEGAL_REGISTER);
		return 0;
	}
}

uint64_t lapic_mmio_read(struct lapic *lapic, unsigned offset, unsigned size, uint64_t now)
{
	uint64_t value = mmio_register(lapic, offset & 0xff0, now);
	unsigned shift = 8 * (offset & 15);

	value = shift < 64 ? value >> shift : 0;
	return size < 8 ? value & (BIT(8 * size) - 1) : value;
}

static void svr_write(struct lapic *lapic, uint32_t value)
{
	lapic->svr = value & svr_writable;
	for (unsigned i = 0; i < LVT_COUNT && !(value & SVR_ENABLED); i++)
		lapic->lvt[i] |= LVT_MASKED;
}

static void lvt_write(struct lapic *lapic, unsigned i, uint32_t value)
{
	value = (value & lvt_writable[i]) | (lapic->lvt[i] & lvt_read_only);
	if (!(lapic->svr & SVR_ENABLED)) /* software-disabled: the mask cannot be cleared */
		value |= LVT_MASKED;
	if (i == LVT_TIMER)
		lapic_timer_set_lvt(lapic, value);
	else
		lapic->lvt[i] = value;
}

/* Writes a register that exists in both modes; false: there is none, or it is read-only. */
static bool write_common(struct lapic *lapic, unsigned reg, uint32_t value, uint64_t now)
{
	switch (reg) {
	case APIC_TPR:
		lapic->tpr = value & 0xff;
		return true;
	case APIC_EOI:
		lapic_eoi(lapic);
		return true;
	case APIC_SVR:
		svr_write(lapic, value);
		return true;
	case APIC_ESR:
		lapic->esr = lapic->errors;
		lapic->errors = 0;
		return true;
	case APIC_TIMER_INITIAL:
		lapic_timer_set_initial(lapic, value, now);
		return true;
	case APIC_DIVIDE:
		lapic_timer_set_divide(lapic, value, now);
		return true;
	default:
		if (reg < APIC_LVT || reg >= APIC_TIMER_INITIAL)
			return false;
		lvt_write(lapic, (reg - APIC_LVT) >> 4, value);
		return true;
	}
}

static bool read_only(unsigned reg)
{
	return reg == APIC_ID || reg == APIC_VERSION || reg == APIC_APR || reg == APIC_PPR || reg == APIC_RRD ||
	       (reg >= APIC_ISR && reg < APIC_ESR) || reg == APIC_TIMER_CURRENT;
}

void lapic_mmio_write(struct lapic *lapic, unsigned offset, uint64_t value, unsigned size, uint64_t now)
{
	uint32_t v = (uint32_t)value;

	if ((offset & 15) != 0 || size < 4)
		return;
	switch (offset) {
	case APIC_LDR:
		lapic->ldr = v & 0xff000000;
		break;
	case APIC_DFR:
		lapic->dfr = v | 0x0fffffff;
		break;
	case APIC_ICR:
		lapic->icr = (lapic->icr & BITS(63, 32)) | (v & ~(icr_reserved | icr_ignored));
		lapic_send(lapic);
		break;
	case APIC_ICR_HIGH:
		lapic->icr = (lapic->icr & BITS(31, 0)) | (value & 0xff000000) << 32;
		break;
	default:
		if (!write_common(lapic, offset, v, now) && !read_only(offset))
			lapic_error(lapic, ESR_ILLEGAL_REGISTER);
	}
}

/* IA32_APIC_BASE: reserved bits and the transitions that do not exist give #GP; disabling loses all state. */
static bool base_write(struct lapic *lapic, uint64_t value)
{
	uint64_t modes = APIC_BASE_EN | APIC_BASE_EXTD, from = lapic->base & modes, to = value & modes;

	if ((value & ~(APIC_BASE_ADDR | APIC_BASE_BSP | modes)) || to == APIC_BASE_EXTD)
		return false;
	if ((from == 0 && to == modes) || (from == modes && to == APIC_BASE_EN))
		return false;
	if (from && !to) {
		struct lapic old = *lapic;
		lapic_reset(lapic);
		lapic->lint0 = old.lint0;
		lapic->nmi = old.nmi;
		lapic->init = old.init;
	}
	if (to == modes && from != modes)
		lapic->icr &= BITS(31, 0); /* the destination field is another one now */
	lapic->base = value;
	return true;
}

static bool x2apic_read(struct lapic *lapic, unsigned reg, uint64_t *value, uint64_t now)
{
	uint32_t low;

	*value = reg == APIC_LDR ? 1 : 0; /* cluster 0, bit 0: from the ID, which is 0 */
	if (reg == APIC_ID || reg == APIC_LDR)
		return true;
	if (reg == APIC_ICR) {
		*value = lapic->icr;
		return true;
	}
	if (!read_common(lapic, reg, &low, now))
		return false;
	*value = low;
	return true;
}

/* The bits of an x2APIC register below bit 32 that may be set in a write; 0 for registers written with 0 only. */
static uint32_t x2apic_writable(unsigned reg)
{
	if (reg >= APIC_LVT && reg < APIC_TIMER_INITIAL) {
		unsigned i = (reg - APIC_LVT) >> 4;
		bool lint = i == LVT_LINT0 || i == LVT_LINT1;
		return lvt_writable[i] | (lint ? lvt_read_only : 0x1000);
	}
	switch (reg) {
	case APIC_TPR:
		return 0xff;
	case APIC_SVR:
		return svr_writable;
	case APIC_TIMER_INITIAL:
		return ~0u;
	case APIC_DIVIDE:
		return 0xb;
	default: /* EOI, ESR */
		return 0;
	}
}

static bool x2apic_write(struct lapic *lapic, unsigned reg, uint64_t value, uint64_t now)
{
	if (reg == APIC_ICR) {
		if (value & icr_reserved)
			return false;
		lapic->icr = value & ~icr_ignored;
		lapic_send(lapic);
		return true;
	}
	if (reg == APIC_SELF_IPI) {
		uint64_t icr = lapic->icr;
		if (value & ~0xffull)
			return false;
		lapic->icr = BIT(18) | value; /* as an IPI with shorthand self, but the ICR keeps its value */
		lapic_send(lapic);
		lapic->icr = icr;
		return true;
	}
	if (value & ~(uint64_t)x2apic_writable(reg))
		return false;
	return write_common(lapic, reg, (uint32_t)value, now);
}

bool lapic_rdmsr(struct lapic *lapic, uint32_t msr, uint64_t *value, uint64_t now)
{
	if (msr == MSR_APIC_BASE) {
		*value = lapic->base;
		return true;
	}
	if (msr == MSR_TSC_DEADLINE) {
		*value = lapic->deadline;
		return true;
	}
	return msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100 && lapic_x2apic(lapic) &&
	       x2apic_read(lapic, (msr - MSR_X2APIC) << 4, value, now);
}

bool lapic_wrmsr(struct lapic *lapic, uint32_t msr, uint64_t value, uint64_t now)
{
	if (msr == MSR_APIC_BASE)
		return base_write(lapic, value);
	if (msr == MSR_TSC_DEADLINE) {
		lapic_timer_set_deadline(lapic, value);
		return true;
	}
	return msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100 && lapic_x2apic(lapic) &&
	       x2apic_write(lapic, (msr - MSR_X2APIC) << 4, value, now);
}
