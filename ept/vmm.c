/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT VMM: controls, lazy backing of guest memory, device memory, guest memory for INS and OUTS (SDM 3C, "VMX Support for Address
 * Translation"). Dirty logging is in vmm_dirty.c, the common exits in vmx/vmm_handlers.c.
 *
 * CHOICE: an access to device memory is emulated by letting the guest execute that one instruction, under the monitor trap flag, with
 * the device's page mapped: two VM exits an access, and no second instruction decoder.
 */
#include "ept/vmm.h"

#include "ept/eptp.h"
#include "ept/vmm_dirty.h"
#include "ept/walk.h"

#include <stdlib.h>
#include <string.h>

enum { GUEST_VPID = 1, FRAMES_OWN = 3 };
#define RAM_BITS (EPTE_RWX | (uint64_t)MEMTYPE_WB << EPTE_MEMTYPE_SHIFT)
#define DEVICE_BITS (EPTE_RWX | (uint64_t)MEMTYPE_UC << EPTE_MEMTYPE_SHIFT)

/* Host memory for the guest page of 1 << shift bytes at gpa: in place where the loader may have written. */
static bool back(struct ept_vmm *v, uint64_t gpa, unsigned shift, hpa_t *page)
{
	*page = HPA(gpa);
	if (gpa < v->config.loaded_end)
		return true;
	return shift == PAGE_SHIFT && v->config.page_shift > PAGE_SHIFT ? ept_pool_frame(&v->pool, page)
									: ept_pool_page(&v->pool, shift, page);
}

/* The largest page asked for that lies in guest RAM as a whole */
static unsigned shift_for(const struct ept_vmm *v, uint64_t gpa)
{
	unsigned shift = v->config.page_shift;
	while (shift > PAGE_SHIFT && !mem_is_ram(&v->guest, HPA(gpa & ~(BIT(shift) - 1)), BIT(shift)))
		shift -= 9;
	return shift;
}

static bool map_page(struct ept_vmm *v, gpa_t gpa, hpa_t hpa, unsigned shift, uint64_t bits)
{
	uint64_t tables = v->map.tables;
	bool mapped = ept_map_page(&v->map, gpa, hpa, shift, bits);
	v->vmm.cpu->ev.n[EV_EPT_TABLES] += v->map.tables - tables;
	return mapped;
}

static enum vmm_result fill(struct ept_vmm *v, gpa_t gpa)
{
	unsigned shift = shift_for(v, gpa.u), present;
	uint64_t base = gpa.u & ~(BIT(shift) - 1);
	hpa_t page;
	if (ept_map_find(&v->map, gpa, &present))
		return vmm_stop(&v->vmm, "EPT VMM: EPT violation at guest-physical 0x%llx, which is mapped, qualification 0x%llx",
				(unsigned long long)gpa.u, (unsigned long long)vmm_read(&v->vmm, EXIT_QUALIFICATION));
	if (!back(v, base, shift, &page) || !map_page(v, GPA(base), page, shift, RAM_BITS))
		return vmm_stop(&v->vmm, "EPT VMM: no host memory left to back guest-physical 0x%llx", (unsigned long long)gpa.u);
	v->faults++;
	v->filled[(shift - PAGE_SHIFT) / 9]++;
	return VMM_RETRY;
}

/* The device's page is the guest's for one instruction. */
static enum vmm_result step_device(struct ept_vmm *v, gpa_t gpa)
{
	struct vmm *vmm = &v->vmm;
	if (!map_page(v, gpa, HPA(gpa.u), PAGE_SHIFT, DEVICE_BITS))
		return vmm_stop(vmm, "EPT VMM: no host memory left for EPT tables");
	v->steps += !v->stepping;
	v->stepping = true;
	v->stepped_gpa = gpa;
	v->stepped_gla = GLA(vmm_read(vmm, GUEST_LINEAR_ADDR));
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) | CTL(PROC, MONITOR_TRAP));
	return VMM_RETRY;
}

/* SDM 3C, "Operations that Invalidate Cached Mappings": a mapping that is taken away must be invalidated. */
static enum vmm_result stepped(struct vmm *vmm)
{
	struct ept_vmm *v = vmm->own;
	v->stepping = false;
	ept_map_remove(&v->map, v->stepped_gpa);
	mmu_invvpid_addr(&vmm->cpu->mmu, GUEST_VPID, v->stepped_gla);
	vmm_invalidated(vmm->cpu, COST_INVVPID);
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) & ~CTL(PROC, MONITOR_TRAP));
	return VMM_RETRY;
}

static enum vmm_result violation(struct vmm *vmm)
{
	struct ept_vmm *v = vmm->own;
	gpa_t gpa = GPA(vmm_read(vmm, GUEST_PHYSICAL_ADDR));
	uint64_t qualification = vmm_read(vmm, EXIT_QUALIFICATION);
	if (qualification & QUAL_EPT_NMI_UNBLOCKED)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, vmm_read(vmm, GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
	vmm_reinject(vmm);
	if (mem_is_ram(&v->guest, HPA(gpa.u), 1))
		return fill(v, gpa);
	/* a device that the guest has moved onto host memory is not there */
	if (vmm->devices.memory && vmm->devices.memory(vmm->devices.ctx, gpa.u) &&
	    !mem_is_ram(vmm->cpu->mem, HPA(page_base(gpa.u)), PAGE_SIZE))
		return step_device(v, gpa);
	return vmm_stop(vmm, "EPT VMM: the guest touches guest-physical 0x%llx, where there is neither RAM nor a device",
			(unsigned long long)gpa.u);
}

/* The VMM's own way through its tables: what is not backed yet is backed now. Touches no cached translation, counts nothing. */
static struct second own_second(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	struct ept_vmm *v = ctx;
	unsigned shift;
	uint64_t entry = ept_map_find(&v->map, gpa, &shift);
	(void)access, (void)is_table, (void)guest_user, (void)flags;
	if (!entry && mem_is_ram(&v->guest, HPA(gpa.u), 1) && fill(v, gpa) == VMM_RETRY)
		entry = ept_map_find(&v->map, gpa, &shift);
	if (!entry)
		return (struct second){.exit_reason = EXIT_EPT_VIOLATION};
	uint64_t offset = BIT(shift) - 1;
	return (struct second){.ok = true,
			       .hpa = HPA((entry & BITS(MAXPHYADDR - 1, 12) & ~offset) | (gpa.u & offset)),
			       .shift = (uint8_t)shift,
			       .rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU};
}

static struct paging_mode guest_mode(struct vmm *vmm)
{
	struct paging_mode mode;
	struct paging_regs regs = {.cr0 = vmm_read(vmm, GUEST_CR0),
				   .cr3 = vmm_read(vmm, GUEST_CR3),
				   .cr4 = vmm_read(vmm, GUEST_CR4),
				   .efer = vmm_read(vmm, GUEST_EFER),
				   .pkru = vmm->cpu->pkru};
	for (unsigned i = 0; i < 4; i++)
		regs.pdpte[i] = vmm_get(vmm, VMCS_I_GUEST_PDPTE0 + i);
	paging_decode(&mode, &regs);
	return mode;
}

static void touch_entry(void *ctx, const struct walk_ref *ref)
{
	vmm_touch(ctx, ref->hpa, ref->entry_size);
}

/* One byte of guest-linear memory, or, byte NULL, whether it may be accessed. false: a page fault is queued, or the VMM stops. */
static bool access_byte(struct ept_vmm *v, const struct paging_mode *mode, gla_t gla, uint8_t *byte, unsigned access)
{
	struct vmm *vmm = &v->vmm;
	struct events uncounted = {.n = {0}};
	struct walk_env env = {.mem = vmm->cpu->mem,
			       .ev = &uncounted,
			       .second = own_second,
			       .second_ctx = v,
			       .observer = touch_entry,
			       .observer_ctx = vmm->cpu};
	struct walk w = walk_linear(&env, mode, gla, access, 0);
	if (w.status == WALK_PAGE_FAULT) {
		vmm->cpu->cr2 = gla.u;
		vmm_inject(vmm, VEC_PF, true, w.error);
		return false;
	}
	if (w.status == WALK_SECOND) {
		if (!vmm->text[0])
			vmm_stop(vmm, "EPT VMM: INS or OUTS at guest-physical 0x%llx, which is no RAM", (unsigned long long)w.fail_gpa.u);
		return false;
	}
	if (!byte)
		return true;
	vmm_touch(vmm->cpu, w.hpa, 1);
	if (access & ACC_WRITE)
		mem_write(vmm->cpu->mem, w.hpa, *byte, 1);
	else
		*byte = (uint8_t)mem_read(vmm->cpu->mem, w.hpa, 1);
	return true;
}

/* struct vmm's access, for INS and OUTS; who writes asks first, so that nothing is written before a fault of the second page. */
static bool guest_access(struct vmm *vmm, uint64_t gla, void *data, unsigned size, unsigned access)
{
	struct ept_vmm *v = vmm->own;
	struct paging_mode mode = guest_mode(vmm);
	uint8_t *bytes = data;
	if (FIELD(vmm_read(vmm, GUEST_SS_AR), 6, 5) == 3)
		access |= ACC_USER;
	if (vmm_read(vmm, GUEST_RFLAGS) & FLAG_AC)
		access |= ACC_AC;
	for (unsigned i = 0; i < size; i++)
		if (!access_byte(v, &mode, GLA(mode.levels >= 4 ? gla + i : (uint32_t)(gla + i)), bytes ? &bytes[i] : NULL, access))
			return false;
	return true;
}

static void write_controls(struct ept_vmm *v)
{
	struct vmm *vmm = &v->vmm;
	vmm_write(vmm, PROC2_CONTROLS, vmm_read(vmm, PROC2_CONTROLS) | CTL(PROC2, EPT) | CTL(PROC2, UNRESTRICTED) | CTL(PROC2, VPID));
	vmm_write(vmm, VPID, GUEST_VPID);
	vmm_write(vmm, EPTP, ept_map_eptp(&v->map, true));
	vmm->row[EXIT_EPT_VIOLATION].handler = violation;
	vmm->row[EXIT_MONITOR_TRAP_FLAG].handler = stepped;
	vmm->access = guest_access;
	vmm->own = v;
}

static int prepare(struct ept_vmm *v, struct cpu *cpu)
{
	const struct ept_vmm_config *c = &v->config;
	hpa_t own[FRAMES_OWN]; /* VMXON region, VMCS, MSR bitmaps */
	ept_pool_init(&v->pool, cpu->mem, c->loaded_end);
	v->pool.caches = cpu->mmu.env.caches;
	for (unsigned i = 0; i < FRAMES_OWN; i++)
		if (!ept_pool_frame(&v->pool, &own[i]))
			return -ERR_NOMEM;
	if (!ept_map_init(&v->map, &v->pool, c->levels))
		return -ERR_NOMEM;
	cpu->ev.n[EV_EPT_TABLES] += v->map.tables;
	vmm_init(&v->vmm, cpu, "EPT", own[0].u, own[1].u, own[2].u);
	v->vmm.devices = c->devices;
	write_controls(v);
	return c->log_dirty ? ept_vmm_log_dirty(v) : 0;
}

int ept_vmm_start(struct ept_vmm *v, struct cpu *cpu, const struct ept_vmm_config *config)
{
	*v = (struct ept_vmm){.config = *config};
	unsigned shift = config->page_shift;
	if ((shift != PAGE_SHIFT && shift != PAGE_SHIFT_2M && shift != PAGE_SHIFT_1G) || (config->levels != 4 && config->levels != 5))
		return -ERR_ARG;
	mem_narrow(&v->guest, config->guest_ram);
	if (config->loaded_end) {
		shift = shift_for(v, config->loaded_end - 1);
		v->config.loaded_end = (config->loaded_end + BIT(shift) - 1) & ~(BIT(shift) - 1);
	}
	int err = prepare(v, cpu);
	if (err)
		return err;
	return vmm_start(&v->vmm) ? 0 : -ERR_FORMAT;
}

void ept_vmm_free(struct ept_vmm *v)
{
	free(v->dirty);
	v->dirty = NULL;
}
