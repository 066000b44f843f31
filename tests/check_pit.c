/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 against a model that steps tick by tick, written from the data sheet's timing diagrams: output and count in every mode; and its
 * commands, its interrupt through the PIC to the exact clock, port 61H.
 */
#include "emu/device_pit.h"
#include "tests/bus_fixture.h"

static struct pit pit;

/* The first clock of a tick. */
static uint64_t at(uint64_t tick)
{
	return (uint64_t)(((unsigned __int128)tick * 1000000000 + PIT_HZ - 1) / PIT_HZ);
}

static void program(unsigned counter, unsigned mode, unsigned count, uint64_t tick)
{
	pit_out(&pit, 3, (uint8_t)(counter << 6 | 0x30 | mode << 1), at(tick));
	pit_out(&pit, counter, (uint8_t)count, at(tick));
	pit_out(&pit, counter, (uint8_t)(count >> 8), at(tick));
}

static unsigned latched(unsigned counter, uint64_t tick)
{
	unsigned low;

	pit_out(&pit, 3, (uint8_t)(counter << 6), at(tick));
	low = pit_in(&pit, counter, at(tick));
	return low | (unsigned)pit_in(&pit, counter, at(tick)) << 8;
}

/* A counter that counts: state after each tick. */
struct step {
	unsigned mode, n, count;
	bool out;
	bool done;
};

static void step_load(struct step *s)
{
	s->count = s->mode == 3 ? s->n & ~1u : s->n;
	if (s->mode != 0)
		s->out = true;
}

static void step_tick(struct step *s)
{
	switch (s->mode) {
	case 0:
		s->count--;
		s->out |= (uint16_t)s->count == 0;
		break;
	case 2:
		s->count = s->count == 1 ? s->n : s->count - 1;
		s->out = s->count != 1;
		break;
	case 3: /* by twos; an odd count stays one tick longer at its end while the output is high */
		if (s->count > 2 || (s->count == 2 && s->out && (s->n & 1))) {
			s->count -= 2;
		} else {
			s->out = !s->out;
			s->count = s->n & ~1u;
		}
		break;
	default: /* 4 */
		s->count--;
		s->out = s->done || (uint16_t)s->count != 0;
		s->done |= (uint16_t)s->count == 0;
	}
}

START_TEST(output_and_count_follow_the_data_sheet)
{
	static const unsigned mode[] = {0, 2, 3, 4}, counts[] = {2, 3, 4, 5, 10, 11, 1000, 0};

	for (size_t m = 0; m < ARRAY_LEN(mode); m++)
		for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
			struct step s = {.mode = mode[m], .n = counts[c] ? counts[c] : 65536};
			uint64_t start = 1000 * c + 17, ticks = s.n < 100 ? 100 : s.n > 1000 ? 140000 : 3500;
			pit_reset(&pit);
			program(0, s.mode, counts[c], start);
			step_load(&s);
			for (uint64_t t = 1; t < ticks; t++, step_tick(&s)) {
				if (pit_line(&pit, 0, at(start + t)) != s.out ||
				    (ticks < 5000 && latched(0, start + t) != (uint16_t)s.count))
					ck_abort_msg("mode %u count %u tick %u: output %d, count %u; expected %d, %u", s.mode, s.n,
						     (unsigned)t, pit_line(&pit, 0, at(start + t)), latched(0, start + t), s.out, s.count);
			}
		}
	mark_point();
}
END_TEST

START_TEST(each_rise_is_announced_and_reported_once)
{
	static const struct {
		unsigned mode, count;
		uint64_t first, period; /* in ticks from the load; 0: one only */
	} row[] = {{0, 100, 100, 0}, {2, 100, 100, 100}, {3, 101, 101, 101}, {4, 100, 101, 0}, {2, 2, 2, 2}, {2, 1, 2, 2}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint64_t tick = 51 + row[i].first, now;
		pit_reset(&pit);
		program(0, row[i].mode, row[i].count, 50);
		now = at(50);
		for (unsigned n = 0; n < 1000; n++, tick += row[i].period) {
			uint64_t next = pit_next_rise(&pit, now);
			if (n && !row[i].period) {
				ck_assert_uint_eq(next, ~0ull);
				break;
			}
			ck_assert_msg(next == at(tick), "row %zu rise %u: %llu, expected %llu", i, n, (unsigned long long)next,
				      (unsigned long long)at(tick));
			ck_assert_msg(!pit_rose(&pit, next - 1), "row %zu rise %u came early", i, n);
			ck_assert_msg(pit_rose(&pit, next) && !pit_rose(&pit, next), "row %zu rise %u", i, n);
			now = next;
		}
	}
}
END_TEST

START_TEST(periodic_interrupts_do_not_drift)
{
	uint64_t hours = 24 * 3600ull * 1000000000;

	pit_reset(&pit);
	program(0, 2, 11932, 0); /* 100 Hz, nearly */
	pit_rose(&pit, hours);
	ck_assert_uint_eq(pit_next_rise(&pit, hours), at(1 + (24 * 3600 * PIT_HZ - 1) / 11932 * 11932 + 11932));
}
END_TEST

START_TEST(new_count_of_a_running_rate_generator_waits_for_the_period)
{
	pit_reset(&pit);
	program(0, 2, 100, 0);
	ck_assert(!pit_rose(&pit, at(50)));
	pit_out(&pit, 0, 10, at(50));
	pit_out(&pit, 0, 0, at(50));
	ck_assert_uint_eq(pit_next_rise(&pit, at(60)), at(101));
	ck_assert(pit_rose(&pit, at(101)));
	ck_assert_uint_eq(pit_next_rise(&pit, at(101)), at(111));
	ck_assert_uint_eq(latched(0, 105), 6);
}
END_TEST

START_TEST(latch_holds_until_both_bytes_are_read)
{
	pit_reset(&pit);
	program(0, 0, 0x1234, 0);
	pit_out(&pit, 3, 0x00, at(5));
	pit_out(&pit, 3, 0x00, at(50)); /* a second latch is ignored */
	ck_assert_uint_eq(pit_in(&pit, 0, at(60)), 0x30);
	ck_assert_uint_eq(pit_in(&pit, 0, at(70)), 0x12);
	ck_assert_uint_eq(latched(0, 101), 0x1234 - 100);
}
END_TEST

START_TEST(read_back_gives_status_then_count)
{
	pit_reset(&pit);
	program(2, 3, 100, 0);
	pit_port61_out(&pit, 1, at(0));
	pit_out(&pit, 3, 0xc8, at(10));
	ck_assert_uint_eq(pit_in(&pit, 2, at(10)), 0x80 | 0x30 | 3 << 1);
	ck_assert_uint_eq(pit_in(&pit, 2, at(10)), 100 - 2 * 9);
	ck_assert_uint_eq(pit_in(&pit, 2, at(10)), 0);
	pit_out(&pit, 3, 0xb0, at(20)); /* mode 0: output low, null count until one is written */
	pit_out(&pit, 3, 0xe8, at(20));
	ck_assert_uint_eq(pit_in(&pit, 2, at(20)), 0x40 | 0x30);
}
END_TEST

START_TEST(bcd_counts_in_decimal)
{
	pit_reset(&pit);
	pit_out(&pit, 3, 0x31, at(0));
	pit_out(&pit, 0, 0x00, at(0));
	pit_out(&pit, 0, 0x10, at(0));
	ck_assert_uint_eq(latched(0, 2), 0x0999);
	ck_assert(!pit_line(&pit, 0, at(1000)));
	ck_assert(pit_line(&pit, 0, at(1001)));
	ck_assert_uint_eq(latched(0, 1002), 0x9999);
}
END_TEST

START_TEST(one_byte_access_modes_set_the_other_byte_to_zero)
{
	pit_reset(&pit);
	pit_out(&pit, 3, 0x10, at(0));
	pit_out(&pit, 0, 0x40, at(0));
	ck_assert_uint_eq(pit_in(&pit, 0, at(1)), 0x40);
	ck_assert_uint_eq(pit_in(&pit, 0, at(2)), 0x3f);
	pit_out(&pit, 3, 0x20, at(10));
	pit_out(&pit, 0, 0x02, at(10));
	ck_assert_uint_eq(pit_in(&pit, 0, at(11)), 0x02);
	ck_assert_uint_eq(pit_in(&pit, 0, at(12)), 0x01);
}
END_TEST

START_TEST(gate_of_counter_2_holds_and_restarts)
{
	pit_reset(&pit);
	pit_port61_out(&pit, 1, at(0));
	program(2, 0, 100, 0);
	pit_port61_out(&pit, 0, at(41));
	ck_assert_uint_eq(latched(2, 90), 60);
	pit_port61_out(&pit, 3, at(1000));
	ck_assert_uint_eq(latched(2, 1001), 59);
	ck_assert_uint_eq(pit_port61_in(&pit, at(1059)) & 0x23, 0x03);
	ck_assert_uint_eq(pit_port61_in(&pit, at(1060)) & 0x23, 0x23);
	program(2, 1, 50, 2000); /* one-shot: waits for the gate to rise */
	ck_assert_uint_eq(pit_port61_in(&pit, at(2100)) & 0x20, 0x20);
	pit_port61_out(&pit, 0, at(2200));
	pit_port61_out(&pit, 1, at(2200));
	ck_assert_uint_eq(pit_port61_in(&pit, at(2202)) & 0x20, 0);
	ck_assert_uint_eq(pit_port61_in(&pit, at(2250)) & 0x20, 0);
	ck_assert_uint_eq(pit_port61_in(&pit, at(2251)) & 0x20, 0x20);
}
END_TEST

START_TEST(refresh_bit_toggles_every_15_microseconds)
{
	pit_reset(&pit);
	ck_assert_uint_eq(pit_port61_in(&pit, 15084) & 0x10, 0);
	ck_assert_uint_eq(pit_port61_in(&pit, 15085) & 0x10, 0x10);
	ck_assert_uint_eq(pit_port61_in(&pit, 30170) & 0x10, 0);
}
END_TEST

START_TEST(interrupt_0_reaches_the_processor_to_the_clock)
{
	struct bus *bus = bus_setup();

	bus_firmware_state(bus);
	out8(0x43, 0x34);
	out8(0x40, 1000 & 0xff);
	out8(0x40, 1000 >> 8);
	for (unsigned n = 1; n < 50; n++) {
		ck_assert_uint_eq(run_to_interrupt(bus), at(1 + n * 1000));
		ck_assert_uint_eq(bus_acknowledge(bus), 8);
		ck_assert(!bus_interrupt_pending(bus));
		out8(0x20, 0x20);
	}
	bus_teardown();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("pit");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, output_and_count_follow_the_data_sheet);
	tcase_add_test(tc, each_rise_is_announced_and_reported_once);
	tcase_add_test(tc, periodic_interrupts_do_not_drift);
	tcase_add_test(tc, new_count_of_a_running_rate_generator_waits_for_the_period);
	tcase_add_test(tc, latch_holds_until_both_bytes_are_read);
	tcase_add_test(tc, read_back_gives_status_then_count);
	tcase_add_test(tc, bcd_counts_in_decimal);
	tcase_add_test(tc, one_byte_access_modes_set_the_other_byte_to_zero);
	tcase_add_test(tc, gate_of_counter_2_holds_and_restarts);
	tcase_add_test(tc, refresh_bit_toggles_every_15_microseconds);
	tcase_add_test(tc, interrupt_0_reaches_the_processor_to_the_clock);
	suite_add_tcase(suite, tc);
}
TEST_MAIN("pit", add_cases)
