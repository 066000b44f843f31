/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 3: runs the student's gwalk on tables of their own (walk), and the student's functions as the page-fault handling of the built-in
 * shadow VMM (run IMAGE ..): control registers, devices, events and the unpaged start stay the VMM's. After exits the shadow tables are
 * compared with the guest's; the missing-invalidation finder watches what the processor still uses. Prints "GOT MAX text|why" for grade.sh.
 */
#include "emu/machine.h"
#include "shadow/shadow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab3.h"

enum { RAM = 128 << 20, CAPTURE = 1 << 20, FIRST_FRAME = 300, STEPS_MAX = 8, AUDIT_EVERY = 16, AGAIN_MAX = 64 };
#define LEAF_ADDRESS BITS(51, 12)

static struct machine m;
static struct console console;
static struct mem own;	/* of the walk tests */
static struct mem *mem; /* the guest's, now */
static unsigned next_frame;
static uint64_t shadow_frames, table_writes;

static struct shadow *shadow(void)
{
	return m.vmx.vmm->own;
}

/* ---- what lab3.h offers ---- */

uint64_t guest_read(uint64_t gpa)
{
	return mem_read_entry(mem, mem == &own ? HPA(gpa) : frame_hpa(shadow(), GPA(gpa)), 8);
}

void guest_write(uint64_t gpa, uint64_t value)
{
	hpa_t at = mem == &own ? HPA(gpa) : frame_hpa(shadow(), GPA(gpa));
	if (mem_is_ram(mem, at, 8))
		mem_write(mem, at, value, 8);
}

static bool host_said[GUEST_FRAMES]; /* frames that host_of has given */

uint64_t host_of(uint64_t gpa)
{
	uint64_t hpa = frame_hpa(shadow(), GPA(gpa)).u;
	if (hpa >> PAGE_SHIFT < GUEST_FRAMES)
		host_said[hpa >> PAGE_SHIFT] = true;
	return hpa;
}

static bool is_shadow(uint64_t hpa)
{
	return hpa >= shadow()->pool.u && hpa < shadow()->pool.u + (uint64_t)shadow()->total * PAGE_SIZE;
}

uint64_t host_read(uint64_t hpa)
{
	return mem_read_entry(&m.mem, HPA(hpa & ~7ull), 8);
}

void host_write(uint64_t hpa, uint64_t value)
{
	if (is_shadow(hpa))
		mem_write(&m.mem, HPA(hpa & ~7ull), value, 8);
}

uint64_t shadow_root(void)
{
	return page_hpa(shadow(), FIRST_FRAME).u;
}

uint64_t host_frame(void)
{
	static const uint8_t zero[PAGE_SIZE];
	if (next_frame > shadow()->total)
		return 0;
	hpa_t frame = page_hpa(shadow(), next_frame++);
	mem_write_bytes(&m.mem, frame, zero, sizeof zero);
	if (next_frame - FIRST_FRAME > shadow_frames)
		shadow_frames = next_frame - FIRST_FRAME;
	return frame.u;
}

void host_frames_free(void)
{
	next_frame = FIRST_FRAME + 1;
}

void tlb_flush(void)
{
	mmu_invvpid(&m.cpu.mmu, (uint16_t)m.vmx.vmcs.vpid);
	m.cpu.engine_flush = true;
}

static void points(unsigned got, unsigned all, const char *text, const char *why)
{
	printf("%u %u %s|%s\n", got, all, text, got == all ? "" : why);
}

/* ---- gwalk by itself ---- */

enum { ROOT = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, ALL = PTE_P | PTE_RW | PTE_US };
static const uint64_t linear = 0x7f0040201678;

static uint64_t *entry_of_level(unsigned level)
{
	static const uint64_t table[] = {0, PT, PD, PDPT, ROOT};
	return (uint64_t *)(own.host + table[level] + 8 * (linear >> level_shift(level) & 511));
}

static void make_tables(unsigned leaf, uint64_t page)
{
	*entry_of_level(4) = PDPT | ALL;
	*entry_of_level(3) = PD | ALL;
	*entry_of_level(2) = PT | ALL;
	*entry_of_level(1) = page | ALL;
	if (leaf > 1)
		*entry_of_level(leaf) = page | ALL | PTE_PS;
}

static void grade_address(void)
{
	make_tables(1, 0x654000);
	struct gwalk g = gwalk(ROOT | 0x18, linear, READ);
	points(g.ok && g.gpa == 0x654678 && g.tables == 4 && g.table[0] == ROOT && g.table[3] == PT ? 6 : 0, 6,
	       "gwalk: address and tables of a 4-KiB page",
	       "bits 51:12 of the last entry, 11:0 of the linear address; tables: top first, 4");
	make_tables(2, 0x600000);
	g = gwalk(ROOT, linear, READ);
	make_tables(3, 0x80000000);
	struct gwalk h = gwalk(ROOT, linear, READ);
	points(g.ok && g.gpa == 0x600000 + (linear & 0x1fffff) && g.tables == 3 && h.ok && h.gpa == 0x80000000 + (linear & 0x3fffffff) ? 6
																       : 0,
	       6, "gwalk: 2-MiB and 1-GiB pages",
	       "bit 7 of a PDE or PDPTE: it maps a page, whose offset is bits 20:0, or 29:0, of the linear address");
}

static void grade_rights(void)
{
	bool rights = true, errors = true;
	for (unsigned level = 1; level <= 4; level++) {
		make_tables(1, 0x654000);
		*entry_of_level(level) &= ~PTE_RW;
		struct gwalk g = gwalk(ROOT, linear, WRITE | USER);
		errors &= g.ok || g.error == (PF_P | PF_W | PF_U);
		rights &= !g.ok;
		g = gwalk(ROOT, linear, READ);
		rights &= g.ok && !g.writable && g.user && g.executable;
		make_tables(1, 0x654000);
		*entry_of_level(level) &= ~PTE_US;
		g = gwalk(ROOT, linear, READ | USER);
		rights &= !g.ok;
		errors &= g.ok || g.error == (PF_P | PF_U);
		make_tables(1, 0x654000);
		*entry_of_level(level) |= PTE_XD;
		g = gwalk(ROOT, linear, FETCH);
		rights &= !g.ok;
		errors &= g.ok || g.error == (PF_P | PF_I);
		make_tables(1, 0x654000);
		*entry_of_level(level) = 0;
		g = gwalk(ROOT, linear, WRITE);
		rights &= !g.ok;
		errors &= !g.ok && g.error == PF_W;
	}
	points(rights ? 6 : 0, 6, "gwalk: rights", "R/W and U/S must be 1 in all entries of the walk, XD 0 in all: not only in the last");
	points(rights && errors ? 6 : 0, 6, "gwalk: error codes",
	       "bit 0: the entries are present; 1: write; 2: user-mode access; 4: fetch");
}

static void grade_flags(void)
{
	make_tables(1, 0x654000);
	struct gwalk g = gwalk(ROOT, linear, READ);
	bool accessed = g.ok, dirty = g.ok && !g.dirty && !(*entry_of_level(1) & PTE_D), spared = g.ok;
	for (unsigned level = 1; level <= 4; level++)
		accessed &= (*entry_of_level(level) & PTE_A) != 0;
	g = gwalk(ROOT, linear, WRITE);
	dirty &= g.dirty && *entry_of_level(1) & PTE_D && !(*entry_of_level(2) & PTE_D);
	make_tables(1, 0x654000);
	*entry_of_level(1) &= ~PTE_RW;
	gwalk(ROOT, linear, WRITE | USER);
	spared &= !(*entry_of_level(1) & (PTE_A | PTE_D));
	points(accessed && dirty && spared ? 6 : 0, 6, "gwalk: accessed and dirty flags",
	       !accessed ? "A (bit 5) is set in every entry used"
	       : !dirty	 ? "D (bit 6) is set by a write, in the entry that maps the page, and only by a write"
			 : "an access that is denied sets no flag");
}

static void grade_walk(void)
{
	if (mem_init(&own, 1 << 20) < 0)
		exit(2);
	mem = &own;
	grade_address();
	grade_rights();
	grade_flags();
}

/* ---- the guest's pages and tables against the shadow's ---- */

static uint8_t walked[GUEST_FRAMES]; /* frames that are tables of a present shadow entry */
static uint8_t mapped[GUEST_FRAMES]; /* frames that are mapped writable */

static const char *leaf_wrong(uint64_t gla, uint64_t leaf, char text[200])
{
	struct shadow *s = shadow();
	struct guest_walk gw;
	guest_peek(s, GLA(gla), ACC_READ | ACC_AC, &gw);
	uint64_t frame = (leaf & LEAF_ADDRESS) >> PAGE_SHIFT;
	const char *what = NULL;
	if (gw.w.status != WALK_OK)
		what = "the guest's tables map nothing";
	else if (page_base(frame_hpa(s, gw.w.gpa).u) != (leaf & LEAF_ADDRESS))
		what = "the guest's tables lead to another page";
	else if (frame < GUEST_FRAMES && !host_said[frame])
		what = "its address is guest-physical: host_of() says where that lies";
	else if (leaf & PTE_RW && !(gw.w.rights & RIGHT_W))
		what = "it is writable, which the guest's tables do not permit";
	else if (leaf & PTE_RW && !gw.w.dirty)
		what = "it is writable, and the guest's dirty flag is 0";
	else if (leaf & PTE_US && !(gw.w.rights & RIGHT_U))
		what = "it is open to user mode, which the guest's tables do not permit";
	else if (!(leaf & PTE_XD) && gw.w.rights & RIGHT_NX)
		what = "it is executable, which the guest's tables do not permit";
	if (what) {
		snprintf(text, 200, "the shadow entry of linear 0x%" PRIx64 ": %s", gla, what);
		return text;
	}
	for (unsigned level = gw.w.level; level <= 4; level++)
		if (gw.ref[level].hpa.u >> PAGE_SHIFT < GUEST_FRAMES)
			walked[gw.ref[level].hpa.u >> PAGE_SHIFT] = 1;
	if (leaf & PTE_RW && frame < GUEST_FRAMES)
		mapped[frame] = 1;
	return NULL;
}

static const char *audit_table(uint64_t table, unsigned level, uint64_t base, char text[200])
{
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t entry = host_read(table + 8 * i), gla = base | i << level_shift(level);
		const char *wrong = NULL;
		if (!(entry & PTE_P))
			continue;
		if (level == 4 && i >= 256)
			gla |= 0xffffull << 48;
		if (level == 1)
			wrong = leaf_wrong(gla, entry, text);
		else if (!is_shadow(entry & LEAF_ADDRESS) || entry & PTE_PS)
			wrong = "a shadow entry refers to something that is no shadow table";
		else
			wrong = audit_table(entry & LEAF_ADDRESS, level - 1, gla, text);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *audit(char text[200])
{
	memset(walked, 0, sizeof walked);
	memset(mapped, 0, sizeof mapped);
	const char *wrong = audit_table(shadow_root(), 4, 0, text);
	for (uint64_t i = 0; i < GUEST_FRAMES && !wrong; i++) {
		if (!walked[i] || !mapped[i])
			continue;
		snprintf(text, 200, "the guest's table at 0x%" PRIx64 " is in use, but mapped writable: its changes go unseen",
			 i << PAGE_SHIFT);
		wrong = text;
	}
	return wrong;
}

/* ---- exits ---- */

static vmm_handler *dispatch, *page_fault, *cr_access, *wrmsr, *invlpg;
static struct {
	uint64_t leaf_at, gpa, gla;
} step[STEPS_MAX];
static unsigned steps, exits, again;
static uint64_t last_rip, last_gla;
static bool in_charge;
static char audited[200];

static void drop_cached(uint64_t gla)
{
	mmu_invvpid_addr(&m.cpu.mmu, (uint16_t)m.vmx.vmcs.vpid, GLA(gla));
	m.cpu.engine_flush = true;
}

/* The store has been made: the frames are read-only again, and the student hears of it. */
static void end_step(struct vmm *vmm)
{
	unsigned count = steps;
	steps = 0;
	for (unsigned i = 0; i < count; i++) {
		host_write(step[i].leaf_at, host_read(step[i].leaf_at) & ~PTE_RW);
		drop_cached(step[i].gla);
	}
	for (unsigned i = 0; i < count; i++)
		table_written(step[i].gpa);
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) & ~CTL(PROC, MONITOR_TRAP));
}

static uint64_t leaf_at(uint64_t gla)
{
	uint64_t table = shadow_root();
	for (unsigned level = 4; level > 1; level--) {
		uint64_t entry = host_read(table + 8 * (gla >> level_shift(level) & 511));
		if (!(entry & PTE_P) || !is_shadow(entry & LEAF_ADDRESS))
			return 0;
		table = entry & LEAF_ADDRESS;
	}
	return table + 8 * (gla >> PAGE_SHIFT & 511);
}

/* The guest's store to a table is let through: its page is writable for this one instruction. */
static enum vmm_result begin_step(struct vmm *vmm, uint64_t gla)
{
	struct guest_walk gw;
	uint64_t at = leaf_at(gla);
	if (!at || (host_read(at) & (PTE_P | PTE_RW)) != PTE_P)
		return vmm_stop(vmm, "miss() said TABLE_WRITE for linear 0x%llx, but left no read-only shadow entry",
				(unsigned long long)gla);
	if (steps == STEPS_MAX)
		return vmm_stop(vmm, "one instruction makes TABLE_WRITE of more than 8 pages: the same one again and again?");
	guest_peek(shadow(), GLA(gla), ACC_READ | ACC_AC, &gw);
	step[steps].leaf_at = at;
	step[steps].gla = gla;
	step[steps++].gpa = gw.w.gpa.u;
	table_writes++;
	host_write(at, host_read(at) | PTE_RW);
	drop_cached(gla);
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) | CTL(PROC, MONITOR_TRAP));
	return shadow_retry(vmm);
}

/* A fault that comes again and again: what the student's entry for it is. */
static enum vmm_result stop_again(struct vmm *vmm, uint64_t gla, uint32_t error)
{
	static char text[160];
	uint64_t at = leaf_at(gla);
	if (at && host_read(at) & PTE_P)
		snprintf(text, sizeof text, "the shadow entry is 0x%" PRIx64 ": do it, and those above it, permit that?%s", host_read(at),
			 error & PF_W ? " (a write to one of the guest's tables is TABLE_WRITE)" : "");
	else
		snprintf(text, sizeof text, "no shadow entry is present for it");
	return vmm_stop(vmm, "the same page fault again and again: linear 0x%llx, %s%s; %s", (unsigned long long)gla,
			error & PF_U ? "user-mode " : "",
			error & PF_W   ? "write"
			: error & PF_I ? "fetch"
				       : "read",
			text);
}

/* Does what miss() says agree with the guest's tables? NULL: yes. */
static const char *answer_wrong(uint64_t gla, unsigned access, enum outcome outcome, uint32_t error)
{
	struct guest_walk gw;
	guest_peek(shadow(), GLA(gla), access, &gw);
	if (outcome != GUEST_FAULT)
		return gw.w.status == WALK_OK ? NULL : "miss() does not say GUEST_FAULT, but the guest's tables deny the access";
	if (gw.w.status == WALK_OK)
		return "miss() says GUEST_FAULT, but the guest's tables permit the access (those of the CR3 that flush() was told)";
	return gw.w.error == error ? NULL : "the error code of GUEST_FAULT is wrong";
}

static enum vmm_result on_page_fault(struct vmm *vmm)
{
	uint64_t gla = vmm_read(vmm, EXIT_QUALIFICATION), rip = vmm_read(vmm, GUEST_RIP);
	uint32_t error = (uint32_t)vmm_read(vmm, EXIT_INTR_ERROR), guest_error = 0;
	if (!in_charge)
		return page_fault(vmm);
	again = rip == last_rip && gla == last_gla ? again + 1 : 0;
	last_rip = rip;
	last_gla = gla;
	if (again == AGAIN_MAX)
		return stop_again(vmm, gla, error);
	unsigned access = shadow_fault_access(vmm, error);
	enum outcome outcome = miss(gla, access & (READ | WRITE | FETCH | USER), &guest_error);
	const char *wrong = answer_wrong(gla, access, outcome, guest_error);
	if (wrong)
		return vmm_stop(vmm, "%s: linear 0x%llx, error code 0x%x", wrong, (unsigned long long)gla, error);
	switch (outcome) {
	case FILLED:
		return shadow_retry(vmm);
	case TABLE_WRITE:
		return begin_step(vmm, gla);
	case GUEST_FAULT:
		break;
	}
	if (steps)
		end_step(vmm);
	return shadow_inject_fault(shadow(), GLA(gla), guest_error);
}

/* After the guest's control registers may have changed: whose tables the processor uses. */
static void take_charge(struct vmm *vmm)
{
	in_charge = shadow()->mode.levels == 4;
	if (!in_charge)
		return;
	flush(shadow()->cr3 & BITS(51, 12));
	vmm_write(vmm, GUEST_CR3, shadow_root());
	drop_cached(0);
}

static enum vmm_result on_cr_access(struct vmm *vmm)
{
	enum vmm_result result = cr_access(vmm);
	take_charge(vmm);
	return result;
}

static enum vmm_result on_wrmsr(struct vmm *vmm)
{
	enum vmm_result result = wrmsr(vmm);
	if ((uint32_t)vmm->cpu->gpr[RCX] == VMM_MSR_EFER)
		take_charge(vmm);
	return result;
}

static enum vmm_result on_invlpg(struct vmm *vmm)
{
	if (!in_charge)
		return invlpg(vmm);
	drop_cached(vmm_read(vmm, EXIT_QUALIFICATION));
	return VMM_RESUME;
}

static enum vmm_result after_exit(struct vmm *vmm)
{
	if (steps && (vmm_read(vmm, EXIT_REASON) & 0xffff) != EXIT_EXCEPTION_NMI)
		end_step(vmm);
	enum vmm_result result = dispatch(vmm);
	if (!in_charge || steps || ++exits % AUDIT_EVERY)
		return result;
	const char *wrong = audit(audited);
	return wrong ? vmm_stop(vmm, "%s", wrong) : result;
}

static void take_over(void)
{
	struct shadow *s = shadow();
	page_fault = s->handler[EXIT_EXCEPTION_NMI];
	cr_access = s->handler[EXIT_CR_ACCESS];
	wrmsr = s->handler[EXIT_MSR_WRITE];
	invlpg = s->handler[EXIT_INVLPG];
	s->handler[EXIT_EXCEPTION_NMI] = on_page_fault;
	s->handler[EXIT_CR_ACCESS] = on_cr_access;
	s->handler[EXIT_MSR_WRITE] = on_wrmsr;
	s->handler[EXIT_INVLPG] = on_invlpg;
	dispatch = s->vmm.row[EXIT_CPUID].handler;
	for (unsigned i = 0; i < VMX_REASONS; i++)
		s->vmm.row[i].handler = after_exit;
	mem = &m.mem;
	next_frame = FIRST_FRAME + 1;
}

/* ---- whole guests ---- */

static char *text;
static size_t length;
static int status;

/* Before the student is in charge, the VMM's own tables may lag behind the guest's. */
static bool given_by_vmm(void *ctx, gla_t gla, unsigned access, hpa_t page)
{
	return !in_charge && shadow_vmm_given(ctx, gla, access, page);
}

static enum machine_end run(struct load_request *request, bool student)
{
	char error[LOAD_ERROR_SIZE];
	const struct machine_config config = {.ram_size = RAM,
					      .max_insns = 30000000,
					      .paging = student ? PAGING_SHADOW : PAGING_NATIVE,
					      .shadow.no_unsync = true,
					      .console = &console,
					      .tlbs = &mmu_config_default,
					      .check_invalidation = student};
	if (console_init(&console, NULL, -1, CAPTURE) < 0 || machine_init(&m, &config) < 0 || machine_load(&m, request, error) < 0) {
		fprintf(stderr, "%s\n", error);
		exit(2);
	}
	if (student) {
		m.stale.given = given_by_vmm;
		take_over();
	}
	return machine_run(&m);
}

static void keep_native(struct load_request *request)
{
	run(request, false);
	length = console.captured;
	text = malloc(length + 1);
	if (!text)
		exit(2);
	memcpy(text, console.capture ? console.capture : "", length);
	status = m.bus.exit_status;
	machine_free(&m);
	console_free(&console);
}

static void grade_guest(struct load_request *request, unsigned share, unsigned rest, const char *name)
{
	char what[100], why[300];
	keep_native(request);
	enum machine_end end = run(request, true);
	bool same = end == END_EXIT && m.bus.exit_status == status && console.captured == length && !memcmp(console.capture, text, length);
	bool audits = !audited[0] && same;
	snprintf(what, sizeof what, "%s: the same output as natively", name);
	snprintf(why, sizeof why, "%s",
		 end == END_STOP	? m.stop_reason
		 : end == END_MAX_INSNS ? "it comes to no end"
					: "it ends otherwise: an entry that should not have been there, or a fault too many");
	points(same ? share : 0, share, what, audited[0] ? "it was stopped: see the next line" : why);
	snprintf(what, sizeof what, "%s: shadow entries say what the guest's tables say", name);
	points(audits ? rest : 0, rest, what, audited[0] ? audited : "it did not run to its end");
	const struct stale_report *r = &m.stale.report[0];
	snprintf(why, sizeof why,
		 "%" PRIu64 " uses of cached translations that your tables no longer gave, first of linear page 0x%" PRIx64 ": tlb_flush()",
		 stale_count(&m.stale), r->page.u);
	snprintf(what, sizeof what, "%s: no stale translation is used", name);
	points(same && !stale_count(&m.stale) ? rest : 0, rest, what, stale_count(&m.stale) ? why : "it did not run to its end");
	if (same)
		printf("note: %" PRIu64 " VM exits, %" PRIu64 " of them stores to the guest's tables; at most %" PRIu64
		       " frames of shadow tables\n",
		       m.cpu.ev.n[EV_VM_EXITS], table_writes, shadow_frames);
	free(text);
	machine_free(&m);
	console_free(&console);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "walk")) {
		grade_walk();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "paging")) {
		struct load_request request = {.path = argv[2],
					       .cmdline = "chase=64,2 chase2m=4,1 chase1g=0 copy=16,2 gups=32,500 ticks=2"};
		grade_guest(&request, 20, 10, "paging.elf");
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "kernel")) {
		struct load_module module = {.path = argv[3], .cmdline = "/bin/program"};
		struct load_request request = {.path = argv[2], .cmdline = "init=/bin/program", .module = &module, .modules = 1};
		grade_guest(&request, 16, 7, "the guest kernel");
		return 0;
	}
	return 2;
}
