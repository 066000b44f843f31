/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IN, OUT, INS, OUTS: IOPL, the I/O permission bit map, REP, faults before the port is read. Port 70H/71H (CMOS) stores bytes; E9H prints.
 */
#include "tests/sysinsn_fixture.h"

enum { PORT_INDEX = 0x70, PORT_CMOS = 0x71, PORT_FREE = 0x1234, CMOS_SPARE = 0x50, MAP = 0x68 };

/* IN and OUT with the port in DX */
static struct insn port_insn(unsigned opsize)
{
	struct insn insn = insn_registers(0, REG_NONE, opsize);

	insn.opcode = 0xec;
	return insn;
}

static struct insn string_insn(unsigned opsize, unsigned addrsize, uint32_t flags)
{
	struct insn insn = insn_registers(0, REG_NONE, opsize);

	insn.addrsize = (uint8_t)addrsize;
	insn.flags = flags;
	insn.seg = SEG_DS;
	return insn;
}

static void cmos_store(uint8_t value)
{
	bus_out(&fix.bus, PORT_INDEX, 1, CMOS_SPARE);
	bus_out(&fix.bus, PORT_CMOS, 1, value);
	bus_out(&fix.bus, PORT_INDEX, 1, CMOS_SPARE);
}

START_TEST(out_and_in_move_data_of_their_size)
{
	struct cpu *cpu = &fix.cpu;

	cmos_store(0);
	cpu->gpr[RAX] = 0x1122334455667788;
	cpu->gpr[RDX] = 0xffff0000 | PORT_CMOS;
	ck_assert(fixture_run(sys_OUT, port_insn(1), NULL));
	cpu->gpr[RAX] = 0x1122334455667700;
	bus_out(&fix.bus, PORT_INDEX, 1, CMOS_SPARE);
	ck_assert(fixture_run(sys_IN, port_insn(1), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0x1122334455667788);
	cpu->gpr[RDX] = PORT_FREE;
	ck_assert(fixture_run(sys_IN, port_insn(2), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0x112233445566ffff);
	ck_assert(fixture_run(sys_IN, port_insn(4), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0xffffffff);
}
END_TEST

START_TEST(the_immediate_form_ignores_dx)
{
	struct insn insn = port_insn(1);

	insn.opcode = 0xe4;
	insn.imm = PORT_CMOS;
	cmos_store(0x5a);
	fix.cpu.gpr[RDX] = PORT_FREE;
	ck_assert(fixture_run(sys_IN, insn, NULL));
	ck_assert_uint_eq(fix.cpu.gpr[RAX] & 0xff, 0x5a);
}
END_TEST

/* The TSS with a map at MAP that permits nothing but port, and a limit. */
static void set_map(uint16_t port, uint32_t limit)
{
	mem_write(&fix.mem, HPA(LAYOUT_TSS + 0x66), MAP, 2);
	for (unsigned i = 0; i < 8193; i++)
		mem_write(&fix.mem, HPA(LAYOUT_TSS + MAP + i), 0xff, 1);
	mem_write(&fix.mem, HPA(LAYOUT_TSS + MAP + port / 8), (uint8_t)~BIT(port % 8), 1);
	fix.cpu.tr.limit = limit;
}

START_TEST(iopl_or_the_map_permits)
{
	for (enum mode m = REAL; m < MODES; m++)
		for (unsigned cpl = 0; cpl <= 3; cpl++)
			for (unsigned iopl = 0; iopl <= 3; iopl++)
				for (unsigned map = 0; map < 2; map++) {
					if ((m == REAL && cpl) || (m == V86 && cpl != 3))
						continue;
					struct cpu *cpu = fixture_enter(m, cpl);
					set_map(map ? PORT_FREE : PORT_FREE + 1, 0x2100);
					cpu->rflags |= iopl << 12;
					cpu->gpr[RDX] = PORT_FREE;
					bool ok = m == REAL || (m != V86 && cpl <= iopl) || map;
					ck_assert_msg(fixture_fault(sys_IN, port_insn(1)) == (ok ? -1 : VEC_GP), "%s CPL %u IOPL %u map %u",
						      mode_name[m], cpl, iopl, map);
				}
}
END_TEST

START_TEST(every_port_of_the_access_needs_its_bit)
{
	static const unsigned sizes[] = {1, 2, 4};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned clear = 0; clear < 2; clear++) {
			struct cpu *cpu = fixture_enter(LONG, 3);
			set_map(0x107, 0x2100);
			if (clear)
				mem_write(&fix.mem, HPA(LAYOUT_TSS + MAP + 0x108 / 8), 0xf8, 1); /* 108H..10AH: the map's next byte */
			cpu->gpr[RDX] = 0x107;
			bool ok = sizes[i] == 1 || clear;
			ck_assert_msg(fixture_fault(sys_OUT, port_insn(sizes[i])) == (ok ? -1 : VEC_GP), "size %u, clear %u", sizes[i],
				      clear);
		}
}
END_TEST

START_TEST(both_bytes_of_the_map_must_lie_within_the_tss)
{
	for (uint32_t limit = 0x60; limit < 0x90; limit++) {
		struct cpu *cpu = fixture_enter(LONG, 3);
		set_map(0x80, limit);
		cpu->gpr[RDX] = 0x80;
		bool ok = limit >= MAP + 0x10 + 1;
		ck_assert_msg(fixture_fault(sys_IN, port_insn(1)) == (ok ? -1 : VEC_GP), "limit %x", limit);
	}
}
END_TEST

START_TEST(a_16_bit_tss_has_no_map)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 3);

	set_map(0x80, 0x2100);
	cpu->gpr[RDX] = 0x80;
	ck_assert_int_eq(fixture_fault(sys_IN, port_insn(1)), -1);
	cpu->tr.ar = AR_P | 3;
	ck_assert_int_eq(fixture_fault(sys_IN, port_insn(1)), VEC_GP);
}
END_TEST

START_TEST(the_last_port_checks_16_bits_of_the_map)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	set_map(0xffff, MAP + 8191 + 1);
	cpu->gpr[RDX] = 0xffff;
	ck_assert_int_eq(fixture_fault(sys_IN, port_insn(1)), -1);
	cpu->tr.limit--;
	ck_assert_int_eq(fixture_fault(sys_IN, port_insn(1)), VEC_GP);
}
END_TEST

START_TEST(ins_faults_before_the_port_is_read)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	/* reading COM1's data register takes the byte; the scratch loop-back keeps one there */
	bus_out(&fix.bus, 0x3fc, 1, 0x10);
	bus_out(&fix.bus, 0x3f8, 1, 0x42);
	fix.cpu.clock += CLOCK_HZ;
	cpu->gpr[RDX] = 0x3f8;
	cpu->gpr[RDI] = LAYOUT_HOLE;
	ck_assert_int_eq(fixture_fault(sys_INS, string_insn(1, 8, 0)), VEC_PF);
	ck_assert_uint_eq(cpu->pending.cr2, LAYOUT_HOLE);
	ck_assert_uint_eq(cpu->pending.error, PF_W);
	ck_assert_uint_eq(cpu->gpr[RDI], LAYOUT_HOLE);
	cpu->gpr[RDI] = LAYOUT_DATA;
	ck_assert(fixture_run(sys_INS, string_insn(1, 8, 0), NULL));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 1), 0x42);
	ck_assert_uint_eq(cpu->gpr[RDI], LAYOUT_DATA + 1);
}
END_TEST

START_TEST(rep_makes_one_iteration_a_call)
{
	struct cpu *cpu = fixture_enter(LONG, 0);
	bool again;

	cmos_store(0x5a);
	cpu->gpr[RDX] = PORT_CMOS;
	cpu->gpr[RDI] = LAYOUT_DATA;
	cpu->gpr[RCX] = 3;
	for (unsigned left = 2; left < 3; left--) {
		bus_out(&fix.bus, PORT_INDEX, 1, CMOS_SPARE);
		ck_assert(fixture_run(sys_INS, string_insn(1, 8, INSN_REP), &again));
		ck_assert_uint_eq(cpu->gpr[RCX], left);
		ck_assert_int_eq(again, left > 0);
	}
	ck_assert_uint_eq(cpu->gpr[RDI], LAYOUT_DATA + 3);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 4), 0x5a5a5a);
	ck_assert(fixture_run(sys_INS, string_insn(1, 8, INSN_REP), &again)); /* RCX = 0: nothing happens */
	ck_assert(!again);
	ck_assert_uint_eq(cpu->gpr[RDI], LAYOUT_DATA + 3);
}
END_TEST

START_TEST(counters_have_the_address_size)
{
	struct cpu *cpu = fixture_enter(LONG, 0);
	bool again;

	cpu->gpr[RDX] = PORT_FREE;
	cpu->gpr[RSI] = 0xabcd00000000 | LAYOUT_DATA;
	cpu->gpr[RCX] = 0xabcd00000001;
	ck_assert(fixture_run(sys_OUTS, string_insn(2, 4, INSN_REP), &again));
	ck_assert(!again);
	ck_assert_uint_eq(cpu->gpr[RCX], 0); /* a 32-bit write */
	ck_assert_uint_eq(cpu->gpr[RSI], LAYOUT_DATA + 2);
	cpu = fixture_enter(REAL, 0);
	cpu->gpr[RDX] = PORT_FREE;
	cpu->gpr[RSI] = 0xaaaa0000;
	cpu->gpr[RCX] = 0xbbbb0002;
	cpu->rflags |= FLAG_DF;
	ck_assert(fixture_run(sys_OUTS, string_insn(2, 2, INSN_REP), &again));
	ck_assert(again);
	ck_assert_uint_eq(cpu->gpr[RCX], 0xbbbb0001);
	ck_assert_uint_eq(cpu->gpr[RSI], 0xaaaafffe);
}
END_TEST

START_TEST(outs_reads_its_segment_before_the_port_is_written)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);
	struct insn insn = string_insn(1, 4, 0);

	cpu->gpr[RDX] = 0xf4;
	cpu->gpr[RSI] = 0x100;
	insn.seg = SEG_ES;
	cpu->seg[SEG_ES].limit = 0xff;
	cpu->seg[SEG_ES].ar &= ~(uint32_t)AR_G;
	ck_assert_int_eq(fixture_fault(sys_OUTS, insn), VEC_GP);
	ck_assert(!fix.bus.exit_requested);
	cpu->gpr[RSI] = 0xff;
	ck_assert(fixture_run(sys_OUTS, insn, NULL));
	ck_assert(fix.bus.exit_requested);
}
END_TEST

START_TEST(io_breakpoints_are_traps_with_de)
{
	/* DR0 at 400H, of 1, 2 or 4 ports: whether IN of a size at a port touches it */
	for (unsigned len = 1; len <= 4; len *= 2)
		for (unsigned size = 1; size <= 4; size *= 2)
			for (unsigned port = 0x3f8; port < 0x408; port++) {
				struct cpu *cpu = fixture_enter(LONG, 0);
				cpu->cr4 |= CR4_DE;
				cpu->dr[0] = 0x400;
				cpu->dr[7] = 0x400 | 2 | 2ull << 16 | (uint64_t)(len - 1) << 18;
				cpu->gpr[RDX] = port;
				ck_assert(fixture_run(sys_IN, port_insn(size), NULL));
				bool hit = port < 0x400 + len && port + size > 0x400;
				ck_assert_msg(cpu->pending_dbg == (hit ? 1 | BIT(12) : 0), "length %u, size %u, port %x", len, size, port);
			}
	fix.cpu.cr4 &= ~CR4_DE;
	fix.cpu.gpr[RDX] = 0x400;
	ck_assert(fixture_run(sys_IN, port_insn(1), NULL));
	ck_assert_uint_eq(fix.cpu.pending_dbg, 0);
}
END_TEST

static void add_io(TCase *tc)
{
	tcase_add_test(tc, out_and_in_move_data_of_their_size);
	tcase_add_test(tc, the_immediate_form_ignores_dx);
	tcase_add_test(tc, iopl_or_the_map_permits);
	tcase_add_test(tc, every_port_of_the_access_needs_its_bit);
	tcase_add_test(tc, both_bytes_of_the_map_must_lie_within_the_tss);
	tcase_add_test(tc, a_16_bit_tss_has_no_map);
	tcase_add_test(tc, the_last_port_checks_16_bits_of_the_map);
	tcase_add_test(tc, ins_faults_before_the_port_is_read);
	tcase_add_test(tc, rep_makes_one_iteration_a_call);
	tcase_add_test(tc, counters_have_the_address_size);
	tcase_add_test(tc, outs_reads_its_segment_before_the_port_is_written);
	tcase_add_test(tc, io_breakpoints_are_traps_with_de);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "I/O", add_io);
}

TEST_MAIN("sysinsn_io", add_cases)
