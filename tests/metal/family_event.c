/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event injection and what surrounds it: every type and vector, error codes, instruction lengths, interruptibility, activity, windows, and
 * delivery that faults or leaves through EPT (SDM 3C, "Event Injection", "VM-Entry Controls for Event Injection", "IDT-Vectoring
 * Information"). The guest executes NOP, then VMCALL.
 */
#include "ept.h"
#include "gdt.h"
#include "family.h"
#include "line.h"
#include "outcome.h"
#include "random.h"
#include "run.h"
#include "vmcs.h"

static void choose_event(void)
{
	static const u8 vectors[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 31, 32, 255};
	static const u8 types[] = {0, 0, 2, 3, 3, 3, 3, 3, 4, 5, 6, 6, 1};
	static const u32 with_error = 0x00027d00;
	unsigned type = RANDOM_OF(types), vector = RANDOM_OF(vectors);
	if (type == 2 && !random_one_in(6))
		vector = 2;
	if (type == 6 && !random_one_in(4))
		vector = 3 + random_below(2);
	if (type == 5 && !random_one_in(4))
		vector = 1;
	u64 info = vector | type << 8 | 0x80000000;
	if (type == 3 && vector < 32 && with_error >> vector & 1)
		info |= 0x800;
	if (random_one_in(12))
		info ^= 0x800;
	if (random_one_in(20))
		info |= 1ul << (12 + random_below(19));
	vmcs_write(ENTRY_INTR_INFO, info);
	vmcs_write(ENTRY_ERROR_CODE, random_one_in(8) ? random_word() & 0xffffffff : random_word() & 0x7fff);
	vmcs_write(ENTRY_INSN_LEN, random_one_in(10) ? random_below(20) : 1 + random_below(3));
}

static void choose_state(void)
{
	static const u8 blocking[] = {0, 0, 0, 0, 1, 2, 3, 8, 9, 10, 4, 16};
	u64 flags = 2;
	if (random_one_in(2))
		flags |= FLAG_IF;
	if (random_one_in(8))
		flags |= FLAG_TF;
	if (random_one_in(8))
		flags |= FLAG_RF;
	vmcs_write(GUEST_RFLAGS, flags);
	vmcs_write(GUEST_INTERRUPTIBILITY, RANDOM_OF(blocking));
	if (random_one_in(10))
		vmcs_write(GUEST_ACTIVITY, 1 + random_below(2));
	if (random_one_in(10))
		vmcs_write(GUEST_PENDING_DBG, RANDOM_OF(((const u16[]){1, 8, 0x1000, 0x1001, 0x4000, 0x5000, 0x20})));
}

static void choose_controls(void)
{
	u64 pin = PIN_DEFAULT | (random_one_in(2) ? PIN_NMI : 0) | (random_one_in(3) ? PIN_VIRTUAL_NMIS : 0);
	u64 proc = vmcs_read(PROC_CONTROLS);
	if (random_one_in(4))
		proc |= PROC_INTERRUPT_WINDOW;
	if (random_one_in(4))
		proc |= PROC_NMI_WINDOW;
	vmcs_write(PIN_CONTROLS, pin | PIN_PREEMPTION_TIMER | (random_one_in(2) ? PIN_EXTERNAL_INTERRUPT : 0));
	vmcs_write(PREEMPTION_TIMER, 100000);
	vmcs_write(PROC_CONTROLS, proc);
	vmcs_write(EXCEPTION_BITMAP, random_one_in(3) ? 0xffffffff : random_word() & random_word() & 0xffffffff);
}

/* Delivery through an IDT in the test page, which EPT may not let the processor read. */
static void move_idt(enum guest_mode mode)
{
	u64 *leaf = ept_entry(mode, FRAME_DATA, 1);
	for (unsigned i = 0; i < 512; i++)
		((u64 *)guest_test_page())[i] = 0;
	if (random_one_in(2))
		*leaf &= ~EPT_R;
	else if (random_one_in(2))
		*leaf |= 0x10;
	else
		*guest_test_entry64(mode, 1) &= ~1ul;
	vmcs_write(GUEST_IDTR_BASE, guest_test_linear(mode) & ~0xffful);
}

/*
 * Ends blocking by NMI of earlier cases: the processor's by an IRET here; virtual-NMI blocking by an IRET of a guest with virtual NMIs, for
 * Bochs keeps it at a VM entry whose interruptibility state has none.
 */
static void unblock_nmis(void)
{
	static const u8 iretq[] = {0x48, 0xcf};
	u64 *frame = (u64 *)guest_host(GUEST_STACK) - 5;
	run_unblock_nmi();
	vmcs_init(GUEST_64, 0);
	ept_init(GUEST_64);
	ept_invalidate();
	vmcs_write(PIN_CONTROLS, PIN_DEFAULT | PIN_NMI | PIN_VIRTUAL_NMIS);
	frame[0] = guest_code(0, iretq, sizeof(iretq)) + sizeof(iretq);
	frame[1] = KCODE;
	frame[2] = 2;
	frame[3] = GUEST_STACK;
	frame[4] = KDATA;
	vmcs_write(GUEST_RSP, (u64)(GUEST_STACK - 40));
	run(false);
}

void family_event(void)
{
	static const u8 code[] = {0x90, 0x90};
	enum guest_mode mode = random_one_in(3) ? GUEST_PAE : GUEST_64;
	unsigned cpl = random_one_in(2) ? 3 : 0;
	unblock_nmis();
	vmcs_init(mode, cpl);
	ept_init(mode);
	guest_test_init(mode);
	guest_code(cpl, code, sizeof(code));
	choose_controls();
	choose_state();
	if (!random_one_in(5))
		choose_event();
	if (random_one_in(5))
		move_idt(mode);
	else if (random_one_in(8))
		vmcs_write(GUEST_IDTR_LIMIT, random_below(256));
	if (random_one_in(8))
		vmcs_write(GUEST_RSP, guest_test_linear(mode) + 0x3fe00000);
	ept_invalidate();
	write_cr2(0);
	for (unsigned i = 0; i < 16; i++)
		run_registers[i] = 0;
	line("m%u c%u info=%lx i=%lx f=%lx a=%lx p=%lx v=%u: ", mode, cpl, vmcs_read(ENTRY_INTR_INFO), vmcs_read(GUEST_INTERRUPTIBILITY),
	     vmcs_read(GUEST_RFLAGS), vmcs_read(GUEST_ACTIVITY), vmcs_read(GUEST_PENDING_DBG),
	     (vmcs_read(PIN_CONTROLS) & PIN_VIRTUAL_NMIS) != 0);
	unsigned result = run(false);
	outcome_print(result);
	line(" after=%lx", vmcs_read(ENTRY_INTR_INFO));
}
