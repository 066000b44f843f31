/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus: routing of ports and memory, the single-register ports, fw_cfg, CMOS, keyboard controller; hostile accesses. */
#include "tests/bus_fixture.h"

START_TEST(unassigned_ports_read_all_ones)
{
	static const uint16_t port[] = {0x00, 0x1f0, 0x2f8, 0x3c0, 0x608, 0xb008, 0xfffe};
	struct bus *bus = bus_setup();

	for (size_t i = 0; i < ARRAY_LEN(port); i++) {
		bus_out(bus, port[i], 4, 0);
		ck_assert_msg(bus_in(bus, port[i], 1) == 0xff && bus_in(bus, port[i], 2) == 0xffff && bus_in(bus, port[i], 4) == ~0u,
			      "port %#x", port[i]);
	}
	bus_teardown();
}
END_TEST

START_TEST(unassigned_memory_and_io_apic_read_all_ones)
{
	static const uint64_t addr[] = {0xfec00000, 0xfec00010, 0xd0000000, APIC_PAGE + 0x1000, 1ull << 45};

	bus_setup();
	for (size_t i = 0; i < ARRAY_LEN(addr); i++)
		for (unsigned size = 1; size <= 8; size *= 2) {
			fixture_mem.devices.write(fixture_mem.devices.ctx, HPA(addr[i]), 0, size);
			ck_assert_uint_eq(fixture_mem.devices.read(fixture_mem.devices.ctx, HPA(addr[i]), size), ~0ull >> (64 - 8 * size));
		}
	bus_teardown();
}
END_TEST

START_TEST(debug_port_reads_its_number_and_writes_to_the_console)
{
	struct bus *bus = bus_setup();

	ck_assert_uint_eq(in8(0xe9), 0xe9);
	for (const char *s = "hello\n"; *s; s++)
		out8(0xe9, (uint8_t)*s);
	ck_assert_str_eq(bus->console->capture, "hello\n");
	bus_teardown();
}
END_TEST

START_TEST(exit_port_gives_value_times_two_plus_one)
{
	static const struct {
		unsigned size;
		uint32_t value;
		int status;
	} row[] = {{1, 0, 1}, {1, 0x10, 33}, {2, 0x100, 513}, {4, 3, 7}, {1, 0xff, 511}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct bus *bus = bus_setup();
		ck_assert(!bus->exit_requested);
		bus_out(bus, 0xf4, row[i].size, row[i].value);
		ck_assert_msg(bus->exit_requested && bus->exit_status == row[i].status, "row %zu: %d", i, bus->exit_status);
		bus_teardown();
	}
}
END_TEST

static bool shutdown_by(const char *text)
{
	struct bus *bus = bus_setup();

	for (; *text; text++)
		out8(0x8900, (uint8_t)*text);
	bool ended = bus->exit_requested && bus->exit_status == 0;
	bus_teardown();
	return ended;
}

START_TEST(the_word_shutdown_at_port_8900_ends_the_run)
{
	ck_assert(shutdown_by("Shutdown"));
	ck_assert(shutdown_by("ShutShutdown"));
	ck_assert(shutdown_by("SShutdown"));
	ck_assert(!shutdown_by("Shutdow"));
	ck_assert(!shutdown_by("Shut down"));
	ck_assert(!shutdown_by("shutdown"));
}
END_TEST

START_TEST(resets_end_the_run)
{
	static const uint16_t row[][2] = {{0x64, 0xfe}, {0x92, 0x01}, {0xcf9, 0x06}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct bus *bus = bus_setup();
		out8(row[i][0], row[i][1]);
		ck_assert_msg(bus->exit_requested, "row %zu", i);
		bus_teardown();
	}
}
END_TEST

START_TEST(pci_configuration_space_is_empty)
{
	struct bus *bus = bus_setup();

	bus_out(bus, 0xcf8, 4, 0x80001004);
	ck_assert_uint_eq(bus_in(bus, 0xcf8, 4), 0x80001004);
	ck_assert_uint_eq(bus_in(bus, 0xcfc, 4), 0xffffffff);
	ck_assert_uint_eq(bus_in(bus, 0xcfe, 2), 0xffff);
	bus_teardown();
}
END_TEST

static uint64_t fwcfg_item(struct bus *bus, uint16_t key, unsigned size)
{
	uint64_t value = 0;

	bus_out(bus, 0x510, 2, key);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)in8(0x511) << (8 * i);
	return value;
}

START_TEST(fw_cfg_tells_signature_memory_and_one_processor)
{
	static const struct {
		uint16_t key;
		unsigned size;
		uint64_t value;
	} row[] = {{0, 4, 0x554d4551}, {1, 4, 1}, {3, 8, 128 << 20}, {5, 2, 1}, {0xf, 2, 1}, {0x19, 4, 0}, {5, 4, 1}, {0x7777, 4, 0}};
	struct bus *bus = bus_setup();

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		ck_assert_msg(fwcfg_item(bus, row[i].key, row[i].size) == row[i].value, "row %zu", i);
	bus_teardown();
}
END_TEST

static unsigned cmos(unsigned index)
{
	out8(0x70, index);
	return in8(0x71);
}

START_TEST(cmos_date_follows_the_clock)
{
	static const struct {
		uint64_t second;
		uint8_t bcd[8]; /* century, year, month, day, weekday, hour, minute, second */
	} row[] = {
	    {0, {0x20, 0x24, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00}},
	    {59 * 86400 + 86399, {0x20, 0x24, 0x02, 0x29, 0x05, 0x23, 0x59, 0x59}},
	    {60 * 86400 + 13 * 3600 + 125, {0x20, 0x24, 0x03, 0x01, 0x06, 0x13, 0x02, 0x05}},
	    {366 * 86400, {0x20, 0x25, 0x01, 0x01, 0x04, 0x00, 0x00, 0x00}},
	};
	static const uint8_t reg[8] = {0x32, 9, 8, 7, 6, 4, 2, 0};

	bus_setup();
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		fixture_clock = row[i].second * CLOCK_HZ;
		for (unsigned r = 0; r < 8; r++)
			ck_assert_msg(cmos(reg[r]) == row[i].bcd[r], "row %zu register %u: %#x", i, reg[r], cmos(reg[r]));
	}
	ck_assert_uint_eq(cmos(0x0a), 0x26);
	fixture_clock += CLOCK_HZ - 1000;
	ck_assert_uint_eq(cmos(0x0a), 0xa6);
	out8(0x70, 0x0b);
	out8(0x71, 0x04); /* binary, 12 hours */
	fixture_clock = 13 * 3600 * CLOCK_HZ;
	ck_assert_uint_eq(cmos(4), 0x81);
	fixture_clock = 0;
	ck_assert_uint_eq(cmos(4), 12);
	bus_teardown();
}
END_TEST

START_TEST(cmos_tells_the_memory_size)
{
	bus_setup();
	ck_assert_uint_eq(cmos(0x15) | cmos(0x16) << 8, 640);
	ck_assert_uint_eq(cmos(0x30) | cmos(0x31) << 8, 0xffff);
	ck_assert_uint_eq(cmos(0x34) | cmos(0x35) << 8, (112 << 20) >> 16);
	ck_assert_uint_eq(cmos(0x5b) | cmos(0x5c) << 8, 0);
	bus_teardown();
}
END_TEST

START_TEST(keyboard_controller_is_idle_and_passes_its_self_test)
{
	bus_setup();
	ck_assert_uint_eq(in8(0x64) & 3, 0);
	out8(0x64, 0xaa);
	ck_assert_uint_eq(in8(0x64) & 3, 1);
	ck_assert_uint_eq(in8(0x60), 0x55);
	ck_assert_uint_eq(in8(0x64) & 3, 0);
	out8(0x64, 0xd0);
	ck_assert_uint_eq(in8(0x60) & 3, 3);
	out8(0x64, 0x60);
	out8(0x60, 0x41);
	out8(0x64, 0x20);
	ck_assert_uint_eq(in8(0x60), 0x41);
	bus_teardown();
}
END_TEST

START_TEST(wide_access_to_byte_ports_is_split)
{
	struct bus *bus = bus_setup();

	bus_out(bus, 0x20, 2, 0xfb0a); /* OCW3, mask */
	ck_assert_uint_eq(in8(0x21), 0xfb);
	ck_assert_uint_eq(bus_in(bus, 0x91, 4) >> 8 & 0xff, 0x02);
	bus_teardown();
}
END_TEST

START_TEST(firmware_state_lets_the_pit_interrupt_through_lint0)
{
	struct bus *bus = bus_setup();
	uint64_t at;

	ck_assert_uint_eq(run_to_interrupt(bus), ~0ull);
	bus_firmware_state(bus);
	at = run_to_interrupt(bus);
	ck_assert_uint_ge(at, 65536 * 1000000000ull / 1193182);
	ck_assert_uint_le(at, 65538 * 1000000000ull / 1193182);
	ck_assert_uint_eq(bus_acknowledge(bus), 8);
	bus_teardown();
}
END_TEST

static uint64_t random_state;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint16_t random_port(void)
{
	static const uint16_t base[] = {0x20, 0xa0, 0x40, 0x60, 0x64, 0x70, 0x80, 0x92, 0xe9, 0xf4, 0x3f8, 0x4d0, 0x510, 0xcf8, 0x8900};

	if (random64() % 8 == 0)
		return (uint16_t)random64();
	return (uint16_t)(base[random64() % ARRAY_LEN(base)] + random64() % 8);
}

/* One access of a hostile guest, or a jump of the clock. */
static void hostile_step(struct bus *bus)
{
	unsigned size = 1u << random64() % 3;
	uint64_t value = random64() >> random64() % 64, scratch;
	hpa_t addr = HPA(APIC_PAGE + (random64() & 0xfff) % (4097 - 8));

	switch (random64() % 9) {
	case 0:
		bus_in(bus, random_port(), size);
		break;
	case 1:
	case 2:
		bus_out(bus, random_port(), size, (uint32_t)value);
		break;
	case 3:
		fixture_mem.devices.read(fixture_mem.devices.ctx, addr, 1u << random64() % 4);
		break;
	case 4:
		fixture_mem.devices.write(fixture_mem.devices.ctx, HPA(addr.u & ~15ull), value, 1u << random64() % 4);
		break;
	case 5:
		bus_rdmsr(bus, 0x800 + (uint32_t)random64() % 0x100, &scratch);
		bus_wrmsr(bus, random64() % 4 ? 0x800 + (uint32_t)random64() % 0x40 : 0x6e0, value);
		break;
	case 6:
		bus_wrmsr(bus, 0x1b, APIC_PAGE | 0x100 | (random64() & 0xc00));
		bus_set_tpr(bus, (uint8_t)random64());
		break;
	case 7:
		if (random64() % 4 == 0)
			bus_acknowledge(bus);
		break;
	default:
		fixture_clock += random64() >> (random64() % 1000 ? 30 + random64() % 34 : 8);
	}
}

/* From any state, going from event to event makes progress and never claims an event in the present or past. */
START_TEST(random_accesses_leave_next_event_in_the_future)
{
	static const char input[] = "some input, again and again\n";
	FILE *file = tmpfile();
	struct bus *bus;

	for (int i = 0; i < 1000; i++)
		fputs(input, file);
	rewind(file);
	random_state = 0x9e3779b97f4a7c15ull + (uint64_t)_i;
	bus = bus_setup_input(fileno(file));
	for (unsigned i = 0; i < 250000; i++) {
		hostile_step(bus);
		ck_assert_msg(bus_next_event(bus) > fixture_clock, "step %u", i);
		if (random64() % 64 == 0)
			fixture_clock = bus_next_event(bus) == ~0ull ? fixture_clock : bus_next_event(bus);
		if (fixture_clock > 1ull << 60)
			fixture_clock = 0, bus_teardown(), bus = bus_setup_input(fileno(file));
	}
	bus_teardown();
	fclose(file);
}
END_TEST

/* The same accesses at the same clocks give the same values, whether or not somebody asks for events in between. */
START_TEST(asking_for_events_changes_nothing)
{
	uint64_t sum[2] = {0, 0};

	for (unsigned run = 0; run < 2; run++) {
		struct bus *bus = bus_setup();
		random_state = 88172645463325252ull;
		bus_firmware_state(bus);
		for (unsigned i = 0; i < 20000; i++) {
			uint16_t port = random_port();
			bus_out(bus, random_port(), 1, (uint32_t)random64());
			fixture_clock += random64() % 100000;
			for (uint64_t t = fixture_clock; run && bus_next_event(bus) < t + 5000;) { /* step through all events on the way */
				fixture_clock = bus_next_event(bus);
				bus_interrupt_pending(bus);
			}
			fixture_clock = (fixture_clock / 1000000 + 1) * 1000000;
			sum[run] = sum[run] * 31 + bus_in(bus, port, 1) + (bus_interrupt_pending(bus) ? 7 : 0);
		}
		bus_teardown();
	}
	ck_assert_uint_eq(sum[0], sum[1]);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *ports = tcase_create("ports"), *hostile = tcase_create("hostile");

	tcase_add_test(ports, unassigned_ports_read_all_ones);
	tcase_add_test(ports, unassigned_memory_and_io_apic_read_all_ones);
	tcase_add_test(ports, debug_port_reads_its_number_and_writes_to_the_console);
	tcase_add_test(ports, exit_port_gives_value_times_two_plus_one);
	tcase_add_test(ports, the_word_shutdown_at_port_8900_ends_the_run);
	tcase_add_test(ports, resets_end_the_run);
	tcase_add_test(ports, pci_configuration_space_is_empty);
	tcase_add_test(ports, fw_cfg_tells_signature_memory_and_one_processor);
	tcase_add_test(ports, cmos_date_follows_the_clock);
	tcase_add_test(ports, cmos_tells_the_memory_size);
	tcase_add_test(ports, keyboard_controller_is_idle_and_passes_its_self_test);
	tcase_add_test(ports, wide_access_to_byte_ports_is_split);
	tcase_add_test(ports, firmware_state_lets_the_pit_interrupt_through_lint0);
	suite_add_tcase(suite, ports);
	tcase_set_timeout(hostile, 60);
	tcase_add_loop_test(hostile, random_accesses_leave_next_event_in_the_future, 0, 4);
	tcase_add_test(hostile, asking_for_events_changes_nothing);
	suite_add_tcase(suite, hostile);
}
TEST_MAIN("bus", add_cases)
