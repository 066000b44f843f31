/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CMOS: the date and time as a function of model time, in BCD or binary, 24 or 12 hours as register B says; the bytes in which
 * firmware notes the memory size.
 * LIMIT: the clock cannot be set, and raises no interrupt (register C reads 0).
 */
#include "emu/device_cmos.h"

#include <string.h>

enum { SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH, YEAR, REG_A, REG_B, REG_C, REG_D };
enum { CENTURY = 0x32 };

#define A_UIP 0x80 /* update in progress */
#define B_BINARY 0x04
#define B_24H 0x02

static const uint64_t second = 1000000000ull;
static const uint64_t update_time = 244000; /* UIP precedes the update by 244 us */
static const uint64_t epoch_days = 19723;   /* 2024-01-01 in days since 1970-01-01 */

static void set16(struct cmos *cmos, unsigned at, uint64_t value)
{
	cmos->ram[at] = (uint8_t)value;
	cmos->ram[at + 1] = (uint8_t)(value >> 8);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void cmos_reset(struct cmos *cmos, uint64_t ram_size)
{
	uint64_t low = min64(ram_size, 0xc0000000ull), high = ram_size - low;
	uint64_t extended = low > BIT(20) ? min64((low - BIT(20)) >> 10, 0xffff) : 0;

	memset(cmos, 0, sizeof *cmos);
	cmos->ram[REG_A] = 0x26;
	cmos->ram[REG_B] = B_24H;
	cmos->ram[REG_D] = 0x80; /* valid */
	set16(cmos, 0x15, min64(low >> 10, 640));
	set16(cmos, 0x17, extended);
	set16(cmos, 0x30, extended);
	set16(cmos, 0x34, low > 16 * BIT(20) ? min64((low - 16 * BIT(20)) >> 16, 0xffff) : 0);
	set16(cmos, 0x5b, high >> 16);
	cmos->ram[0x5d] = (uint8_t)(high >> 32);
}

void cmos_select(struct cmos *cmos, uint8_t index)
{
	cmos->index = index & 0x7f; /* bit 7 would mask NMI */
}

static uint8_t digits(const struct cmos *cmos, unsigned n)
{
	return (uint8_t)(cmos->ram[REG_B] & B_BINARY ? n : n / 10 * 16 + n % 10);
}

static uint8_t hours(const struct cmos *cmos, unsigned h)
{
	if (cmos->ram[REG_B] & B_24H)
		return digits(cmos, h);
	return (uint8_t)(digits(cmos, h % 12 ? h % 12 : 12) | (h >= 12 ? 0x80 : 0));
}

struct date {
	unsigned year, month, day;
};

/* The Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin on March 1. */
static struct date civil(uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

	return (struct date){(unsigned)(yoe + era * 400) + (month <= 2), month, (unsigned)(doy - (153 * mp + 2) / 5 + 1)};
}

uint8_t cmos_read(const struct cmos *cmos, uint64_t now)
{
	uint64_t seconds = now / second, days = epoch_days + seconds / 86400;
	struct date date = civil(days);

	switch (cmos->index) {
	case SECONDS:
		return digits(cmos, (unsigned)(seconds % 60));
	case MINUTES:
		return digits(cmos, (unsigned)(seconds / 60 % 60));
	case HOURS:
		return hours(cmos, (unsigned)(seconds / 3600 % 24));
	case WEEKDAY: /* 1 is Sunday; 1970-01-01 was a Thursday */
		return digits(cmos, (unsigned)((days + 4) % 7 + 1));
	case DAY:
		return digits(cmos, date.day);
	case MONTH:
		return digits(cmos, date.month);
	case YEAR:
		return digits(cmos, date.year % 100);
	case CENTURY:
		return digits(cmos, date.year / 100 % 100);
	case REG_A:
		return (uint8_t)(cmos->ram[REG_A] | (second - now % second <= update_time ? A_UIP : 0));
	default:
		return cmos->ram[cmos->index];
	}
}

void cmos_write(struct cmos *cmos, uint8_t value)
{
	if (cmos->index == REG_C || cmos->index == REG_D)
		return;
	cmos->ram[cmos->index] = cmos->index == REG_A ? value & 0x7f : value;
}
