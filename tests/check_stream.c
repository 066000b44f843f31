/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream port: blocks of output to their streams, input only as far as it is asked for, waiting; and the tape, for several readers. */
#include "emu/device_stream.h"
#include "tests/bus_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct bus *bus;
static int end[2];

static void command(unsigned what, uint32_t count)
{
	bus_out(bus, STREAM_COMMAND, 4, what << 24 | count);
}

static uint32_t status(void)
{
	return bus_in(bus, STREAM_COMMAND, 4);
}

static void data_out(const char *four)
{
	uint32_t word;

	memcpy(&word, four, 4);
	bus_out(bus, STREAM_PORT, 4, word);
}

static void is_input(const char *text)
{
	size_t n = strlen(text);

	ck_assert_uint_eq(status() & 0xffffff, n);
	for (size_t i = 0; i < n; i += 4) {
		uint32_t word = bus_in(bus, STREAM_PORT, 4);
		ck_assert_mem_eq(&word, text + i, n - i < 4 ? n - i : 4);
	}
}

static void open_pipe(const char *text)
{
	ck_assert_int_eq(pipe(end), 0);
	ck_assert_int_eq((int)write(end[1], text, strlen(text)), (int)strlen(text));
	bus = bus_setup_input(end[0]);
}

START_TEST(a_block_is_written_when_it_is_complete)
{
	bus = bus_setup();
	command(STREAM_OUTPUT, 6);
	data_out("abcd");
	ck_assert_uint_eq(fixture_console.written, 0);
	data_out("ef?!");
	ck_assert_str_eq(fixture_console.capture, "abcdef");
	data_out("more");
	ck_assert_uint_eq(fixture_console.written, 6);
	bus_teardown();
}
END_TEST

START_TEST(a_block_larger_than_the_buffer_loses_nothing)
{
	bus = bus_setup();
	command(STREAM_OUTPUT, STREAM_BLOCK + 5);
	for (unsigned i = 0; i < STREAM_BLOCK / 4 + 2; i++)
		data_out(i % 2 ? "wxyz" : "abcd");
	ck_assert_uint_eq(fixture_console.captured, STREAM_BLOCK + 5);
	ck_assert_mem_eq(fixture_console.capture + STREAM_BLOCK - 4, "wxyzabcdw", 9);
	bus_teardown();
}
END_TEST

START_TEST(standard_error_has_its_own_stream_and_keeps_the_order)
{
	char text[32] = "";
	FILE *file = tmpfile();

	bus = bus_setup();
	fixture_console.out = file;
	fixture_console.err = fdopen(dup(fileno(file)), "a");
	setvbuf(fixture_console.err, NULL, _IONBF, 0);
	command(STREAM_OUTPUT, 4);
	data_out("one ");
	command(STREAM_ERROR, 4);
	data_out("two ");
	command(STREAM_OUTPUT, 4);
	data_out("tri ");
	console_flush(&fixture_console);
	ck_assert_int_eq((int)pread(fileno(file), text, sizeof text - 1, 0), 12);
	ck_assert_str_eq(text, "one two tri ");
	fclose(fixture_console.err);
	bus_teardown();
	fclose(file);
}
END_TEST

START_TEST(no_more_is_taken_from_the_host_than_was_asked_for)
{
	char left[8] = "";

	open_pipe("abcdefghi");
	command(STREAM_INPUT, 5);
	is_input("abcde");
	ck_assert_int_eq((int)read(end[0], left, 7), 4);
	ck_assert_str_eq(left, "fghi");
	bus_teardown();
}
END_TEST

START_TEST(no_input_yet_is_not_the_end)
{
	open_pipe("");
	command(STREAM_INPUT, 5);
	ck_assert_uint_eq(status(), 0);
	ck_assert(bus_awaits_input(bus));
	ck_assert_int_eq((int)write(end[1], "x", 1), 1);
	command(STREAM_INPUT, 0);
	ck_assert_uint_eq(status(), STREAM_READY);
	ck_assert(!bus_awaits_input(bus));
	command(STREAM_INPUT, 5);
	is_input("x");
	close(end[1]);
	command(STREAM_INPUT, 5);
	ck_assert_uint_eq(status(), STREAM_END);
	ck_assert(!bus_awaits_input(bus));
	bus_teardown();
}
END_TEST

START_TEST(without_input_it_is_at_its_end)
{
	bus = bus_setup();
	ck_assert_uint_eq(status(), 0);
	command(STREAM_INPUT, 5);
	ck_assert_uint_eq(status(), STREAM_END);
	command(STREAM_WAIT, 5);
	ck_assert_uint_eq(status(), STREAM_END);
	bus_teardown();
}
END_TEST

static void *write_later(void *unused)
{
	usleep(50000);
	if (write(end[1], "late", 4) != 4)
		return end;
	return unused;
}

START_TEST(waiting_takes_no_time_of_the_model)
{
	pthread_t thread;

	open_pipe("");
	ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);
	command(STREAM_WAIT, 9);
	is_input("late");
	ck_assert_uint_eq(fixture_clock, 0);
	pthread_join(thread, NULL);
	bus_teardown();
}
END_TEST

START_TEST(a_stop_ends_the_waiting)
{
	static const volatile int stop = 1;

	open_pipe("");
	fixture_console.stop = &stop;
	command(STREAM_WAIT, 9);
	ck_assert_uint_eq(status(), 0);
	bus_teardown();
}
END_TEST

START_TEST(a_tape_gives_each_reader_the_same)
{
	struct console_tape tape = {0};

	for (unsigned reader = 0; reader < 3; reader++) {
		if (reader)
			bus = bus_setup_input(end[0]);
		else
			open_pipe("abc");
		tape.fd = end[0];
		console_play(&fixture_console, &tape);
		if (!reader)
			ck_assert_int_eq((int)write(end[1], "def", 3), 3);
		command(STREAM_INPUT, reader == 1 ? 4 : 2);
		is_input(reader == 1 ? "abcd" : "ab");
		command(STREAM_INPUT, 0);
		ck_assert_uint_eq(status(), STREAM_READY);
		if (!reader)
			close(end[1]);
		command(STREAM_INPUT, 9);
		is_input(reader == 1 ? "ef" : "cdef");
		command(STREAM_INPUT, 9);
		ck_assert_uint_eq(status(), STREAM_END);
		bus_teardown();
	}
	console_tape_free(&tape);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("stream");

	tcase_add_test(tc, a_block_is_written_when_it_is_complete);
	tcase_add_test(tc, a_block_larger_than_the_buffer_loses_nothing);
	tcase_add_test(tc, standard_error_has_its_own_stream_and_keeps_the_order);
	tcase_add_test(tc, no_more_is_taken_from_the_host_than_was_asked_for);
	tcase_add_test(tc, no_input_yet_is_not_the_end);
	tcase_add_test(tc, without_input_it_is_at_its_end);
	tcase_add_test(tc, waiting_takes_no_time_of_the_model);
	tcase_add_test(tc, a_stop_ends_the_waiting);
	tcase_add_test(tc, a_tape_gives_each_reader_the_same);
	suite_add_tcase(suite, tc);
}
TEST_MAIN("stream", add_cases)
