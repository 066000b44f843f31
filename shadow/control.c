/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's control registers and EFER, as it sees them, and what the processor has in their place (SDM 3A, "Control Registers"; 3C,
 * "Guest/Host Masks and Read Shadows for CR0 and CR4"). The checks and invalidations are those of MOV CR and WRMSR.
 *
 *     guest's paging     the processor's                CR3
 *     none, 32-bit, PAE  PAE                            the one PDPT, whose four entries change with the guest's
 *     4-level, 5-level   the same                       shadow page of the guest's top table, and the guest's PCID
 *
 * The processor always has CR0.PE, WP and PG and EFER.NXE set (so that page faults always tell fetches), CR4.PAE and CR4.VMXE.
 * Real-address mode: see real.c.
 */
#include "shadow/shadow.h"

#include "vmx/intercept_cr.h"
#include "vmx/offer.h"

#include <string.h>

#define CR0_OWNED (CR0_PE | CR0_NE | CR0_WP | CR0_NW | CR0_CD | CR0_PG)
#define CR4_NOT_PAGED (CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_PCIDE | CR4_LA57)
#define CR3_PAE_TABLE BITS(31, 5)
enum { TSS16_AVAILABLE = 1, TSS16_BUSY = 3 };

static uint64_t gpr(const struct vmm *vmm, unsigned reg)
{
	return reg == RSP ? vmm->cpu->vmx->vmcs.guest_rsp : vmm->cpu->gpr[reg];
}

static enum vmm_result gp(struct vmm *vmm)
{
	vmm_inject(vmm, VEC_GP, true, 0);
	return VMM_RETRY;
}

static bool in_64bit_code(struct shadow *s)
{
	return (s->efer & EFER_LMA) && (vmm_read(&s->vmm, GUEST_CS_AR) & AR_L);
}

/* ---- what the processor gets ---- */

static uint64_t real_cr4(const struct shadow *s)
{
	uint64_t cr4 = s->cr4 | CR4_PAE | CR4_VMXE;
	if (s->mode.levels == 0)
		return cr4 & ~CR4_NOT_PAGED;
	return s->mode.levels < 4 ? cr4 & ~(CR4_PSE | CR4_PKE | CR4_PCIDE | CR4_LA57) : cr4;
}

void control_root(struct shadow *s)
{
	struct vmm *vmm = &s->vmm;
	s->fills++;
	agile_apply(s);
	if (agile_root(s))
		return;
	if (s->mode.levels >= 4) {
		uint32_t root = fill_root(s);
		if (root != s->root || !s->page[root].linked)
			page_note_link(s, root);
		s->root = root;
		vmm_write(vmm, GUEST_CR3, page_hpa(s, s->root).u | pcid_of_guest(s, s->mode.pcid));
		return;
	}
	s->root = PAGE_ROOT;
	for (uint32_t slot = PAGE_ROOT * SLOTS; slot < PAGE_ROOT * SLOTS + 4; slot++)
		slot_write(s, slot, 0, 0);
	vmm_write(vmm, GUEST_CR3, page_hpa(s, PAGE_ROOT).u);
}

/* true if shadow entries made before may say more than those made from now on */
static bool role_differs(const struct paging_mode *a, const struct paging_mode *b)
{
	if (a->levels != b->levels || a->wp != b->wp || a->nxe != b->nxe || a->pse != b->pse)
		return true;
	return !a->wp && (a->smep != b->smep || a->smap != b->smap || a->pke != b->pke);
}

/* After any change of the registers. keep: the guest has invalidated nothing, so tables out of sync stay so, but hold what it wrote. */
static void apply(struct shadow *s, bool keep)
{
	struct vmm *vmm = &s->vmm;
	struct paging_regs regs = {.cr0 = s->cr0, .cr3 = s->cr3, .cr4 = s->cr4, .efer = s->efer, .pkru = s->cpu->pkru};
	struct paging_mode before = s->mode;
	bool long_mode = s->efer & EFER_LMA;
	memcpy(regs.pdpte, s->pdpte, sizeof(regs.pdpte));
	paging_decode(&s->mode, &regs);
	s->flush |= role_differs(&before, &s->mode);
	if (!s->mode.pcide && before.pcide)
		pcid_reset(s);
	if (keep)
		sync_all(s);
	else
		sync_resync_all(s);
	vmm_write(vmm, GUEST_CR0, s->cr0 | CR0_PE | CR0_NE | CR0_WP | CR0_PG);
	vmm_write(vmm, CR0_SHADOW, s->cr0);
	vmm_write(vmm, GUEST_CR4, real_cr4(s));
	vmm_write(vmm, CR4_SHADOW, s->cr4);
	vmm_write(vmm, GUEST_EFER,
		  (s->efer & EFER_SCE) | (agile_fits(s) ? s->efer & EFER_NXE : EFER_NXE) | (long_mode ? EFER_LME | EFER_LMA : 0));
	uint64_t entry = vmm_read(vmm, ENTRY_CONTROLS);
	vmm_write(vmm, ENTRY_CONTROLS, long_mode ? entry | CTL(ENTRY, GUEST_64) : entry & ~CTL(ENTRY, GUEST_64));
	control_root(s);
}

void control_start(struct shadow *s)
{
	struct vmm *vmm = &s->vmm;
	vmm_write(vmm, CR0_MASK, CR0_OWNED);
	vmm_write(vmm, CR4_MASK, ~0ull);
	vmm_trap_msr(vmm, VMM_MSR_EFER);
	pcid_reset(s);
	apply(s, false);
}

/* The bits that the guest owns may have changed without an exit. */
static void take_own_bits(struct shadow *s)
{
	s->cr0 = (s->cr0 & CR0_OWNED) | (vmm_read(&s->vmm, GUEST_CR0) & ~CR0_OWNED);
}

/* ---- the PDPTE registers ---- */

static bool pae_in_use(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LMA);
}

static bool load_pdptes(struct shadow *s, uint64_t cr3)
{
	uint64_t pdpte[4], table = cr3 & CR3_PAE_TABLE;
	vmm_touch(s->cpu, frame_hpa(s, GPA(table)), sizeof(pdpte));
	for (unsigned i = 0; i < 4; i++) {
		pdpte[i] = mem_read_entry(s->mem, frame_hpa(s, GPA(table + 8 * i)), 8);
		if (pdpte[i] & PTE_P && pdpte[i] & paging_pdpte_reserved())
			return false;
	}
	memcpy(s->pdpte, pdpte, sizeof(pdpte));
	return true;
}

/* ---- MOV to CR0, CR3, CR4 ---- */

static bool may_enter_long_mode(struct shadow *s)
{
	uint64_t ar = vmm_read(&s->vmm, GUEST_TR_AR), type = ar & AR_TYPE;
	bool tss16 = !(ar & AR_UNUSABLE) && (type == TSS16_AVAILABLE || type == TSS16_BUSY);
	return (s->cr4 & CR4_PAE) && !(vmm_read(&s->vmm, GUEST_CS_AR) & AR_L) && !tss16;
}

static bool change_pg(struct shadow *s, uint64_t cr0, uint64_t *efer)
{
	if (!((cr0 ^ s->cr0) & CR0_PG))
		return true;
	if (!(cr0 & CR0_PG)) {
		*efer &= ~EFER_LMA;
		return !in_64bit_code(s) && !(s->cr4 & CR4_PCIDE);
	}
	if (!(*efer & EFER_LME))
		return true;
	*efer |= EFER_LMA;
	return may_enter_long_mode(s);
}

static enum vmm_result write_cr0(struct shadow *s, uint64_t value)
{
	const uint64_t cr0 = (value & CR0_OFFERED) | CR0_ET, changed = cr0 ^ s->cr0;
	uint64_t efer = s->efer;
	if (value >> 32 || (cr0 & CR0_PG && !(cr0 & CR0_PE)) || (cr0 & CR0_NW && !(cr0 & CR0_CD)) || !change_pg(s, cr0, &efer))
		return gp(&s->vmm);
	if (changed & (CR0_PG | CR0_CD | CR0_NW) && pae_in_use(cr0, s->cr4, efer) && !load_pdptes(s, s->cr3))
		return gp(&s->vmm);
	s->cr0 = cr0;
	s->efer = efer;
	s->flush |= (changed & CR0_PG) != 0;
	if (!(cr0 & CR0_PE)) {
		vmm_advance(&s->vmm);
		return real_enter(s);
	}
	apply(s, false);
	return VMM_RESUME;
}

static enum vmm_result write_cr3(struct shadow *s, uint64_t value)
{
	const bool pcide = s->cr4 & CR4_PCIDE, keep = pcide && value & CR3_NO_FLUSH;
	const uint64_t cr3 = pcide ? value & ~CR3_NO_FLUSH : value;
	s->cpu->ev.n[EV_SHADOW_CR3_EXITS]++;
	shadow_note(s, SHADOW_CR3_EXIT, 0, s->cr3, value);
	if (cr3 & CR3_RESERVED || (pae_in_use(s->cr0, s->cr4, s->efer) && !load_pdptes(s, cr3)))
		return gp(&s->vmm);
	s->cr3 = cr3;
	apply(s, keep);
	if (pcide && !keep)
		pcid_invalidate(s, s->mode.pcid);
	else if (!keep)
		inval_nonglobal(s);
	return VMM_RESUME;
}

static bool cr4_valid(const struct shadow *s, uint64_t cr4)
{
	const uint64_t changed = cr4 ^ s->cr4;
	bool long_mode = s->efer & EFER_LMA;
	if (cr4 & ~CR4_OFFERED)
		return false;
	if (changed & cr4 & CR4_PCIDE && (!long_mode || s->cr3 & CR3_PCID))
		return false;
	return !long_mode || (cr4 & CR4_PAE && !(changed & CR4_LA57));
}

static enum vmm_result write_cr4(struct shadow *s, uint64_t cr4)
{
	const uint64_t changed = cr4 ^ s->cr4;
	if (!cr4_valid(s, cr4))
		return gp(&s->vmm);
	if (changed & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP) && pae_in_use(s->cr0, cr4, s->efer) && !load_pdptes(s, s->cr3))
		return gp(&s->vmm);
	s->cr4 = cr4;
	s->flush |= changed & (CR4_PGE | CR4_PAE) || changed & ~cr4 & CR4_PCIDE || changed & cr4 & CR4_SMEP;
	apply(s, false);
	return VMM_RESUME;
}

static enum vmm_result mov_to_cr(struct shadow *s, unsigned cr, uint64_t value)
{
	if (!in_64bit_code(s))
		value = (uint32_t)value;
	switch (cr) {
	case 0:
		return write_cr0(s, value);
	case 3:
		return write_cr3(s, value);
	case 4:
		return write_cr4(s, value);
	default:
		return vmm_stop(&s->vmm, "shadow VMM: unexpected VM exit for MOV to CR%u", cr);
	}
}

static enum vmm_result mov_from_cr(struct shadow *s, unsigned cr, unsigned reg)
{
	uint64_t value = in_64bit_code(s) ? s->cr3 : (uint32_t)s->cr3;
	if (cr != 3)
		return vmm_stop(&s->vmm, "shadow VMM: unexpected VM exit for MOV from CR%u", cr);
	if (reg == RSP)
		vmm_write(&s->vmm, GUEST_RSP, value);
	else
		s->cpu->gpr[reg] = value;
	return VMM_RESUME;
}

enum vmm_result control_cr_access(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	const uint64_t q = vmm_read(vmm, EXIT_QUALIFICATION), msw = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	unsigned cr = q & 15, reg = FIELD(q, 11, 8);
	take_own_bits(s);
	switch (FIELD(q, 5, 4)) {
	case CR_ACCESS_MOV_TO:
		return mov_to_cr(s, cr, gpr(vmm, reg));
	case CR_ACCESS_MOV_FROM:
		return mov_from_cr(s, cr, reg);
	case CR_ACCESS_CLTS:
		return write_cr0(s, s->cr0 & ~CR0_TS);
	default:
		return write_cr0(s, (s->cr0 & ~(msw & ~CR0_PE)) | (FIELD(q, 31, 16) & msw));
	}
}

/* ---- EFER ---- */

static uint64_t edx_eax(const struct cpu *cpu)
{
	return cpu->gpr[RDX] << 32 | (uint32_t)cpu->gpr[RAX];
}

enum vmm_result control_rdmsr(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	if ((uint32_t)vmm->cpu->gpr[RCX] != VMM_MSR_EFER)
		return s->common_rdmsr(vmm);
	vmm->cpu->gpr[RAX] = (uint32_t)s->efer;
	vmm->cpu->gpr[RDX] = s->efer >> 32;
	return VMM_RESUME;
}

enum vmm_result control_wrmsr(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	uint64_t value = edx_eax(vmm->cpu);
	if ((uint32_t)vmm->cpu->gpr[RCX] != VMM_MSR_EFER)
		return s->common_wrmsr(vmm);
	take_own_bits(s);
	if (value & ~EFER_OFFERED || ((value ^ s->efer) & EFER_LME && s->cr0 & CR0_PG) ||
	    (value & EFER_NXE && vmm->cpu->misc_enable & MISC_ENABLE_XD_DISABLE))
		return gp(vmm);
	s->efer = (value & ~EFER_LMA) | (s->efer & EFER_LMA);
	apply(s, false);
	return VMM_RESUME;
}
