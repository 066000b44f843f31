/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: local-APIC timer in its three modes, self-IPIs, task and processor priority, CR8, spurious vector, x2APIC; 8259 and 8254; HLT
 * and the shadow of STI. Only order and numbers are printed, never times. SDM 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "finish.h"
#include "gdt.h"
#include "lapic.h"
#include "print.h"
#include "serial.h"
#include "trap.h"

void main(u64 multiboot);

enum { MAX = 16, TIMER = 0x40, PIC_BASE = 0x20 };

static volatile unsigned taken; /* interrupts so far */
static u8 order[MAX];
static volatile bool nest; /* handlers allow others while they run */
static bool x2apic;
static volatile u64 fault_vector;

static void eoi(void)
{
	if (x2apic)
		wrmsr(0x80b, 0);
	else
		lapic_write(LAPIC_EOI, 0);
}

void trap(struct trap *t)
{
	if (t->vector < 32) { /* a #GP of an MSR access: WRMSR and RDMSR are two bytes */
		fault_vector = t->vector;
		t->rip += 2;
		return;
	}
	if (taken < MAX)
		order[taken] = (u8)t->vector;
	taken++;
	if (nest) {
		sti();
		asm volatile("nop; nop");
		cli();
	}
	if (t->vector >= PIC_BASE && t->vector < PIC_BASE + 16)
		outb(0x20, 0x20);
	else
		eoi();
}

static void show(const char *what)
{
	print("%s:", what);
	for (unsigned i = 0; i < taken && i < MAX; i++)
		print(" %x", order[i]);
	print("\n");
	taken = 0;
}

static void ipi(u8 vector)
{
	lapic_write(LAPIC_ICR, 0x40000u | vector);
}

/* a window of two instructions in which interrupts are taken */
static void window(void)
{
	asm volatile("sti; nop; nop; cli" : : : "memory");
}

static void wait_for(unsigned n)
{
	while (taken < n)
		asm volatile("sti; hlt; cli" : : : "memory");
}

static u32 bits(enum lapic_reg reg, u8 vector)
{
	return lapic_read((enum lapic_reg)(reg + vector / 32 * 16)) >> vector % 32 & 1;
}

static void self_ipis(void)
{
	ipi(0x51);
	print("self IPI pending: IRR %u ISR %u\n", bits(LAPIC_IRR, 0x51), bits(LAPIC_ISR, 0x51));
	window();
	print("  after: IRR %u ISR %u\n", bits(LAPIC_IRR, 0x51), bits(LAPIC_ISR, 0x51));
	show("self IPI");
	ipi(0x61), ipi(0x51), ipi(0x71), ipi(0x71);
	window();
	show("three vectors, highest first");
	ipi(0x61), ipi(0x51), ipi(0x71);
	nest = true;
	window();
	nest = false;
	show("three vectors, handlers interruptible");
}

static void priorities(void)
{
	lapic_write(LAPIC_TPR, 0x60);
	print("TPR 60: PPR %x CR8 %lx\n", lapic_read(LAPIC_PPR), read_cr8());
	ipi(0x61), ipi(0x71), ipi(0x51);
	window();
	show("TPR 60");
	write_cr8(5);
	print("CR8 5: TPR %x PPR %x\n", lapic_read(LAPIC_TPR), lapic_read(LAPIC_PPR));
	window();
	show("CR8 5");
	write_cr8(0);
	window();
	show("CR8 0");
}

static void timers(void)
{
	lapic_timer(TIMER, 0, 20000);
	wait_for(1);
	show("one-shot");
	print("  current count %u\n", lapic_read(LAPIC_TIMER_CURRENT));
	for (unsigned i = 0; i < 1000; i++)
		window();
	show("one-shot, later");
	lapic_timer(TIMER + 1, LVT_PERIODIC, 20000);
	wait_for(3);
	lapic_timer_off();
	taken = 3;
	show("periodic");
	for (unsigned i = 0; i < 1000; i++)
		window();
	taken = 0;
	lapic_timer(TIMER + 2, LVT_MASKED, 1000);
	while (lapic_read(LAPIC_TIMER_CURRENT))
		window();
	show("masked");
	lapic_timer_off();
}

static bool has_deadline(void)
{
	u32 r[4];
	cpuid(1, 0, r);
	return r[2] & 1 << 24;
}

static void deadline(void)
{
	if (!has_deadline())
		return;
	lapic_write(LAPIC_LVT_TIMER, LVT_DEADLINE | (TIMER + 3));
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 20000);
	print("deadline armed: %s\n", rdmsr(MSR_TSC_DEADLINE) ? "yes" : "no");
	wait_for(1);
	show("deadline");
	print("  then: %lx\n", rdmsr(MSR_TSC_DEADLINE));
	wrmsr(MSR_TSC_DEADLINE, 1);
	window();
	show("deadline in the past");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 1000000000000);
	wrmsr(MSR_TSC_DEADLINE, 0);
	print("deadline disarmed: %lx\n", rdmsr(MSR_TSC_DEADLINE));
	lapic_timer_off();
}

static void pic(void)
{
	static const u8 words[][2] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, PIC_BASE}, {0xa1, PIC_BASE + 8}, {0x21, 4},
				      {0xa1, 2},    {0x21, 1},	  {0xa1, 1},	    {0x21, 0xfe},	  {0xa1, 0xff}};
	for (unsigned i = 0; i < sizeof(words) / 2; i++)
		outb(words[i][0], words[i][1]);
	print("pic: masks %x %x\n", inb(0x21), inb(0xa1));
	lapic_write(LAPIC_LVT_LINT0, 0x700); /* ExtINT */
	outb(0x43, 0x34);		     /* counter 0, both bytes, mode 2 */
	outb(0x40, 0x00);
	outb(0x40, 0x04); /* 1024: 858 us */
	wait_for(3);
	outb(0x21, 0xff);
	taken = 3;
	show("pit, mode 2");
	taken = 0;
	outb(0x43, 0x30); /* mode 0: once */
	outb(0x40, 0x00);
	outb(0x40, 0x01);
	outb(0x21, 0xfe);
	taken = 0;
	window();
	taken = 0;
	outb(0x43, 0x30);
	outb(0x40, 0x00);
	outb(0x40, 0x01);
	wait_for(1);
	show("pit, mode 0");
	outb(0x43, 0xb0); /* counter 2, gate at port 61 */
	outb(0x61, (inb(0x61) & ~3) | 1);
	outb(0x42, 0x00);
	outb(0x42, 0x01);
	while (!(inb(0x61) & 0x20))
		;
	print("pit, counter 2: output high\n");
	outb(0x21, 0xff);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
}

static bool has_x2apic(void)
{
	u32 r[4];
	cpuid(1, 0, r);
	return r[2] & 1 << 21;
}

static void msr_access(const char *what, u32 index, bool write, u64 v)
{
	fault_vector = 0;
	if (write)
		wrmsr(index, v);
	else
		v = rdmsr(index);
	print("%s: %s\n", what, fault_vector == 13 ? "#GP" : "ok");
}

static void x2(void)
{
	if (!has_x2apic())
		return;
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 1 << 10);
	x2apic = true;
	print("x2APIC: id %lx\n", rdmsr(0x802));
	wrmsr(0x83f, 0x51);
	wrmsr(0x83f, 0x52);
	window();
	show("self-IPI register");
	wrmsr(0x83e, DIVIDE_1);
	wrmsr(0x832, TIMER);
	wrmsr(0x838, 20000);
	wait_for(1);
	show("x2APIC timer");
	msr_access("read EOI", 0x80b, false, 0);
	msr_access("write EOI, 1", 0x80b, true, 1);
	msr_access("write the identifier", 0x802, true, 0);
	msr_access("reserved register", 0x804, false, 0);
	msr_access("TPR, bit 8", 0x808, true, 0x100);
	msr_access("x2APIC to xAPIC", MSR_APIC_BASE, true, rdmsr(MSR_APIC_BASE) & ~0x400ul);
}

void main(u64 multiboot)
{
	(void)multiboot;
	serial_init();
	gdt_init();
	trap_init();
	lapic_init(0xff);
	print("lapic: id %x integrated %u, base %lx\n", lapic_read(LAPIC_ID), (lapic_read(LAPIC_VERSION) & 0xff) >= 0x10,
	      rdmsr(MSR_APIC_BASE) & 0xffff0f00);
	self_ipis();
	priorities();
	timers();
	deadline();
	pic();
	x2();
	finish(0);
}
