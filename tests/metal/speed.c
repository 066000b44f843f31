/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops to time from outside: register code, a read-modify-write stream over 64 MiB, a chase with one pointer a page over 64 MiB in random
 * order. Each says `speed NAME begin`, and `speed NAME end INSTRUCTIONS` when it is done. The 64 MiB are mapped by 4-KiB pages; as a guest,
 * all memory by 4-KiB EPT pages too. Physical memory that this uses lies above all that cases use. Each page is stored to before, by its
 * physical address: what the host takes for giving an emulator memory for the first time is not in any loop's time.
 */
#include "speed.h"
#include "ept.h"
#include "finish.h"
#include "line.h"
#include "run.h"
#include "vmcs.h"

#define DATA 0x2c00000ul       /* physical: 44 MiB */
#define LINEAR 0x10000000000ul /* where the loops see it */
#define ORDER 0x6c00000ul      /* 108 MiB: the pages in the order of the chase */
#define TABLES 0x7000000ul     /* 112 MiB: paging structures, then EPT */
#define MEMORY 0x8000000ul
enum { PAGE = 4096, PAGES = (64 << 20) / PAGE, PER_TABLE = 512, LINE = 64, PRESENT = 3, STACK = 4096 };

extern char speed_guest[], boot_pml4[];

static u64 next_table;
static u8 stack[STACK] __attribute__((aligned(16)));

static const struct {
	const char *name;
	u64 rounds, instructions; /* of one round */
	void *loop;
} loops[SPEED_LOOPS] = {
    {"register", 16000000, 8, speed_register},
    {"stream", PAGES * 512ul, 4, speed_stream},
    {"chase", 4000000, 3, speed_chase},
};

static u64 *new_table(void)
{
	u64 *table = (u64 *)next_table;
	for (unsigned i = 0; i < PER_TABLE; i++)
		table[i] = 0;
	next_table += PAGE;
	return table;
}

/* An entry of 4-level tables, guest's or EPT's (whose bits are alike where it matters: bits is what every entry has). */
static void map_page(u64 *top, u64 from, u64 to, u64 bits, u64 leaf_bits)
{
	u64 *table = top;
	for (unsigned shift = 39; shift > 12; shift -= 9) {
		u64 *entry = &table[from >> shift & (PER_TABLE - 1)];
		if (!*entry)
			*entry = (u64)new_table() | bits;
		table = (u64 *)(*entry & ~0xffful);
	}
	table[from >> 12 & (PER_TABLE - 1)] = to | bits | leaf_bits;
}

/* boot.S's tables, and the data. */
static void map_data(void)
{
	for (u64 at = 0; at < PAGES * (u64)PAGE; at += PAGE)
		map_page((u64 *)boot_pml4, LINEAR + at, DATA + at, PRESENT, 0);
}

static void touch_data(void)
{
	for (u64 at = 0; at < PAGES * (u64)PAGE; at += PAGE)
		*(volatile u64 *)(DATA + at) = 0;
}

static u64 *node(u64 page)
{
	return (u64 *)(LINEAR + page * PAGE + page * LINE % PAGE);
}

/* One cycle through all pages (Sattolo's shuffle). */
static void make_chase(void)
{
	u32 *order = (u32 *)ORDER;
	u64 state = 88172645463325252ul;
	for (u32 i = 0; i < PAGES; i++)
		order[i] = i;
	for (u32 i = PAGES - 1; i > 0; i--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		u32 j = (u32)(state % i), t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	for (u32 i = 0; i < PAGES; i++)
		*node(i) = (u64)node(order[i]);
}

static u64 rounds_of(enum speed_loop l, u64 scale)
{
	u64 rounds = loops[l].rounds * scale / 1000;
	u64 most = l == SPEED_STREAM ? loops[l].rounds : rounds; /* one pass over the data */
	return rounds && rounds < most ? rounds : most;
}

static void begin(enum speed_loop l, const char *where)
{
	if (l == SPEED_CHASE)
		make_chase();
	line("speed %s%s begin\n", loops[l].name, where);
}

static void end(enum speed_loop l, const char *where, u64 rounds)
{
	line("speed %s%s end %lu\n", loops[l].name, where, rounds * loops[l].instructions);
}

void speed_natively(u64 scale)
{
	next_table = TABLES;
	map_data();
	touch_data();
	for (enum speed_loop l = 0; l < SPEED_LOOPS; l++) {
		void (*loop)(u64, u64 *) = (void (*)(u64, u64 *))loops[l].loop;
		u64 rounds = rounds_of(l, scale);
		begin(l, "");
		loop(rounds, (u64 *)LINEAR);
		end(l, "", rounds);
	}
}

static u64 map_ept(void)
{
	u64 *top = new_table();
	for (u64 at = 0; at < MEMORY; at += PAGE)
		map_page(top, at, at, EPT_RWX, EPT_WB);
	return (u64)top | 3 << 3 | 6;
}

/* The guest is this image itself, with the same tables. */
static void run_guest(enum speed_loop l, u64 rounds, u64 eptp)
{
	vmcs_init(GUEST_64, 0);
	vmcs_write(EPTP, eptp);
	vmcs_write(PROC2_CONTROLS, PROC2_EPT | PROC2_VPID);
	vmcs_write(GUEST_CR3, (u64)boot_pml4);
	vmcs_write(GUEST_RIP, (u64)speed_guest);
	vmcs_write(GUEST_RSP, (u64)(stack + STACK));
	run_registers[REG_AX] = (u64)loops[l].loop;
	run_registers[REG_DI] = rounds;
	run_registers[REG_SI] = LINEAR;
	if (run(false) || vmcs_read(EXIT_REASON) != 18) { /* VMCALL */
		line("metal: the guest ended with exit %lu\n", vmcs_read(EXIT_REASON));
		finish(1);
	}
}

void speed_as_guest(u64 scale)
{
	u64 eptp = map_ept();
	for (enum speed_loop l = 0; l < SPEED_LOOPS; l++) {
		u64 rounds = rounds_of(l, scale);
		begin(l, "-ept");
		run_guest(l, rounds, eptp);
		end(l, "-ept", rounds);
	}
}
