/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's interrupts: acceptance into IRR, priorities, in-service, EOI, local sources, inter-processor interrupts
 * (SDM 3A, "Handling Interrupts", "Local Vector Table", "Issuing Interprocessor Interrupts").
 * With one processor an IPI reaches this one or nobody: INIT, SIPI and IPIs to others are sent and lost. CHOICE: a fixed interrupt is
 * offered before an ExtINT. LIMIT: SMI is accepted and has no effect.
 */
#include "emu/device_lapic.h"

#include <string.h>

void lapic_reset(struct lapic *lapic)
{
	memset(lapic, 0, sizeof *lapic);
	lapic->base = 0xfee00000ull | APIC_BASE_BSP | APIC_BASE_EN;
	lapic->dfr = ~0u;
	lapic->svr = 0xff;
	for (unsigned i = 0; i < LVT_COUNT; i++)
		lapic->lvt[i] = LVT_MASKED;
}

/* The highest vector set in ISR, TMR or IRR, or 0: vectors below 16 are never set. */
static unsigned highest(const uint32_t bits[8])
{
	for (unsigned i = 8; i-- > 0;)
		if (bits[i])
			return i * 32 + 31 - (unsigned)__builtin_clz(bits[i]);
	return 0;
}

static void assign(uint32_t bits[8], unsigned vector, bool value)
{
	uint32_t bit = (uint32_t)BIT(vector % 32);

	bits[vector / 32] = value ? bits[vector / 32] | bit : bits[vector / 32] & ~bit;
}

/* SDM 3A, "Task and Processor Priorities" */
uint8_t lapic_ppr(const struct lapic *lapic)
{
	unsigned in_service = highest(lapic->isr);

	return (uint8_t)((lapic->tpr >> 4) >= (in_service >> 4) ? lapic->tpr : in_service & 0xf0);
}

/* Arbitration priority, as the processors that have it compute it. */
uint8_t lapic_apr(const struct lapic *lapic)
{
	unsigned tpr = lapic->tpr >> 4, irrv = highest(lapic->irr) >> 4, isrv = highest(lapic->isr) >> 4;
	unsigned highest_class = tpr & isrv;

	if (tpr >= irrv && tpr > isrv)
		return (uint8_t)lapic->tpr;
	return (uint8_t)((highest_class > irrv ? highest_class : irrv) << 4);
}

bool lapic_pending(const struct lapic *lapic)
{
	return (lapic->base & APIC_BASE_EN) && (highest(lapic->irr) >> 4) > (unsigned)(lapic_ppr(lapic) >> 4);
}

uint8_t lapic_acknowledge(struct lapic *lapic)
{
	unsigned vector = highest(lapic->irr);

	if (!lapic_pending(lapic))
		return (uint8_t)lapic->svr;
	assign(lapic->irr, vector, false);
	assign(lapic->isr, vector, true);
	return (uint8_t)vector;
}

void lapic_eoi(struct lapic *lapic)
{
	unsigned vector = highest(lapic->isr);

	if (!vector)
		return;
	assign(lapic->isr, vector, false);
	/* a level-triggered interrupt of LINT0 may come again */
	if ((lapic->lvt[LVT_LINT0] & LVT_REMOTE_IRR) && (lapic->lvt[LVT_LINT0] & 0xff) == vector) {
		lapic->lvt[LVT_LINT0] &= (uint32_t)~LVT_REMOTE_IRR;
		if (lapic->lint0)
			lapic_local_event(lapic, LVT_LINT0);
	}
}

void lapic_error(struct lapic *lapic, uint32_t bit)
{
	bool fresh = !(lapic->errors & bit);

	lapic->errors |= bit;
	if (fresh) /* an LVT error entry with an illegal vector raises no further one */
		lapic_local_event(lapic, LVT_ERROR);
}

void lapic_accept(struct lapic *lapic, uint8_t vector, bool level)
{
	if (vector < 16) {
		lapic_error(lapic, ESR_RECEIVE_ILLEGAL);
		return;
	}
	assign(lapic->irr, vector, true);
	assign(lapic->tmr, vector, level);
}

/* A delivery mode that is not fixed; those without meaning here are lost. */
static void deliver_special(struct lapic *lapic, unsigned mode)
{
	if (mode == DELIVER_NMI)
		lapic->nmi = true;
	else if (mode == DELIVER_INIT)
		lapic->init = true;
}

void lapic_local_event(struct lapic *lapic, enum lapic_lvt which)
{
	uint32_t lvt = lapic->lvt[which];
	unsigned mode = which == LVT_TIMER || which == LVT_ERROR ? DELIVER_FIXED : (unsigned)FIELD(lvt, 10, 8);
	bool level = which == LVT_LINT0 && mode == DELIVER_FIXED && (lvt & LVT_LEVEL);

	if ((lvt & LVT_MASKED) || !(lapic->base & APIC_BASE_EN) || (level && (lvt & LVT_REMOTE_IRR)))
		return;
	if (mode != DELIVER_FIXED) {
		deliver_special(lapic, mode);
		return;
	}
	if (level && (lvt & 0xff) >= 16)
		lapic->lvt[which] |= (uint32_t)LVT_REMOTE_IRR;
	lapic_accept(lapic, (uint8_t)lvt, level);
}

bool lapic_extint(const struct lapic *lapic)
{
	uint32_t lvt = lapic->lvt[LVT_LINT0];

	if (!(lapic->base & APIC_BASE_EN)) /* the pin is then INTR itself */
		return true;
	return !(lvt & LVT_MASKED) && FIELD(lvt, 10, 8) == DELIVER_EXTINT;
}

bool lapic_lint0_sensitive(const struct lapic *lapic)
{
	return !(lapic->base & APIC_BASE_EN) || !(lapic->lvt[LVT_LINT0] & LVT_MASKED);
}

void lapic_set_lint0(struct lapic *lapic, bool level)
{
	bool rises = level && !lapic->lint0;
	bool level_triggered = lapic->lvt[LVT_LINT0] & LVT_LEVEL && FIELD(lapic->lvt[LVT_LINT0], 10, 8) == DELIVER_FIXED;

	lapic->lint0 = level;
	if (rises || (level && level_triggered))
		lapic_local_event(lapic, LVT_LINT0);
}

/* SDM 3A, "Determining IPI Destination": is this processor, of ID 0, meant? */
static bool is_destination(const struct lapic *lapic, uint32_t destination, bool logical)
{
	if (lapic_x2apic(lapic)) {
		if (destination == ~0u)
			return true;
		return logical ? destination >> 16 == 0 && (destination & 1) : destination == 0;
	}
	if (destination == 0xff)
		return true;
	if (!logical)
		return destination == 0;
	if (lapic->dfr >> 28 == 0) /* cluster model */
		return destination >> 4 == lapic->ldr >> 28 && (destination & lapic->ldr >> 24 & 15);
	return destination & lapic->ldr >> 24;
}

void lapic_send(struct lapic *lapic)
{
	uint32_t low = (uint32_t)lapic->icr, mode = (uint32_t)FIELD(low, 10, 8);
	uint32_t destination = (uint32_t)(lapic->icr >> (lapic_x2apic(lapic) ? 32 : 56));
	unsigned shorthand = (unsigned)FIELD(low, 19, 18); /* 0 none, 1 self, 2 all, 3 all but self */
	bool reached = shorthand == 0 ? is_destination(lapic, destination, low & BIT(11)) : shorthand != 3;

	if (mode == DELIVER_FIXED || mode == DELIVER_LOWEST) {
		if ((low & 0xff) < 16)
			lapic_error(lapic, ESR_SEND_ILLEGAL);
		else if (reached && (lapic->svr & SVR_ENABLED))
			lapic_accept(lapic, (uint8_t)low, false);
		return;
	}
	/* the shorthands self and all permit fixed only; an INIT level de-assert does nothing on these processors */
	if (shorthand != 0 || !reached || (mode == DELIVER_INIT && (low & BIT(15)) && !(low & BIT(14))))
		return;
	deliver_special(lapic, mode);
}
