/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC: registers of both modes, state transitions, priorities, IPIs, local vector table, the timer to the cycle.
 */
#include "emu/device_lapic.h"
#include "emu/device_pic.h"
#include "tests/bus_fixture.h"

static struct bus *bus;

static void setup(void)
{
	bus = bus_setup();
	apic_out(APIC_SVR, 0x1ff);
}

static bool write_msr(uint32_t msr, uint64_t value)
{
	return bus_wrmsr(bus, msr, value);
}

static uint64_t read_msr(uint32_t msr)
{
	uint64_t value = 0;

	ck_assert_msg(bus_rdmsr(bus, msr, &value), "MSR %#x", msr);
	return value;
}

static void x2apic(void)
{
	ck_assert(write_msr(MSR_APIC_BASE, APIC_PAGE | APIC_BASE_BSP | APIC_BASE_EN | APIC_BASE_EXTD));
}

static void self_ipi(unsigned vector)
{
	apic_out(APIC_ICR, 0x40000 | vector);
}

static void eoi(void)
{
	apic_out(APIC_EOI, 0);
}

START_TEST(reset_state_is_the_sdms)
{
	static const struct {
		unsigned offset;
		uint32_t value;
	} row[] = {{APIC_ID, 0},
		   {APIC_VERSION, 0x50014},
		   {APIC_TPR, 0},
		   {APIC_PPR, 0},
		   {APIC_LDR, 0},
		   {APIC_DFR, ~0u},
		   {APIC_SVR, 0xff},
		   {APIC_ESR, 0},
		   {APIC_ICR, 0},
		   {0x310, 0},
		   {0x320, 0x10000},
		   {0x330, 0x10000},
		   {0x340, 0x10000},
		   {0x350, 0x10000},
		   {0x360, 0x10000},
		   {0x370, 0x10000},
		   {APIC_TIMER_INITIAL, 0},
		   {APIC_TIMER_CURRENT, 0},
		   {APIC_DIVIDE, 0},
		   {0x100, 0},
		   {0x1f0, 0},
		   {0x270, 0}};

	bus_teardown();
	bus = bus_setup();
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		ck_assert_msg(apic_in(row[i].offset) == row[i].value, "%#x: %#x", row[i].offset, apic_in(row[i].offset));
	ck_assert_uint_eq(read_msr(MSR_APIC_BASE), 0xfee00900);
	ck_assert(!bus_interrupt_pending(bus));
}
END_TEST

START_TEST(xapic_registers_keep_their_writable_bits)
{
	static const struct {
		unsigned offset;
		uint32_t value;
	} row[] = {{APIC_TPR, 0xff}, {APIC_LDR, 0xff000000}, {APIC_DFR, ~0u},  {APIC_SVR, 0x3ff},      {0x310, 0xff000000},
		   {0x330, 0x107ff}, {0x340, 0x107ff},	     {0x350, 0x1a7ff}, {0x360, 0x1a7ff},       {0x370, 0x100ff},
		   {0x320, 0x700ff}, {APIC_DIVIDE, 0xb},     {APIC_ID, 0},     {APIC_VERSION, 0x50014}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		apic_out(row[i].offset, ~0u);
		ck_assert_msg(apic_in(row[i].offset) == row[i].value, "%#x: %#x", row[i].offset, apic_in(row[i].offset));
	}
	apic_out(APIC_DFR, 0);
	ck_assert_uint_eq(apic_in(APIC_DFR), 0x0fffffff);
}
END_TEST

START_TEST(narrow_reads_see_part_and_narrow_writes_are_dropped)
{
	struct mem_devices *d = &fixture_mem.devices;

	ck_assert_uint_eq(d->read(d->ctx, HPA(APIC_PAGE + APIC_VERSION), 1), 0x14);
	ck_assert_uint_eq(d->read(d->ctx, HPA(APIC_PAGE + APIC_VERSION + 2), 1), 0x05);
	ck_assert_uint_eq(d->read(d->ctx, HPA(APIC_PAGE + APIC_VERSION), 8), 0x50014);
	ck_assert_uint_eq(d->read(d->ctx, HPA(APIC_PAGE + APIC_VERSION + 8), 8), 0);
	d->write(d->ctx, HPA(APIC_PAGE + APIC_TPR), 0x50, 1);
	d->write(d->ctx, HPA(APIC_PAGE + APIC_TPR + 4), 0x50, 4);
	ck_assert_uint_eq(apic_in(APIC_TPR), 0);
}
END_TEST

START_TEST(self_ipi_goes_through_irr_isr_and_eoi)
{
	for (unsigned vector = 16; vector < 256; vector++) {
		unsigned reg = vector / 32 * 16;
		uint32_t bit = (uint32_t)BIT(vector % 32);
		self_ipi(vector);
		ck_assert_uint_eq(apic_in(APIC_IRR + reg), bit);
		ck_assert(bus_interrupt_pending(bus));
		ck_assert_uint_eq(bus_acknowledge(bus), vector);
		ck_assert_uint_eq(apic_in(APIC_IRR + reg), 0);
		ck_assert_uint_eq(apic_in(APIC_ISR + reg), bit);
		ck_assert_uint_eq(apic_in(APIC_PPR), vector & 0xf0);
		ck_assert(!bus_interrupt_pending(bus));
		eoi();
		ck_assert_uint_eq(apic_in(APIC_ISR + reg), 0);
	}
}
END_TEST

/* SDM: delivered if the vector's class is above that of the PPR, which is the higher of TPR and in-service class */
START_TEST(priority_classes_decide_what_is_pending)
{
	for (unsigned tpr = 0; tpr < 16; tpr++)
		for (unsigned served = 1; served < 16; served++)
			for (unsigned next = 1; next < 16; next++) {
				bus_teardown();
				setup();
				self_ipi(served * 16 + 5);
				ck_assert_uint_eq(bus_acknowledge(bus), served * 16 + 5);
				bus_set_tpr(bus, (uint8_t)tpr);
				self_ipi(next * 16 + 15);
				ck_assert_uint_eq(bus_tpr(bus), tpr);
				ck_assert_uint_eq(apic_in(APIC_PPR), (tpr >= served ? tpr : served) * 16);
				ck_assert_msg(bus_interrupt_pending(bus) == (next > tpr && next > served), "%u %u %u", tpr, served, next);
			}
}
END_TEST

START_TEST(acknowledge_without_request_gives_the_spurious_vector)
{
	apic_out(APIC_SVR, 0x1ee);
	self_ipi(0x30);
	bus_set_tpr(bus, 15);
	ck_assert_uint_eq(bus_acknowledge(bus), 0xee);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(apic_in(APIC_ISR + 16 * i), 0);
	bus_set_tpr(bus, 0);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x30);
}
END_TEST

START_TEST(software_disable_masks_the_lvt_and_refuses_ipis)
{
	apic_out(0x320, 0x40);
	apic_out(APIC_SVR, 0xff);
	ck_assert_uint_eq(apic_in(0x320), 0x10040);
	apic_out(0x320, 0x41);
	ck_assert_uint_eq(apic_in(0x320), 0x10041);
	self_ipi(0x50);
	ck_assert(!bus_interrupt_pending(bus));
	apic_out(APIC_SVR, 0x1ff);
	ck_assert_uint_eq(apic_in(0x320), 0x10041);
}
END_TEST

/* which IPIs reach this processor: ID 0; LDR 01H in the flat model, cluster 2 member 1 in the cluster model */
START_TEST(ipi_destinations)
{
	static const struct {
		uint32_t high, low, dfr, ldr;
		bool reached;
	} row[] = {
	    {0x00000000, 0x00055, ~0u, 0, true},
	    {0x01000000, 0x00055, ~0u, 0, false},
	    {0xff000000, 0x00055, ~0u, 0, true},
	    {0x01000000, 0x00855, ~0u, 0x01000000, true},
	    {0x03000000, 0x00955, ~0u, 0x01000000, true},
	    {0x02000000, 0x00855, ~0u, 0x01000000, false},
	    {0xff000000, 0x00855, ~0u, 0, true},
	    {0x21000000, 0x00855, 0x0fffffff, 0x21000000, true},
	    {0x23000000, 0x00855, 0x0fffffff, 0x21000000, true},
	    {0x22000000, 0x00855, 0x0fffffff, 0x21000000, false},
	    {0x11000000, 0x00855, 0x0fffffff, 0x21000000, false},
	    {0x05000000, 0x40055, ~0u, 0, true},
	    {0x05000000, 0x80055, ~0u, 0, true},
	    {0x00000000, 0xc0055, ~0u, 0, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bus_teardown();
		setup();
		apic_out(APIC_DFR, row[i].dfr);
		apic_out(APIC_LDR, row[i].ldr);
		apic_out(APIC_ICR_HIGH, row[i].high);
		apic_out(APIC_ICR, row[i].low);
		ck_assert_msg(bus_interrupt_pending(bus) == row[i].reached, "row %zu", i);
		ck_assert_uint_eq(apic_in(APIC_ICR), row[i].low);
	}
}
END_TEST

START_TEST(nmi_and_init_reach_the_processor_and_sipi_is_lost)
{
	apic_out(APIC_ICR_HIGH, 0);
	apic_out(APIC_ICR, 0x400);
	ck_assert(bus_take_nmi(bus) && !bus_take_nmi(bus));
	apic_out(APIC_ICR, 0x4500);
	ck_assert(bus_take_init(bus) && !bus_take_init(bus));
	apic_out(APIC_ICR, 0x8500);  /* level de-assert */
	apic_out(APIC_ICR, 0x4608);  /* SIPI */
	apic_out(APIC_ICR, 0xc4500); /* INIT to all but self */
	apic_out(APIC_ICR, 0xc4608);
	apic_out(APIC_ICR_HIGH, 0x05000000);
	apic_out(APIC_ICR, 0x4500); /* to an absent processor */
	apic_out(APIC_ICR, 0x400);
	ck_assert(!bus_take_nmi(bus) && !bus_take_init(bus) && !bus_interrupt_pending(bus));
	ck_assert_uint_eq(apic_in(APIC_ESR), 0);
}
END_TEST

START_TEST(illegal_vectors_and_registers_are_errors)
{
	apic_out(0x370, 0x99);
	self_ipi(5);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x99);
	eoi();
	ck_assert_uint_eq(apic_in(APIC_ESR), 0);
	apic_out(APIC_ESR, 0);
	ck_assert_uint_eq(apic_in(APIC_ESR), ESR_SEND_ILLEGAL);
	ck_assert_uint_eq(apic_in(0x40), 0);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x99);
	eoi();
	apic_out(0x320, 0x0f); /* a timer interrupt with vector 15 */
	apic_out(APIC_TIMER_INITIAL, 1);
	fixture_clock += 10;
	ck_assert(bus_interrupt_pending(bus));
	apic_out(APIC_ESR, 0);
	ck_assert_uint_eq(apic_in(APIC_ESR), ESR_ILLEGAL_REGISTER | ESR_RECEIVE_ILLEGAL);
	apic_out(APIC_ESR, 0);
	ck_assert_uint_eq(apic_in(APIC_ESR), 0);
}
END_TEST

START_TEST(apic_base_transitions)
{
	enum { OFF = 0, X = 0x800, X2 = 0xc00, BAD = 0x400 };
	static const unsigned state[] = {OFF, X, X2}, target[] = {OFF, X, X2, BAD};
	static const bool ok[3][4] = {{true, true, false, false}, {true, true, true, false}, {true, false, true, false}};

	for (unsigned s = 0; s < 3; s++)
		for (unsigned t = 0; t < 4; t++) {
			bus_teardown();
			setup();
			ck_assert(write_msr(MSR_APIC_BASE, APIC_PAGE | state[s]));
			ck_assert_msg(write_msr(MSR_APIC_BASE, APIC_PAGE | target[t]) == ok[s][t], "%#x to %#x", state[s], target[t]);
			ck_assert_uint_eq(read_msr(MSR_APIC_BASE), APIC_PAGE | (ok[s][t] ? target[t] : state[s]));
		}
	for (unsigned bit = 0; bit < 64; bit++) {
		bool reserved = bit < 8 || bit == 9 || bit >= 46;
		bus_teardown();
		setup();
		if (reserved)
			ck_assert_msg(!write_msr(MSR_APIC_BASE, 0xfee00900 ^ BIT(bit)), "bit %u", bit);
	}
}
END_TEST

START_TEST(disabled_apic_forgets_and_leaves_its_page)
{
	apic_out(APIC_TPR, 0x30);
	ck_assert(write_msr(MSR_APIC_BASE, APIC_PAGE | APIC_BASE_BSP));
	ck_assert_uint_eq(apic_in(APIC_VERSION), ~0u);
	ck_assert(write_msr(MSR_APIC_BASE, 0xfed40000 | APIC_BASE_BSP | APIC_BASE_EN));
	ck_assert_uint_eq(apic_in(APIC_VERSION), ~0u);
	ck_assert_uint_eq(fixture_mem.devices.read(fixture_mem.devices.ctx, HPA(0xfed40000 + APIC_VERSION), 4), 0x50014);
	ck_assert_uint_eq(fixture_mem.devices.read(fixture_mem.devices.ctx, HPA(0xfed40000 + APIC_TPR), 4), 0);
}
END_TEST

/* for each x2APIC register: may it be read; the bits that may be written; 1 << 63 set: no write at all */
#define NO_WRITE BIT(63)
static const struct {
	uint32_t msr;
	bool read;
	uint64_t write;
} x2_register[] = {
    {0x802, true, NO_WRITE}, {0x803, true, NO_WRITE}, {0x808, true, 0xff},     {0x80a, true, NO_WRITE}, {0x80b, false, 0},
    {0x80d, true, NO_WRITE}, {0x80f, true, 0x3ff},    {0x810, true, NO_WRITE}, {0x81f, true, NO_WRITE}, {0x827, true, NO_WRITE},
    {0x828, true, 0},	     {0x832, true, 0x710ff},  {0x833, true, 0x117ff},  {0x834, true, 0x117ff},	{0x835, true, 0x1f7ff},
    {0x836, true, 0x1f7ff},  {0x837, true, 0x110ff},  {0x838, true, ~0u},      {0x839, true, NO_WRITE}, {0x83e, true, 0xb},
    {0x83f, false, 0xff},
};

START_TEST(x2apic_reserved_bits_and_absent_registers_fault)
{
	x2apic();
	for (uint32_t msr = 0x800; msr < 0x900; msr++) {
		bool read = false;
		uint64_t write = NO_WRITE, value;
		if (msr == 0x830)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(x2_register); i++)
			if (x2_register[i].msr == msr || (x2_register[i].msr == 0x810 && msr > 0x810 && msr < 0x828)) {
				read = x2_register[i].read;
				write = x2_register[i].write;
				break;
			}
		ck_assert_msg(bus_rdmsr(bus, msr, &value) == read, "read of %#x", msr);
		ck_assert_msg(write_msr(msr, 0) == !(write & NO_WRITE), "write of %#x", msr);
		for (unsigned bit = 0; bit < 64; bit++)
			ck_assert_msg(write_msr(msr, BIT(bit)) == (!(write & NO_WRITE) && (write >> bit & 1)), "bit %u of %#x", bit, msr);
	}
}
END_TEST

START_TEST(x2apic_registers_fault_in_xapic_mode)
{
	uint64_t value;

	for (uint32_t msr = 0x800; msr < 0x900; msr++)
		ck_assert_msg(!bus_rdmsr(bus, msr, &value) && !write_msr(msr, 0), "%#x", msr);
}
END_TEST

START_TEST(x2apic_icr_is_one_register_of_64_bits)
{
	static const struct {
		uint64_t icr;
		bool ok, reached;
	} row[] = {
	    {0x55, true, true},		{0x100000055, true, false},	{0xffffffff00000055, true, true}, {0x100000855, true, true},
	    {0x200000855, true, false}, {0x1000100000855, true, false}, {0xff00000055, true, false},	  {0x40055, true, true},
	    {0xc0055, true, false},	{0x2055, false, false},		{0x10055, false, false},	  {0x100055, false, false},
	    {0x1055, true, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bus_teardown();
		setup();
		x2apic();
		ck_assert_msg(write_msr(0x830, row[i].icr) == row[i].ok, "row %zu", i);
		ck_assert_msg(bus_interrupt_pending(bus) == row[i].reached, "row %zu", i);
		ck_assert_msg(!row[i].ok || read_msr(0x830) == (row[i].icr & ~0x1000ull), "row %zu", i);
	}
}
END_TEST

START_TEST(x2apic_identity_self_ipi_and_eoi)
{
	x2apic();
	ck_assert_uint_eq(apic_in(APIC_VERSION), ~0u); /* the page is gone */
	ck_assert_uint_eq(read_msr(0x802), 0);
	ck_assert_uint_eq(read_msr(0x80d), 1);
	ck_assert(write_msr(0x83f, 0x71));
	ck_assert_uint_eq(read_msr(0x823), BIT(0x71 % 32));
	ck_assert_uint_eq(bus_acknowledge(bus), 0x71);
	ck_assert(write_msr(0x80b, 0) && read_msr(0x813) == 0);
}
END_TEST

START_TEST(timer_divisors)
{
	static const struct {
		uint8_t code, divisor;
	} row[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint64_t start = fixture_clock + 13, d = row[i].divisor;
		fixture_clock = start;
		apic_out(APIC_DIVIDE, row[i].code);
		apic_out(0x320, 0x40);
		apic_out(APIC_TIMER_INITIAL, 1000);
		ck_assert_uint_eq(bus_next_event(bus), start + 1000 * d);
		for (uint64_t t = 0; t <= 1001 * d; t += d > 4 ? d / 4 : 1) {
			fixture_clock = start + t;
			ck_assert_uint_eq(apic_in(APIC_TIMER_CURRENT), t >= 1000 * d ? 0 : 1000 - t / d);
			ck_assert_msg(bus_interrupt_pending(bus) == (t >= 1000 * d), "divisor %u at %u", (unsigned)d, (unsigned)t);
		}
		ck_assert_uint_eq(bus_acknowledge(bus), 0x40);
		eoi();
		ck_assert_uint_eq(bus_next_event(bus), ~0ull);
	}
}
END_TEST

START_TEST(periodic_timer_does_not_drift_however_late_it_is_served)
{
	uint64_t start = fixture_clock = 777;

	apic_out(APIC_DIVIDE, 11);
	apic_out(0x320, 0x20040);
	apic_out(APIC_TIMER_INITIAL, 1001);
	for (uint64_t n = 1; n < 500; n++) {
		ck_assert_uint_eq(run_to_interrupt(bus), start + n * 1001);
		fixture_clock += n % 1000; /* late */
		ck_assert_uint_eq(bus_acknowledge(bus), 0x40);
		eoi();
		ck_assert_uint_eq(apic_in(APIC_TIMER_CURRENT), 1001 - n % 1000);
	}
	fixture_clock = start + 1001 * 1000000000ull + 1; /* millions of periods missed are one interrupt */
	ck_assert(bus_interrupt_pending(bus));
	bus_acknowledge(bus);
	eoi();
	ck_assert(!bus_interrupt_pending(bus));
	ck_assert_uint_eq(bus_next_event(bus), start + 1001 * 1000000001ull);
	apic_out(APIC_TIMER_INITIAL, 0); /* stops it */
	ck_assert_uint_eq(bus_next_event(bus), ~0ull);
}
END_TEST

START_TEST(masked_timer_counts_without_interrupt)
{
	apic_out(APIC_DIVIDE, 11);
	apic_out(0x320, 0x10040);
	apic_out(APIC_TIMER_INITIAL, 100);
	ck_assert_uint_eq(bus_next_event(bus), ~0ull);
	fixture_clock = 60;
	ck_assert_uint_eq(apic_in(APIC_TIMER_CURRENT), 40);
	apic_out(0x320, 0x40);
	ck_assert_uint_eq(bus_next_event(bus), 100);
	apic_out(APIC_DIVIDE, 0); /* the remaining 40 now take 80 */
	ck_assert_uint_eq(apic_in(APIC_TIMER_CURRENT), 40);
	ck_assert_uint_eq(bus_next_event(bus), 140);
}
END_TEST

START_TEST(tsc_deadline_fires_once_at_its_clock)
{
	ck_assert(write_msr(MSR_TSC_DEADLINE, 500)); /* ignored in other modes */
	ck_assert_uint_eq(read_msr(MSR_TSC_DEADLINE), 0);
	apic_out(0x320, 0x40041);
	apic_out(APIC_TIMER_INITIAL, 100); /* ignored in this one */
	ck_assert_uint_eq(bus_next_event(bus), ~0ull);
	ck_assert(write_msr(MSR_TSC_DEADLINE, 12345));
	ck_assert_uint_eq(read_msr(MSR_TSC_DEADLINE), 12345);
	ck_assert_uint_eq(run_to_interrupt(bus), 12345);
	ck_assert_uint_eq(read_msr(MSR_TSC_DEADLINE), 0);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x41);
	eoi();
	ck_assert(write_msr(MSR_TSC_DEADLINE, 5)); /* past: at once */
	ck_assert(bus_interrupt_pending(bus));
	bus_acknowledge(bus);
	eoi();
	ck_assert(write_msr(MSR_TSC_DEADLINE, 99999));
	ck_assert(write_msr(MSR_TSC_DEADLINE, 0)); /* disarms */
	ck_assert_uint_eq(bus_next_event(bus), ~0ull);
	ck_assert(write_msr(MSR_TSC_DEADLINE, 99999));
	apic_out(0x320, 0x41); /* so does a change of mode */
	apic_out(0x320, 0x40041);
	ck_assert_uint_eq(read_msr(MSR_TSC_DEADLINE), 0);
}
END_TEST

static void open_pic(void)
{
	static const uint16_t out[][2] = {{0x20, 0x11}, {0x21, 0x08}, {0x21, 4}, {0x21, 1}, {0x21, 0xef}};

	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		out8(out[i][0], out[i][1]);
	out8(0x3f9, 2); /* COM1's transmitter raises line 4 */
}

/* how the PIC's output reaches the processor: LINT0's entry, or the pin itself with the APIC off */
START_TEST(pic_reaches_the_processor_as_lint0_says)
{
	static const struct {
		uint32_t lint0;
		bool pending;
		uint8_t vector;
		bool nmi;
	} row[] = {
	    {0x10700, false, 0, false},	  {0x00700, true, 0x0c, false}, {0x08700, true, 0x0c, false},
	    {0x00042, true, 0x42, false}, {0x08042, true, 0x42, false}, {0x00400, false, 0, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bus_teardown();
		setup();
		apic_out(0x350, row[i].lint0);
		open_pic();
		ck_assert_msg(bus_interrupt_pending(bus) == row[i].pending, "row %zu", i);
		ck_assert_msg(bus_take_nmi(bus) == row[i].nmi, "row %zu", i);
		if (row[i].pending)
			ck_assert_msg(bus_acknowledge(bus) == row[i].vector, "row %zu", i);
	}
	bus_teardown();
	setup();
	ck_assert(write_msr(MSR_APIC_BASE, APIC_PAGE | APIC_BASE_BSP));
	open_pic();
	ck_assert(bus_interrupt_pending(bus));
	ck_assert_uint_eq(bus_acknowledge(bus), 0x0c);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x0f); /* the PIC's own spurious vector */
}
END_TEST

START_TEST(level_triggered_lint0_comes_again_after_eoi)
{
	apic_out(0x350, 0x8042);
	open_pic();
	ck_assert_uint_eq(bus_acknowledge(bus), 0x42);
	ck_assert_uint_eq(apic_in(0x350), 0xc042); /* remote IRR */
	ck_assert_uint_eq(apic_in(APIC_TMR + 0x20), 4);
	ck_assert(!bus_interrupt_pending(bus));
	eoi();
	ck_assert_uint_eq(bus_acknowledge(bus), 0x42);
	out8(0x21, 0xff);
	eoi();
	ck_assert(!bus_interrupt_pending(bus));
}
END_TEST

START_TEST(fixed_interrupts_come_before_extint)
{
	apic_out(0x350, 0x700);
	open_pic();
	self_ipi(0x31);
	ck_assert_uint_eq(bus_acknowledge(bus), 0x31);
	ck_assert(bus_interrupt_pending(bus)); /* an ExtINT has no priority class */
	ck_assert_uint_eq(bus_acknowledge(bus), 0x0c);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *regs = tcase_create("registers"), *ints = tcase_create("interrupts"), *timer = tcase_create("timer");

	tcase_add_checked_fixture(regs, setup, bus_teardown);
	tcase_add_test(regs, reset_state_is_the_sdms);
	tcase_add_test(regs, xapic_registers_keep_their_writable_bits);
	tcase_add_test(regs, narrow_reads_see_part_and_narrow_writes_are_dropped);
	tcase_add_test(regs, apic_base_transitions);
	tcase_add_test(regs, disabled_apic_forgets_and_leaves_its_page);
	tcase_add_test(regs, x2apic_reserved_bits_and_absent_registers_fault);
	tcase_add_test(regs, x2apic_registers_fault_in_xapic_mode);
	tcase_add_test(regs, x2apic_icr_is_one_register_of_64_bits);
	suite_add_tcase(suite, regs);
	tcase_add_checked_fixture(ints, setup, bus_teardown);
	tcase_add_test(ints, self_ipi_goes_through_irr_isr_and_eoi);
	tcase_add_test(ints, priority_classes_decide_what_is_pending);
	tcase_add_test(ints, acknowledge_without_request_gives_the_spurious_vector);
	tcase_add_test(ints, software_disable_masks_the_lvt_and_refuses_ipis);
	tcase_add_test(ints, ipi_destinations);
	tcase_add_test(ints, nmi_and_init_reach_the_processor_and_sipi_is_lost);
	tcase_add_test(ints, illegal_vectors_and_registers_are_errors);
	tcase_add_test(ints, x2apic_identity_self_ipi_and_eoi);
	tcase_add_test(ints, pic_reaches_the_processor_as_lint0_says);
	tcase_add_test(ints, level_triggered_lint0_comes_again_after_eoi);
	tcase_add_test(ints, fixed_interrupts_come_before_extint);
	suite_add_tcase(suite, ints);
	tcase_add_checked_fixture(timer, setup, bus_teardown);
	tcase_add_test(timer, timer_divisors);
	tcase_add_test(timer, periodic_timer_does_not_drift_however_late_it_is_served);
	tcase_add_test(timer, masked_timer_counts_without_interrupt);
	tcase_add_test(timer, tsc_deadline_fires_once_at_its_clock);
	suite_add_tcase(suite, timer);
}
TEST_MAIN("lapic", add_cases)
