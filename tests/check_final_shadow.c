/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every guest image ends with the same memory and registers natively and as a guest of the shadow VMM, whatever its policies. Compared are
 * all of the guest's RAM, its page tables with accessed and dirty flags among it, and what the guest can read of the processor: general,
 * x87 and SSE registers, RIP, RFLAGS, segments, descriptor tables, control and debug registers, EFER, PKRU, the MSRs of system calls.
 * The images see to it that the SDM determines all this: they invalidate what they change. guest-modes.elf goes through every paging mode.
 *
 * Instruction and cycle counts differ by nature (VM exits take time, an emulated store is the VMM's), and so does a time that the guest has
 * noted: a word of memory may be later than natively, by no more than the clock is. Interrupts of timers come between other instructions:
 * the images here end alike all the same, or are told to do without (ticks=0).
 */
#include "emu/machine.h"
#include "shadow/shadow.h"
#include "tests/test.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { RAM = 64 << 20 };

static struct machine native, hosted;
static struct console console[2];
static glob_t images;

static enum machine_end run(struct machine *m, struct console *out, const char *image, const struct machine_config *config)
{
	char error[LOAD_ERROR_SIZE] = "";
	struct machine_config c = *config;
	struct load_request request = {.path = image, .cmdline = "ticks=0"};

	ck_assert_int_eq(console_init(out, NULL, -1, 1 << 20), 0);
	c.console = out;
	c.ram_size = RAM;
	c.max_insns = 2000000000;
	ck_assert_int_eq(machine_init(m, &c), 0);
	ck_assert_msg(machine_load(m, &request, error) == 0, "%s", error);
	return machine_run(m);
}

static const struct shadow_vmm_config policies[] = {
    {.pages = SHADOW_PAGES_DEFAULT},
    {.no_unsync = true, .no_vpid = true},
    {.pages = SHADOW_PAGES_MIN},
    {.pages = SHADOW_PAGES_MIN, .no_unsync = true, .unprotect = SHADOW_UNPROTECT_NEVER},
    {.no_vpid = true, .step = true, .no_unsync = true},
    {.agile = true},
    {.pages = SHADOW_PAGES_MIN, .agile = true, .interval = 50000, .no_vpid = true, .unprotect = SHADOW_UNPROTECT_NEVER},
};

/* true if two words are the same, or times that differ as the clocks do */
static bool same_word(uint64_t a, uint64_t b)
{
	return a == b || b - a <= hosted.cpu.clock - native.cpu.clock;
}

static void same_memory(const char *image)
{
	for (uint64_t gpa = 0; gpa < RAM; gpa += PAGE_SIZE) {
		if (!memcmp(native.mem.host + gpa, hosted.mem.host + gpa, PAGE_SIZE))
			continue;
		ck_assert_msg(strstr(image, "kernel"), "%s: page %#lx differs", image, gpa); /* no other notes times */
		for (uint64_t at = gpa; at < gpa + PAGE_SIZE; at += 8)
			ck_assert_msg(same_word(mem_read(&native.mem, HPA(at), 8), mem_read(&hosted.mem, HPA(at), 8)), "%s: word %#lx",
				      image, at);
	}
}

static void same(const char *image, const char *what, uint64_t a, uint64_t b)
{
	ck_assert_msg(a == b, "%s: %s %#lx, natively %#lx", image, what, b, a);
}

static void same_segment(const char *image, const struct segment *a, const struct segment *b)
{
	same(image, "selector", a->selector, b->selector);
	const uint64_t defined = a->ar & AR_UNUSABLE ? AR_UNUSABLE | AR_DPL : ~0ull; /* after VM entry and in what VM exits save */
	same(image, "access rights", a->ar & defined, b->ar & defined);
	if (a->ar & AR_UNUSABLE)
		return;
	same(image, "segment limit", a->limit, b->limit);
	same(image, "segment base", a->base, b->base);
}

/* A control register as the guest reads it. */
static uint64_t masked(uint64_t real, uint64_t mask, uint64_t shadow)
{
	return (real & ~mask) | (shadow & mask);
}

static void same_control(const char *image, const struct cpu *a, const struct cpu *b)
{
	const struct vmcs *v = &b->vmx->vmcs;
	const struct shadow *s = b->vmx->vmm->own;
	same(image, "CR0", a->cr0, masked(b->cr0, v->cr0_mask, v->cr0_shadow));
	same(image, "CR2", a->cr2, b->cr2);
	same(image, "CR3", a->cr3, s->cr3);
	same(image, "CR4", a->cr4, masked(b->cr4, v->cr4_mask, v->cr4_shadow));
	same(image, "CR8", a->cr8, b->cr8);
	same(image, "EFER", a->efer, s->efer);
	same(image, "PKRU", a->pkru, b->pkru);
	for (unsigned i = 0; i < 8; i++)
		same(image, "debug register", a->dr[i], b->dr[i]);
}

static void same_msrs(const char *image, const struct cpu *a, const struct cpu *b)
{
	same(image, "IA32_STAR", a->star, b->star);
	same(image, "IA32_LSTAR", a->lstar, b->lstar);
	same(image, "IA32_FMASK", a->sfmask, b->sfmask);
	same(image, "IA32_KERNEL_GS_BASE", a->kernel_gs_base, b->kernel_gs_base);
	same(image, "IA32_SYSENTER_CS", a->sysenter_cs, b->sysenter_cs);
	same(image, "IA32_SYSENTER_ESP", a->sysenter_esp, b->sysenter_esp);
	same(image, "IA32_SYSENTER_EIP", a->sysenter_eip, b->sysenter_eip);
	same(image, "IA32_PAT", a->pat, b->pat);
}

static void same_registers(const char *image, struct cpu *a, struct cpu *b)
{
	ck_assert_uint_eq(b->vmx_op, VMX_NONROOT); /* the state is live */
	for (unsigned i = 0; i < GPR_COUNT; i++)
		same(image, "general register", a->gpr[i], b->gpr[i]);
	same(image, "RIP", a->rip, b->rip);
	same(image, "RFLAGS", a->rflags, b->rflags);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		same_segment(image, &a->seg[i], &b->seg[i]);
	same_segment(image, &a->ldtr, &b->ldtr);
	same_segment(image, &a->tr, &b->tr);
	same(image, "GDTR base", a->gdtr.base, b->gdtr.base);
	same(image, "GDTR limit", a->gdtr.limit, b->gdtr.limit);
	same(image, "IDTR base", a->idtr.base, b->idtr.base);
	same(image, "IDTR limit", a->idtr.limit, b->idtr.limit);
	same_control(image, a, b);
	same_msrs(image, a, b);
	engine_fx_out(native.engine);
	engine_fx_out(hosted.engine);
	ck_assert_mem_eq(a->fx, b->fx, sizeof a->fx);
}

static void run_natively(const char *image)
{
	const struct machine_config plain = {.paging = PAGING_NATIVE};
	ck_assert_int_eq(run(&native, &console[0], image, &plain), END_EXIT);
}

/* The image under this policy (tlbs NULL: with the default's TLBs) ends as it has natively. */
static void ends_alike(const char *image, const struct shadow_vmm_config *policy, const struct mmu_config *tlbs)
{
	const struct machine_config shadow = {.paging = policy->agile ? PAGING_AGILE : PAGING_SHADOW, .shadow = *policy, .tlbs = tlbs};
	ck_assert_int_eq(run(&hosted, &console[1], image, &shadow), END_EXIT);
	ck_assert_uint_eq(native.bus.exit_status, hosted.bus.exit_status);
	ck_assert_uint_eq(console[0].captured, console[1].captured);
	ck_assert_mem_eq(console[0].capture, console[1].capture, console[0].captured);
	same_memory(image);
	same_registers(image, &native.cpu, &hosted.cpu);
	machine_free(&hosted);
	console_free(&console[1]);
}

static void end_natively(void)
{
	machine_free(&native);
	console_free(&console[0]);
}

START_TEST(memory_and_registers_end_alike)
{
	const char *image = images.gl_pathv[_i];

	run_natively(image);
	for (unsigned i = 0; i < ARRAY_LEN(policies); i++)
		ends_alike(image, &policies[i], NULL);
	end_natively();
}
END_TEST

/* What TLBs hold, or have lost, changes nothing that the guest can see: TLBs of one entry, and very large ones. */
START_TEST(size_of_the_tlbs_makes_no_difference)
{
	static const struct mmu_config one = {.itlb = {{1, 1}, {1, 1}}, .dtlb = {{1, 1}, {1, 1}, {1, 1}}, .stlb = {{1, 1}, {1, 1}, {1, 1}}};
	static const struct mmu_config large = {.itlb = {{1024, 16}, {256, 16}, {16, 16}},
						.dtlb = {{4096, 16}, {1024, 16}, {64, 16}},
						.stlb = {{32768, 16}, {4096, 16}, {256, 16}}};
	static const struct mmu_config no_stlb = {.itlb = {{8, 4}}, .dtlb = {{8, 4}}};
	static const unsigned some[] = {0, 1, 5}; /* of policies: the default, without unsync and VPID, agile */
	const char *image = images.gl_pathv[_i];

	run_natively(image);
	for (unsigned i = 0; i < ARRAY_LEN(some); i++) {
		ends_alike(image, &policies[some[i]], &one);
		ends_alike(image, &policies[some[i]], &large);
	}
	ends_alike(image, &policies[0], &no_stlb);
	end_natively();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("final shadow");
	const char *folder = getenv("IMAGES");
	char pattern[4096];

	/* NAME64.elf is NAME.elf in another container; probe.elf keeps nothing but times */
	snprintf(pattern, sizeof pattern, "%s/*[!4e].elf", folder ? folder : "build/images");
	CHECK(glob(pattern, 0, NULL, &images) == 0);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, memory_and_registers_end_alike, 0, (int)images.gl_pathc);
	tcase_add_loop_test(tc, size_of_the_tlbs_makes_no_difference, 0, (int)images.gl_pathc);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("final_shadow", add_cases)
