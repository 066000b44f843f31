/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow VMM: its exits (page faults, control registers, invalidations; the rest are the common ones), reflection of true faults, and
 * access to guest memory. Area: VMXON region, VMCS, MSR bitmaps, then the shadow pages, the PDPT of PAE paging first.
 *
 * NOTE: #PF is the only exception that exits. IDT-vectoring information says that it came up while an event was being delivered: a hidden
 * fault puts that event back, a true one combines with it (SDM 3A, "Conditions for Generating a Double Fault").
 * CHOICE: supervisor accesses with EFLAGS.AC = 1 at CPL < 3 are taken for explicit ones; when the processor denies what the walk permits
 * (an implicit access to a user-mode page under SMAP), its error code is reflected.
 */
#include "shadow/vmm.h"

#include "shadow/shadow.h"

#include <stdlib.h>
#include <string.h>

#define DR7_ENABLES BITS(7, 0)
enum { AREA_VMXON, AREA_VMCS, AREA_BITMAPS, AREA_POOL };

const char *shadow_event_name(enum shadow_event_kind kind)
{
	static const char *const names[SHADOW_EVENT_KINDS] = {
	    [SHADOW_TRUE_FAULT] = "true_fault",
	    [SHADOW_HIDDEN_FAULT] = "hidden_fault",
	    [SHADOW_WP_FAULT] = "write_protect_fault",
	    [SHADOW_PTE_WRITE] = "pte_write",
	    [SHADOW_UNSYNC] = "unsync",
	    [SHADOW_RESYNC] = "resync",
	    [SHADOW_ALLOCATE] = "allocate",
	    [SHADOW_REUSE] = "reuse",
	    [SHADOW_ZAP] = "zap",
	    [SHADOW_CR3_EXIT] = "cr3_exit",
	    [SHADOW_INVLPG_EXIT] = "invlpg_exit",
	    [SHADOW_NEST] = "nest",
	    [SHADOW_RETURN] = "return",
	};
	CHECK(kind < SHADOW_EVENT_KINDS);
	return names[kind];
}

void shadow_note(struct shadow *s, enum shadow_event_kind kind, uint64_t address, uint64_t before, uint64_t after)
{
	if (likely(!s->config.trace))
		return;
	const struct shadow_event event = {.kind = kind,
					   .error = s->fault_error,
					   .rip = s->cpu->vmx->vmcs.guest_rip,
					   .gla = s->fault_gla,
					   .address = address,
					   .before = before,
					   .after = after};
	s->config.trace(s->config.trace_ctx, &event);
}

/* ---- page faults ---- */

static bool is_contributory_to(uint64_t idt, uint8_t vector)
{
	return idt & INTR_VALID && FIELD(idt, 10, 8) == EVTYPE_HARDWARE && (idt & INTR_VECTOR) == vector;
}

enum vmm_result shadow_inject_fault(struct shadow *s, gla_t gla, uint32_t error)
{
	struct vmm *vmm = &s->vmm;
	uint64_t idt = vmm_read(vmm, IDT_INFO);
	s->cpu->ev.n[EV_SHADOW_TRUE_FAULTS]++;
	shadow_note(s, SHADOW_TRUE_FAULT, 0, error, 0);
	inval_fault(s, gla);
	s->cpu->cr2 = gla.u;
	if (is_contributory_to(idt, VEC_DF))
		return VMM_DOWN;
	if (is_contributory_to(idt, VEC_PF) || is_contributory_to(idt, VEC_VE))
		vmm_inject(vmm, VEC_DF, true, 0);
	else
		vmm_inject(vmm, VEC_PF, true, error);
	return VMM_RETRY;
}

static unsigned guest_cpl(struct vmm *vmm)
{
	return (unsigned)FIELD(vmm_read(vmm, GUEST_SS_AR), 6, 5);
}

/* What kind of access a page fault's error code tells of. */
unsigned shadow_fault_access(struct vmm *vmm, uint32_t error)
{
	unsigned access = error & PF_W ? ACC_WRITE : error & PF_I ? ACC_FETCH : ACC_READ;
	if (error & PF_U)
		return access | ACC_USER;
	if (guest_cpl(vmm) == 3)
		return access | ACC_IMPLICIT;
	return access | (vmm_read(vmm, GUEST_RFLAGS) & FLAG_AC ? (unsigned)ACC_AC : 0u);
}

/*
 * The exit has set RF in the saved RFLAGS, as for a fault that is delivered. The guest knows of none: RF is 0 again, but where it keeps an
 * instruction breakpoint from hitting twice, or where an exception goes back that sets it.
 */
static void restore_rf(struct vmm *vmm, uint64_t idt)
{
	bool fault = idt & INTR_VALID && FIELD(idt, 10, 8) == EVTYPE_HARDWARE && (idt & INTR_VECTOR) != VEC_DB;
	bool breakpoints = !(idt & INTR_VALID) && vmm_read(vmm, GUEST_DR7) & DR7_ENABLES;
	if (!fault && !breakpoints)
		vmm_write(vmm, GUEST_RFLAGS, vmm_read(vmm, GUEST_RFLAGS) & ~FLAG_RF);
}

enum vmm_result shadow_retry(struct vmm *vmm)
{
	uint64_t info = vmm_read(vmm, EXIT_INTR_INFO), idt = vmm_read(vmm, IDT_INFO);
	restore_rf(vmm, idt);
	if (idt & INTR_VALID)
		vmm_reinject(vmm);
	else if (info & INTR_NMI_UNBLOCKED)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, vmm_read(vmm, GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
	return VMM_RETRY;
}

static enum vmm_result page_fault(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	struct guest_walk gw;
	gla_t gla = GLA(vmm_read(vmm, EXIT_QUALIFICATION));
	uint32_t error = (uint32_t)vmm_read(vmm, EXIT_INTR_ERROR);
	unsigned access = shadow_fault_access(vmm, error);
	s->fault_gla = gla.u;
	s->fault_error = error;
	switch (fill(s, gla, access, &gw)) {
	case FILL_TRUE:
		write_end_step(s);
		return shadow_inject_fault(s, gla, gw.w.error);
	case FILL_NOTHING:
		write_end_step(s);
		return shadow_inject_fault(s, gla, error);
	case FILL_PROTECTED:
		if (write_fault(s, gla, &gw))
			return VMM_RETRY;
		break;
	case FILL_DONE:
		s->cpu->ev.n[EV_SHADOW_HIDDEN_FAULTS]++;
		break;
	}
	return shadow_retry(vmm);
}

static enum vmm_result exception(struct vmm *vmm)
{
	uint64_t info = vmm_read(vmm, EXIT_INTR_INFO);
	if ((info & INTR_VECTOR) != VEC_PF)
		return vmm_stop(vmm, "shadow VMM: unexpected VM exit for vector %u", (unsigned)(info & INTR_VECTOR));
	return page_fault(vmm);
}

static enum vmm_result monitor_trap_flag(struct vmm *vmm)
{
	(void)vmm;
	return VMM_RETRY;
}

/* ---- guest memory ---- */

struct span {
	struct guest_walk gw;
	unsigned size;
};

static void copy(struct shadow *s, hpa_t hpa, uint8_t *data, unsigned size, bool write)
{
	bool ram = frame_is_ram(s, hpa.u >> PAGE_SHIFT);
	if (write && ram)
		write_bytes(s, hpa, data, size);
	else if (ram) {
		vmm_touch(s->cpu, hpa, size);
		mem_read_bytes(s->mem, hpa, data, size);
	}
	for (unsigned i = 0; !ram && i < size; i++) {
		if (write)
			mem_write(s->mem, HPA(hpa.u + i), data[i], 1);
		else
			data[i] = (uint8_t)mem_read(s->mem, HPA(hpa.u + i), 1);
	}
}

bool shadow_vmm_given(const struct cpu *cpu, gla_t gla, unsigned access, hpa_t page)
{
	struct guest_walk gw;
	struct shadow *s = cpu->vmx && cpu->vmx->vmm ? shadow_of(cpu->vmx->vmm) : NULL;
	if (!s || cpu->vmx_op != VMX_NONROOT)
		return false;
	guest_peek(s, gla, access, &gw);
	if (gw.w.status != WALK_OK || page_base(frame_hpa(s, gw.w.gpa).u) != page.u)
		return false;
	return !(access & ACC_WRITE) || s->steps || !frame_is_protected(s, gw.w.gpa.u >> PAGE_SHIFT);
}

enum shadow_event_kind shadow_vmm_judge(const struct cpu *cpu, gla_t gla, unsigned access, gpa_t *gpa, uint32_t *error)
{
	struct guest_walk gw;
	struct shadow *s = shadow_of(cpu->vmx->vmm);
	guest_peek(s, gla, access, &gw);
	*gpa = gw.w.gpa;
	*error = gw.w.error;
	if (gw.w.status != WALK_OK)
		return SHADOW_TRUE_FAULT;
	return access & ACC_WRITE && frame_is_protected(s, gw.w.gpa.u >> PAGE_SHIFT) ? SHADOW_WP_FAULT : SHADOW_HIDDEN_FAULT;
}

/* For INS, OUTS and INVPCID: both pages are translated before anything is read or written. */
static bool guest_access(struct vmm *vmm, uint64_t gla, void *data, unsigned size, unsigned access)
{
	struct shadow *s = shadow_of(vmm);
	struct span span[2];
	unsigned kind =
	    access | (guest_cpl(vmm) == 3 ? (unsigned)ACC_USER : 0u) | (vmm_read(vmm, GUEST_RFLAGS) & FLAG_AC ? (unsigned)ACC_AC : 0u);
	unsigned room = (unsigned)(PAGE_SIZE - page_offset(gla));
	span[0].size = size < room ? size : room;
	span[1].size = size - span[0].size;
	for (unsigned i = 0; i < 2 && span[i].size; i++) {
		gla_t at = GLA(s->mode.levels >= 4 ? gla + i * room : (uint32_t)(gla + i * room));
		guest_walk(s, at, kind, &span[i].gw);
		if (span[i].gw.w.status != WALK_OK) {
			inval_address(s, at);
			shadow_inject_fault(s, at, span[i].gw.w.error);
			return false;
		}
	}
	for (unsigned i = 0; i < 2 && span[i].size; i++) {
		guest_walk_flags(s, &span[i].gw, kind);
		if (data)
			copy(s, frame_hpa(s, span[i].gw.w.gpa), (uint8_t *)data + (i ? span[0].size : 0), span[i].size, access & ACC_WRITE);
	}
	return true;
}

/* ---- exits ---- */

/* The guest has got on if it is not at the same instruction, or iteration of one, as at the last exit. */
static void note_progress(struct shadow *s)
{
	uint64_t rip = vmm_read(&s->vmm, GUEST_RIP), rsp = vmm_read(&s->vmm, GUEST_RSP), rcx = s->cpu->gpr[RCX];
	if (rip != s->last_rip || rsp != s->last_rsp || rcx != s->last_rcx)
		s->tick++;
	s->last_rip = rip;
	s->last_rsp = rsp;
	s->last_rcx = rcx;
}

static enum vmm_result dispatch(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	unsigned reason = vmm_read(vmm, EXIT_REASON) & 0xffff;
	note_progress(s);
	s->fault_gla = s->fault_error = 0;
	if (unlikely(s->steps) && reason != EXIT_EXCEPTION_NMI && reason != EXIT_EPT_VIOLATION)
		write_end_step(s);
	enum vmm_result result = s->handler[reason](vmm);
	agile_look(s);
	inval_pending(s);
	return result;
}

static void fill_rows(struct shadow *s)
{
	struct vmm_row *row = s->vmm.row;
	s->common_rdmsr = row[EXIT_MSR_READ].handler;
	s->common_wrmsr = row[EXIT_MSR_WRITE].handler;
	row[EXIT_EXCEPTION_NMI].handler = exception;
	row[EXIT_MONITOR_TRAP_FLAG].handler = monitor_trap_flag;
	row[EXIT_EPT_VIOLATION].handler = agile_violation;
	row[EXIT_CR_ACCESS].handler = control_cr_access;
	row[EXIT_MSR_READ].handler = control_rdmsr;
	row[EXIT_MSR_WRITE].handler = control_wrmsr;
	row[EXIT_INVLPG] = (struct vmm_row){row[EXIT_INVLPG].name, inval_invlpg, true};
	row[EXIT_INVPCID] = (struct vmm_row){row[EXIT_INVPCID].name, inval_invpcid, true};
	for (unsigned i = 0; i < VMX_REASONS; i++) {
		s->handler[i] = row[i].handler; /* cppcheck-suppress AssignmentAddressToInteger; it does not see the type */
		row[i].handler = dispatch;
	}
}

/* ---- start and end ---- */

uint64_t shadow_vmm_area(unsigned pages)
{
	return (uint64_t)(AREA_POOL + 1 + (pages ? pages : SHADOW_PAGES_DEFAULT) + RESERVE) * PAGE_SIZE;
}

uint64_t shadow_vmm_area_agile(unsigned pages, uint64_t ram)
{
	uint64_t area = shadow_vmm_area(pages);
	return area + host_area(ram + area);
}

static bool config_is_good(const struct cpu *cpu, const struct shadow_vmm_config *c)
{
	uint64_t size = c->agile ? shadow_vmm_area_agile(c->pages, c->area.u) : shadow_vmm_area(c->pages);
	return (!c->agile || c->no_unsync) && cpu->vmx && cpu->vmx_op == VMX_OUTSIDE &&
	       (c->pages == 0 || (c->pages >= SHADOW_PAGES_MIN && c->pages < BIT(20))) && page_offset(c->area.u) == 0 &&
	       c->area_size >= size && mem_is_ram(cpu->mem, c->area, c->area_size) && c->area.u + c->area_size <= MEM_HIGH_BASE;
}

static void set_controls(struct shadow *s)
{
	struct vmm *vmm = &s->vmm;
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) | CTL(PROC, CR3_LOAD) | CTL(PROC, CR3_STORE) | CTL(PROC, INVLPG));
	vmm_write(vmm, EXCEPTION_BITMAP, BIT(VEC_PF));
	if (s->config.no_vpid)
		vmm_write(vmm, PROC2_CONTROLS, vmm_read(vmm, PROC2_CONTROLS) & ~CTL(PROC2, VPID));
}

static struct shadow *new_shadow(struct cpu *cpu, const struct shadow_vmm_config *config)
{
	struct shadow *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->config = *config;
	s->config.interval = config->interval ? config->interval : SHADOW_INTERVAL_DEFAULT;
	s->config.unprotect = config->unprotect ? config->unprotect : SHADOW_UNPROTECT_DEFAULT;
	s->cpu = cpu;
	s->mem = cpu->mem;
	s->pool = HPA(config->area.u + AREA_POOL * PAGE_SIZE);
	s->limit = config->pages ? config->pages : SHADOW_PAGES_DEFAULT;
	s->total = s->limit + RESERVE + 1;
	s->cr0 = cpu->cr0;
	s->cr3 = cpu->cr3;
	s->cr4 = cpu->cr4;
	s->efer = cpu->efer;
	memcpy(s->pdpte, cpu->pdpte, sizeof(s->pdpte));
	if (page_init(s) == 0)
		return s;
	page_free(s);
	free(s);
	return NULL;
}

/* The area holds nothing yet that could be taken for a shadow entry. */
static void clear_area(struct shadow *s)
{
	static const uint8_t zero[PAGE_SIZE];
	for (uint64_t at = 0; at < shadow_vmm_area(s->config.pages); at += PAGE_SIZE)
		mem_write_bytes(s->mem, HPA(s->config.area.u + at), zero, sizeof(zero));
}

int shadow_vmm_start(struct cpu *cpu, const struct shadow_vmm_config *config)
{
	if (!config_is_good(cpu, config))
		return -ERR_ARG;
	struct shadow *s = new_shadow(cpu, config);
	if (!s)
		return -ERR_NOMEM;
	uint64_t area = config->area.u;
	clear_area(s);
	if (config->agile) {
		s->host = HPA(area + shadow_vmm_area(config->pages));
		host_init(s, area + config->area_size);
	}
	vmm_init(&s->vmm, cpu, "shadow", area, area + AREA_VMCS * PAGE_SIZE, area + AREA_BITMAPS * PAGE_SIZE);
	s->vmm.own = s;
	s->vmm.devices = config->devices;
	s->vmm.access = guest_access;
	fill_rows(s);
	set_controls(s);
	control_start(s);
	inval_pending(s);
	if (s->cr0 & CR0_PE)
		vmm_start(&s->vmm);
	else
		real_enter(s);
	return 0;
}

void shadow_vmm_free(struct cpu *cpu)
{
	struct shadow *s = cpu->vmx && cpu->vmx->vmm ? cpu->vmx->vmm->own : NULL;
	if (!s)
		return;
	cpu->vmx->vmm = NULL;
	page_free(s);
	free(s);
}
