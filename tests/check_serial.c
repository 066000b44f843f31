/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM1: registers, FIFO, loopback, the interrupt sources; the console's input and captured output. */
#include "tests/bus_fixture.h"

#include "emu/device_pic.h"

#include <stdio.h>
#include <unistd.h>

enum {
	COM = 0x3f8,
	IER = COM + 1,
	IIR = COM + 2,
	FCR = COM + 2,
	LCR = COM + 3,
	MCR = COM + 4,
	LSR = COM + 5,
	MSR = COM + 6,
	SCR = COM + 7
};

static struct bus *bus;
static FILE *file;

static void open_input(const char *text)
{
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	rewind(file);
	bus = bus_setup_input(fileno(file));
}

static void close_input(void)
{
	bus_teardown();
	fclose(file);
}

static bool irq4(void)
{
	bus_interrupt_pending(bus);
	return bus->pic->chip[0].lines & 0x10;
}

START_TEST(output_goes_to_the_console_at_once)
{
	bus = bus_setup();
	for (const char *s = "out\n"; *s; s++) {
		ck_assert_uint_eq(in8(LSR) & 0x60, 0x60);
		out8(COM, (uint8_t)*s);
	}
	ck_assert_str_eq(fixture_console.capture, "out\n");
	ck_assert_uint_eq(fixture_console.written, 4);
	bus_teardown();
}
END_TEST

START_TEST(captured_output_stops_at_its_maximum)
{
	struct console c;

	ck_assert_int_eq(console_init(&c, NULL, -1, 1000), 0);
	for (unsigned i = 0; i < 3000; i++)
		console_put(&c, (uint8_t)('a' + i % 26));
	ck_assert_uint_eq(c.captured, 1000);
	ck_assert_uint_eq(c.written, 3000);
	ck_assert_uint_eq(strlen(c.capture), 1000);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(c.capture[i], 'a' + i % 26);
	console_free(&c);
}
END_TEST

START_TEST(registers_hold_their_writable_bits)
{
	static const struct {
		uint16_t port;
		uint8_t write, read;
	} row[] = {{IER, 0xff, 0x0f}, {IER, 0, 0}, {LCR, 0x1b, 0x1b}, {MCR, 0xff, 0x1f}, {MCR, 0, 0}, {SCR, 0xa5, 0xa5}, {SCR, 0x5a, 0x5a}};

	bus = bus_setup();
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		out8(row[i].port, row[i].write);
		ck_assert_msg(in8(row[i].port) == row[i].read, "row %zu: %#x", i, in8(row[i].port));
	}
	bus_teardown();
}
END_TEST

START_TEST(divisor_latch_hides_data_and_ier)
{
	bus = bus_setup();
	out8(IER, 0x05);
	out8(LCR, 0x83);
	out8(COM, 0x01);
	out8(IER, 0xc2);
	ck_assert_uint_eq(in8(COM), 0x01);
	ck_assert_uint_eq(in8(IER), 0xc2);
	out8(LCR, 0x03);
	ck_assert_uint_eq(in8(IER), 0x05);
	ck_assert_uint_eq(fixture_console.written, 0);
	bus_teardown();
}
END_TEST

START_TEST(input_is_read_byte_by_byte_until_its_end)
{
	open_input("xyz");
	for (const char *s = "xyz"; *s; s++) {
		ck_assert_uint_eq(in8(LSR) & 1, 1);
		ck_assert_uint_eq(in8(COM), (uint8_t)*s);
	}
	ck_assert_uint_eq(in8(LSR) & 1, 0);
	ck_assert(!console_open(&fixture_console));
	close_input();
}
END_TEST

START_TEST(carrier_is_lost_when_the_last_input_was_read)
{
	open_input("x");
	ck_assert_uint_eq(in8(MSR), 0xb0);
	ck_assert_uint_eq(in8(LSR) & 1, 1);
	ck_assert_uint_eq(in8(MSR), 0xb0);
	ck_assert_uint_eq(in8(COM), 'x');
	ck_assert_uint_eq(in8(LSR) & 1, 0);
	ck_assert_uint_eq(in8(MSR), 0x38); /* DCD is off, and has changed */
	ck_assert_uint_eq(in8(MSR), 0x30);
	close_input();
}
END_TEST

START_TEST(without_input_there_is_no_carrier)
{
	bus = bus_setup();
	ck_assert_uint_eq(in8(LSR) & 1, 0);
	ck_assert_uint_eq(in8(MSR) & 0xf0, 0x30);
	bus_teardown();
}
END_TEST

START_TEST(received_data_interrupt_without_fifo)
{
	open_input("ab");
	ck_assert(!irq4());
	out8(IER, 1);
	ck_assert(irq4());
	ck_assert_uint_eq(in8(IIR), 0x04);
	ck_assert_uint_eq(in8(COM), 'a');
	ck_assert_uint_eq(in8(IIR), 0x04); /* the next byte is there already */
	ck_assert_uint_eq(in8(COM), 'b');
	ck_assert_uint_eq(in8(IIR), 0x01);
	ck_assert(!irq4());
	close_input();
}
END_TEST

START_TEST(fifo_interrupts_at_its_trigger_level)
{
	static const struct {
		uint8_t fcr, level;
	} row[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		open_input("0123456789abcdef");
		out8(FCR, row[i].fcr);
		out8(IER, 1);
		for (unsigned left = 16; left >= row[i].level; left--) {
			ck_assert_msg(in8(IIR) == 0xc4, "row %zu left %u: %#x", i, left, in8(IIR));
			in8(COM);
		}
		ck_assert_msg(in8(IIR) == 0xc1, "row %zu: %#x", i, in8(IIR));
		close_input();
	}
}
END_TEST

START_TEST(fifo_below_trigger_times_out_after_four_characters)
{
	uint64_t four = 4 * 10 * 12 * 1000000000ull / 115200; /* 10 bits a character, divisor 12 */

	open_input("ab");
	fixture_clock = 1000;
	out8(LCR, 0x03);
	out8(FCR, 0xc1);
	out8(IER, 1);
	ck_assert_uint_eq(in8(IIR), 0xc1);
	out8(0x21, 0); /* the PIC lets line 4 through to LINT0 */
	apic_out(0xf0, 0x1ff);
	apic_out(0x350, 0x700);
	ck_assert_uint_eq(bus_next_event(bus), 1000 + four);
	fixture_clock = 1000 + four - 1;
	ck_assert(!irq4());
	fixture_clock++;
	ck_assert(irq4());
	ck_assert_uint_eq(in8(IIR), 0xcc);
	ck_assert_uint_eq(in8(COM), 'a'); /* reading starts the time again */
	ck_assert_uint_eq(in8(IIR), 0xc1);
	close_input();
}
END_TEST

START_TEST(transmitter_interrupt_clears_when_identified)
{
	bus = bus_setup();
	out8(IER, 2);
	ck_assert(irq4());
	ck_assert_uint_eq(in8(IIR), 0x02);
	ck_assert_uint_eq(in8(IIR), 0x01);
	ck_assert(!irq4());
	out8(COM, 'x');
	ck_assert_uint_eq(in8(IIR), 0x02);
	out8(COM, 'y');
	out8(IER, 0);
	ck_assert(!irq4());
	out8(IER, 2);
	ck_assert(irq4());
	bus_teardown();
}
END_TEST

START_TEST(loopback_receives_what_is_sent)
{
	bus = bus_setup();
	out8(FCR, 0xc7);
	out8(MCR, 0x10);
	for (unsigned i = 0; i < 16; i++)
		out8(COM, 0x30 + i);
	ck_assert_uint_eq(fixture_console.written, 0);
	ck_assert_uint_eq(in8(LSR), 0x61);
	out8(COM, 'x'); /* one too many */
	ck_assert_uint_eq(in8(LSR), 0x63);
	ck_assert_uint_eq(in8(LSR), 0x61);
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_eq(in8(COM), 0x30 + i);
	ck_assert_uint_eq(in8(LSR), 0x60);
	bus_teardown();
}
END_TEST

START_TEST(overrun_without_fifo_loses_the_old_byte)
{
	bus = bus_setup();
	out8(IER, 5);
	out8(MCR, 0x10);
	out8(COM, 'a');
	out8(COM, 'b');
	ck_assert_uint_eq(in8(IIR), 0x06);
	ck_assert_uint_eq(in8(LSR), 0x63);
	ck_assert_uint_eq(in8(IIR), 0x04);
	ck_assert_uint_eq(in8(COM), 'b');
	ck_assert_uint_eq(in8(LSR), 0x60);
	bus_teardown();
}
END_TEST

START_TEST(loopback_turns_modem_control_into_modem_status)
{
	static const struct {
		uint8_t mcr, msr;
	} row[] = {{0x10, 0x0b}, {0x11, 0x22}, {0x12, 0x13}, {0x1f, 0xfa}, {0x1b, 0xb4}, {0x1b, 0xb0}};

	open_input("x"); /* somebody is there */
	ck_assert_uint_eq(in8(MSR), 0xb0);
	out8(IER, 8);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint8_t msr;
		out8(MCR, row[i].mcr);
		ck_assert_uint_eq(in8(IIR), row[i].msr & 15 ? 0x00 : 0x01);
		msr = in8(MSR);
		ck_assert_msg(msr == row[i].msr, "row %zu: %#x", i, msr);
		ck_assert_uint_eq(in8(IIR), 0x01);
	}
	close_input();
}
END_TEST

START_TEST(pipe_input_is_asked_for_once_a_millisecond)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	bus = bus_setup_input(fd[0]);
	ck_assert_uint_eq(in8(LSR) & 1, 0);
	ck_assert_int_eq(write(fd[1], "q", 1), 1);
	fixture_clock = 999999;
	ck_assert_uint_eq(in8(LSR) & 1, 0);
	fixture_clock = 1000000;
	ck_assert_uint_eq(in8(LSR) & 1, 1);
	ck_assert_uint_eq(in8(COM), 'q');
	out8(0x21, 0);
	apic_out(0xf0, 0x1ff);
	apic_out(0x350, 0x700);
	out8(IER, 1);
	ck_assert_uint_eq(bus_next_event(bus), 2000000);
	ck_assert(bus_awaits_input(bus));
	close(fd[1]);
	fixture_clock = 2000000;
	ck_assert_uint_eq(bus_next_event(bus), ~0ull);
	ck_assert(!bus_awaits_input(bus));
	bus_teardown();
	close(fd[0]);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("serial");

	tcase_add_test(tc, output_goes_to_the_console_at_once);
	tcase_add_test(tc, captured_output_stops_at_its_maximum);
	tcase_add_test(tc, registers_hold_their_writable_bits);
	tcase_add_test(tc, divisor_latch_hides_data_and_ier);
	tcase_add_test(tc, input_is_read_byte_by_byte_until_its_end);
	tcase_add_test(tc, carrier_is_lost_when_the_last_input_was_read);
	tcase_add_test(tc, without_input_there_is_no_carrier);
	tcase_add_test(tc, received_data_interrupt_without_fifo);
	tcase_add_test(tc, fifo_interrupts_at_its_trigger_level);
	tcase_add_test(tc, fifo_below_trigger_times_out_after_four_characters);
	tcase_add_test(tc, transmitter_interrupt_clears_when_identified);
	tcase_add_test(tc, loopback_receives_what_is_sent);
	tcase_add_test(tc, overrun_without_fifo_loses_the_old_byte);
	tcase_add_test(tc, loopback_turns_modem_control_into_modem_status);
	tcase_add_test(tc, pipe_input_is_asked_for_once_a_millisecond);
	suite_add_tcase(suite, tc);
}
TEST_MAIN("serial", add_cases)
