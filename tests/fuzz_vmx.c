/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Garbage VMCS and EPT contents: a 64-bit host in VMX root operation whose VMCS and EPT tables would work, with the input written over
 * their fields and entries; then VMLAUNCH, guest code from the input, and a host that resumes after each exit. Whatever the SDM makes of it
 * (VMfail, exit 33 or 34, VMX abort, exits), nothing crashes, is undefined, or runs beyond the limit.
 */
#include "ept/epte.h"
#include "emu/machine.h"
#include "mmu/pte.h"
#include "vmx/insn.h"

#include <string.h>
#include <sys/mman.h>

enum {
	RAM = 16 << 20,
	GUEST_CODE = 0x1000,
	HOST_CODE = 0x3000,
	TABLES = 0x4000, /* PML4, PDPT; 1-GiB page */
	GDT = 0x6000,
	IDT = 0x7000,
	TSS = 0x8000,
	STACK = 0xf000,
	EPT = 0x10000, /* PML4, PDPT, PD, PT */
	VMXON = 0x20000,
	VMCS = 0x21000,
	AREAS = 0x22000, /* bitmaps, MSR areas, virtual-APIC page, EPTP list, #VE page, PML log */
	USED = 0x40000,
	LIMIT = 1500,
};

static struct machine machine;
static struct console console;

static void put64(uint32_t at, uint64_t value)
{
	memcpy(machine.mem.host + at, &value, 8);
}

static void set(unsigned index, uint64_t value)
{
	machine.vmx.vmcs.field[index] = value & vmcs_width_mask(vmcs_field_encoding(index));
}

#define SET(field, value) set(VMCS_I_##field, value)

static void build_memory(void)
{
	static const uint64_t gdt[] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x000089000000ffff | (uint64_t)TSS << 16, 0};
	static const uint8_t host[] = {0x0f, 0x01, 0xc3, 0x0f, 0x01, 0xc2, 0xf4}; /* vmresume; vmlaunch; hlt */
	uint64_t rights = PTE_P | PTE_RW | PTE_US;

	memcpy(machine.mem.host + HOST_CODE, host, sizeof host);
	memcpy(machine.mem.host + GDT, gdt, sizeof gdt);
	put64(TABLES, (TABLES + 0x1000) | rights);
	put64(TABLES + 0x1000, rights | PTE_PS);
	put64(EPT, (EPT + 0x1000) | EPTE_RWX);
	put64(EPT + 0x1000, (EPT + 0x2000) | EPTE_RWX);
	put64(EPT + 0x2000, (EPT + 0x3000) | EPTE_RWX);
	for (uint64_t i = 1; i < 8; i++)
		put64((uint32_t)(EPT + 0x2000 + 8 * i), i << 21 | EPTE_RWX | EPTE_PS | MEMTYPE_WB << EPTE_MEMTYPE_SHIFT);
	for (uint64_t i = 0; i < 512; i++)
		put64((uint32_t)(EPT + 0x3000 + 8 * i), i << 12 | EPTE_RWX | MEMTYPE_WB << EPTE_MEMTYPE_SHIFT);
	mem_write(&machine.mem, HPA(VMXON), VMCS_REVISION, 4);
	mem_write(&machine.mem, HPA(VMCS), VMCS_REVISION, 4);
}

/* A 64-bit host in root operation with the VMCS current. */
static void build_host(void)
{
	struct cpu *cpu = &machine.cpu;

	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8, .ar = AR_P | AR_S | 11 | AR_G | AR_L, .limit = 0xffffffff};
	cpu->gdtr = (struct table_reg){GDT, 0x27};
	cpu->idtr = (struct table_reg){IDT, 0xfff};
	cpu->tr = (struct segment){.selector = 0x18, .ar = AR_P | 11, .limit = 0x67, .base = TSS};
	cpu->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP;
	cpu->cr3 = TABLES;
	cpu->cr4 = CR4_PAE | CR4_OSFXSR | CR4_VMXE;
	cpu->efer = EFER_LME | EFER_LMA | EFER_NXE;
	cpu->feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	cpu->gpr[RSP] = STACK;
	cpu->rip = HOST_CODE;
	cpu_paging_changed(cpu);
	vmx_enter_operation(cpu, VMXON);
	vmx_clear(cpu, VMCS);
	vmx_load_pointer(cpu, VMCS);
}

static void good_vmcs(bool ept)
{
	const struct cpu *cpu = &machine.cpu;

	SET(PIN_CONTROLS, vmx_allowed0(GROUP_PIN));
	SET(PROC_CONTROLS, vmx_allowed0(GROUP_PROC) | CTL(PROC, SECONDARY) | CTL(PROC, HLT));
	SET(PROC2_CONTROLS, ept ? CTL(PROC2, EPT) | CTL(PROC2, UNRESTRICTED) | CTL(PROC2, VPID) : 0);
	SET(VPID, 1);
	SET(EXIT_CONTROLS, vmx_allowed0(GROUP_EXIT) | CTL(EXIT, HOST_64));
	SET(ENTRY_CONTROLS, vmx_allowed0(GROUP_ENTRY) | CTL(ENTRY, GUEST_64));
	SET(LINK_POINTER, VMCS_NONE);
	SET(EPTP, EPT | 3 << EPTP_WALK_SHIFT | MEMTYPE_WB | EPTP_AD);
	SET(IO_BITMAP_A, AREAS);
	SET(IO_BITMAP_B, AREAS + 0x1000);
	SET(MSR_BITMAP, AREAS + 0x2000);
	SET(VIRTUAL_APIC_ADDR, AREAS + 0x3000);
	SET(EXIT_MSR_STORE_ADDR, AREAS + 0x4000);
	SET(EXIT_MSR_LOAD_ADDR, AREAS + 0x5000);
	SET(ENTRY_MSR_LOAD_ADDR, AREAS + 0x6000);
	SET(EPTP_LIST_ADDR, AREAS + 0x7000);
	SET(TSC_MULTIPLIER, BIT(48));
	SET(HOST_CR0, cpu->cr0);
	SET(HOST_CR3, cpu->cr3);
	SET(HOST_CR4, cpu->cr4);
	for (unsigned i = VMCS_I_HOST_ES_SELECTOR; i <= VMCS_I_HOST_TR_SELECTOR; i++)
		set(i, i == VMCS_I_HOST_CS_SELECTOR ? 8 : i == VMCS_I_HOST_TR_SELECTOR ? 0x18 : 0x10);
	SET(HOST_RIP, HOST_CODE);
	SET(HOST_RSP, STACK);
	SET(HOST_TR_BASE, TSS);
	SET(HOST_GDTR_BASE, GDT);
	SET(HOST_IDTR_BASE, IDT);
	SET(GUEST_CR0, cpu->cr0);
	SET(GUEST_CR3, cpu->cr3);
	SET(GUEST_CR4, cpu->cr4);
	for (unsigned s = 0; s < SEG_COUNT; s++) {
		set(VMCS_I_GUEST_ES_SELECTOR + s, cpu->seg[s].selector);
		set(VMCS_I_GUEST_ES_AR + s, cpu->seg[s].ar);
		set(VMCS_I_GUEST_ES_LIMIT + s, cpu->seg[s].limit);
	}
	SET(GUEST_LDTR_AR, AR_UNUSABLE);
	SET(GUEST_TR_SELECTOR, 0x18);
	SET(GUEST_TR_AR, AR_P | 11);
	SET(GUEST_TR_LIMIT, 0x67);
	SET(GUEST_TR_BASE, TSS);
	SET(GUEST_GDTR_BASE, GDT);
	SET(GUEST_GDTR_LIMIT, 0x27);
	SET(GUEST_IDTR_BASE, IDT);
	SET(GUEST_IDTR_LIMIT, 0xfff);
	SET(GUEST_DR7, 0x400);
	SET(GUEST_RIP, GUEST_CODE);
	SET(GUEST_RSP, STACK);
	SET(GUEST_RFLAGS, FLAG_FIXED);
	SET(GUEST_EFER, cpu->efer);
}

/* As new, but for the engine, which is told that everything it may have cached has changed. */
static void reset(void)
{
	struct bus_config bus = {.ram_size = RAM, .console = &console};

	for (uint64_t frame = 0; frame < RAM >> PAGE_SHIFT; frame++)
		if (machine.mem.frame_flags[frame])
			mem_note_store(&machine.mem, HPA(frame << PAGE_SHIFT), PAGE_SIZE, true);
	memset(machine.mem.host, 0, USED);
	madvise(machine.mem.host + USED, RAM - USED, MADV_DONTNEED);
	struct vmx_hooks hooks = machine.vmx.hooks;
	struct cpu *cpu = &machine.cpu;
	if (cpu->vmx_op != VMX_OUTSIDE)
		vmx_leave_operation(cpu);
	mmu_set_context(&cpu->mmu, 0, 0, NULL, NULL);
	mmu_empty(&cpu->mmu);
	memset(&cpu->pending, 0, sizeof cpu->pending);
	memset(&cpu->delivery, 0, sizeof cpu->delivery);
	cpu->clock = machine.idle = 0;
	cpu_reset(cpu);
	cpu->vmx_op = VMX_OUTSIDE;
	vmx_init(&machine.vmx, cpu);
	machine.vmx.hooks = hooks;
	bus_free(&machine.bus);
	CHECK(!bus_init(&machine.bus, &machine.mem, &cpu->clock, &bus));
}

/*
 * Pieces of the input: a byte whose two low bits say what is overwritten (a VMCS field, an EPT entry, the areas; else the rest is guest
 * code), then where, how (replace or flip bits), and eight bytes of value.
 */
static void overwrite(const uint8_t *data, size_t size)
{
	while (size >= 12 && (data[0] & 3) != 3) {
		unsigned where = data[1] | (unsigned)data[2] << 8;
		uint64_t value, old = 0;
		memcpy(&value, data + 4, 8);
		if (data[3] & 1)
			value = BIT(data[4] & 63);
		if ((data[0] & 3) == 0) {
			old = machine.vmx.vmcs.field[where % VMCS_FIELDS];
			set(where % VMCS_FIELDS, data[3] & 2 ? old ^ value : value);
		} else {
			uint32_t at = (data[0] & 3) == 1 ? EPT + 8 * (where % 2048) : AREAS + 8 * (where % 4096);
			memcpy(&old, machine.mem.host + at, 8);
			put64(at, data[3] & 2 ? old ^ value : value);
		}
		data += 12;
		size -= 12;
	}
	memcpy(machine.mem.host + GUEST_CODE, data, size < 0x1000 ? size : 0x1000);
}

/* Small, so that flushes are cheap under sanitizers (VM entries that fail flush again and again), and evictions frequent. */
static const struct mmu_config tlbs = {
    .itlb = {[TLB_4K] = {4, 2}, [TLB_2M] = {2, 2}},
    .dtlb = {[TLB_4K] = {4, 2}, [TLB_2M] = {2, 2}, [TLB_1G] = {1, 1}},
    .stlb = {[TLB_4K] = {16, 4}, [TLB_1G] = {2, 2}},
    .stlb_shared = true,
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct machine_config config = {.ram_size = RAM, .max_insns = LIMIT, .console = &console, .tlbs = &tlbs, .vmx = true};

	(void)argc;
	(void)argv;
	CHECK(!console_init(&console, NULL, -1, 0));
	return machine_init(&machine, &config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	reset();
	build_memory();
	build_host();
	good_vmcs(data[0] & 1);
	overwrite(data + 1, size - 1);
	machine_run(&machine);
	return 0;
}
