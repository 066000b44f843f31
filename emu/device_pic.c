/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8259A pair: initialization words ICW1-ICW4, operation words OCW1-OCW3, priorities with rotation, the three kinds of EOI,
 * special mask and special fully nested mode, poll.
 * CHOICE: an edge stays requested when its line falls again before it is acknowledged, as in chipsets (the first 8259A made it spurious).
 * LIMIT: ICW1.LTIM is ignored, as chipsets with ELCR do; 8080 mode, buffered mode and other cascades than a PC's do not exist.
 */
#include "emu/device_pic.h"

#include <string.h>

enum { CASCADE = 2, NONE = 8 };

static const uint8_t elcr_writable[2] = {0xf8, 0xde};

void pic_reset(struct pic *pic)
{
	memset(pic, 0, sizeof *pic);
	for (unsigned i = 0; i < 2; i++)
		pic->chip[i].imr = 0xff; /* the data sheet leaves it open: nothing comes before initialization */
}

/* The input with the highest priority in a set, or NONE. */
static unsigned first_of(const struct pic_chip *c, uint8_t set)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = (c->highest + i) % 8;
		if (set >> n & 1)
			return n;
	}
	return NONE;
}

static unsigned rank(const struct pic_chip *c, unsigned input)
{
	return input == NONE ? NONE : (input - c->highest) & 7;
}

/* The input to be served next: unmasked, of higher priority than what is in service; NONE if there is none. */
static unsigned chip_next(const struct pic_chip *c, uint8_t irr, bool slave_again)
{
	uint8_t wanted = irr & (uint8_t)~c->imr, busy = c->isr;

	if (!wanted)
		return NONE;
	unsigned n = first_of(c, wanted);
	if (c->special_mask)
		busy &= (uint8_t)~c->imr; /* masked inputs in service block nobody */
	if (slave_again && c->fully_nested_special)
		busy &= (uint8_t)~BIT(CASCADE); /* a further request of the slave passes */
	if (c->special_mask && (c->isr >> n & 1))
		return NONE;
	return rank(c, n) < rank(c, first_of(c, busy)) ? n : NONE;
}

static unsigned slave_next(const struct pic *pic)
{
	return chip_next(&pic->chip[1], pic->chip[1].irr, false);
}

static unsigned master_next(const struct pic *pic)
{
	bool slave = slave_next(pic) != NONE;

	return chip_next(&pic->chip[0], (uint8_t)(pic->chip[0].irr | (slave ? BIT(CASCADE) : 0)), slave);
}

bool pic_pending(const struct pic *pic)
{
	return master_next(pic) != NONE;
}

/* An input's request goes into service. */
static void chip_serve(struct pic_chip *c, unsigned input)
{
	uint8_t bit = (uint8_t)BIT(input);

	if (!(c->elcr & bit))
		c->irr &= (uint8_t)~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_on_auto_eoi)
		c->highest = (uint8_t)((input + 1) % 8);
}

static uint8_t chip_acknowledge(struct pic_chip *c, unsigned input)
{
	if (input == NONE)
		return (uint8_t)(c->base + 7); /* spurious */
	chip_serve(c, input);
	return (uint8_t)(c->base + input);
}

uint8_t pic_acknowledge(struct pic *pic)
{
	unsigned n = master_next(pic), s = slave_next(pic);
	uint8_t vector = chip_acknowledge(&pic->chip[0], n);

	return n == CASCADE ? chip_acknowledge(&pic->chip[1], s) : vector;
}

void pic_set_line(struct pic *pic, unsigned irq, bool level)
{
	struct pic_chip *c = &pic->chip[irq >> 3 & 1];
	uint8_t bit = (uint8_t)BIT(irq & 7);
	bool rises = level && !(c->lines & bit);

	c->lines = (uint8_t)(level ? c->lines | bit : c->lines & ~bit);
	if (c->elcr & bit)
		c->irr = (uint8_t)((c->irr & ~bit) | (c->lines & bit));
	else if (rises)
		c->irr |= bit;
}

bool pic_sensitive(const struct pic *pic, unsigned irq)
{
	const struct pic_chip *c = &pic->chip[irq >> 3 & 1];
	bool through = irq < 8 || !(pic->chip[0].imr & BIT(CASCADE));

	return through && !((c->imr | c->irr) >> (irq & 7) & 1);
}

/* OCW2: rotate, specific, EOI in bits 7:5. */
static void ocw2(struct pic_chip *c, uint8_t value)
{
	bool rotate = value & 0x80, specific = value & 0x40, eoi = value & 0x20;
	unsigned n = value & 7u;

	if (!eoi && !specific) {
		c->rotate_on_auto_eoi = rotate;
		return;
	}
	if (!eoi && !rotate) /* no operation */
		return;
	if (eoi && !specific)
		n = first_of(c, c->special_mask ? c->isr & (uint8_t)~c->imr : c->isr);
	if (n == NONE)
		return;
	if (eoi)
		c->isr &= (uint8_t)~BIT(n);
	if (rotate)
		c->highest = (uint8_t)((n + 1) % 8);
}

static void ocw3(struct pic_chip *c, uint8_t value)
{
	if (value & 0x04)
		c->poll = true;
	if (value & 0x02)
		c->read_isr = value & 0x01;
	if (value & 0x40)
		c->special_mask = value & 0x20;
}

/* ICW1 starts initialization: edge latches and mask cleared, input 7 lowest, IRR selected for reading. */
static void icw1(struct pic_chip *c, uint8_t value)
{
	struct pic_chip fresh = {.lines = c->lines, .elcr = c->elcr, .base = c->base, .icw = 2};

	fresh.icw4_needed = value & 0x01;
	fresh.single = value & 0x02;
	fresh.irr = c->lines & c->elcr;
	*c = fresh;
}

static void icw2_to_4(struct pic_chip *c, uint8_t value)
{
	switch (c->icw) {
	case 2:
		c->base = value & 0xf8;
		c->icw = c->single ? (c->icw4_needed ? 4 : 0) : 3;
		break;
	case 3: /* the cascade is wired as it is */
		c->icw = c->icw4_needed ? 4 : 0;
		break;
	default:
		c->auto_eoi = value & 0x02;
		c->fully_nested_special = value & 0x10;
		c->icw = 0;
	}
}

void pic_out(struct pic *pic, uint16_t port, uint8_t value)
{
	struct pic_chip *c = &pic->chip[port >> 7 & 1];

	if (!(port & 1)) {
		if (value & 0x10)
			icw1(c, value);
		else if (value & 0x08)
			ocw3(c, value);
		else
			ocw2(c, value);
	} else if (c->icw) {
		icw2_to_4(c, value);
	} else {
		c->imr = value;
	}
}

/* The poll command takes the place of the acknowledge cycle: the next read gives bit 7 and the input. */
static uint8_t poll_in(struct pic *pic, unsigned which)
{
	unsigned n = which ? slave_next(pic) : master_next(pic);

	pic->chip[which].poll = false;
	if (n == NONE)
		return 0;
	chip_serve(&pic->chip[which], n);
	return (uint8_t)(0x80 | n);
}

uint8_t pic_in(struct pic *pic, uint16_t port)
{
	unsigned which = port >> 7 & 1u;
	const struct pic_chip *c = &pic->chip[which];

	if (c->poll)
		return poll_in(pic, which);
	if (port & 1)
		return c->imr;
	if (c->read_isr)
		return c->isr;
	return (uint8_t)(c->irr | (which == 0 && slave_next(pic) != NONE ? BIT(CASCADE) : 0));
}

uint8_t pic_elcr_in(const struct pic *pic, uint16_t port)
{
	return pic->chip[port & 1].elcr;
}

void pic_elcr_out(struct pic *pic, uint16_t port, uint8_t value)
{
	struct pic_chip *c = &pic->chip[port & 1];

	c->elcr = value & elcr_writable[port & 1];
	c->irr = (uint8_t)((c->irr & ~c->elcr) | (c->lines & c->elcr));
}
