/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agile paging (Gandhi, Hill, Swift: "Agile Paging: Exceeding the Best of Nested and Shadow Paging", ISCA 2016): walks begin in shadow
 * tables, and switch to nested ones where the guest's tables change. The shadow entry above a table that is written often refers to the
 * guest's own table, with the switching bit; from there on the processor's walk goes through the guest's tables and the host's (host.c),
 * and stores to them exit no more:
 *
 *     CR3 -> [shadow] -> [shadow] -> [shadow, switch] -> guest's PT -> host's 4 levels -> page       8 references instead of 4 or 24
 *
 * As in the paper, a table goes over with its second write within an interval, and all below it with it, and comes back when it was not
 * written for an interval. There the host's dirty flags tell; CHOICE: here a sum of its entries, without accessed and dirty flags, since
 * with EPT's own flags on, walks count as writes to tables (SDM 3C, "Accessed and Dirty Flags for EPT").
 * LIMIT: no processor walks so. The nested part obeys the processor's CR0, CR4 and EFER, so these must be the guest's: it needs 4- or
 * 5-level paging with CR0.WP set. In any other mode the guest has shadow tables only, and EPT is off. A page fault of the nested part,
 * which is the guest's own, causes no VM exit.
 */
#include "shadow/shadow.h"

#define QUAL_WRITE BIT(1)
#define QUAL_GLA_VALID BIT(7)
#define QUAL_FINAL BIT(8)
#define QUAL_NMI_UNBLOCKED BIT(12)

/* ---- when, and with what ---- */

bool agile_fits(const struct shadow *s)
{
	const struct paging_mode *m = &s->mode;
	bool fetches_are_told = m->nxe || m->smep || (!m->smap && !m->pke); /* by error codes, or what permits reads permits them */
	return s->config.agile && m->levels >= 4 && m->wp && fetches_are_told;
}

bool agile_is_nested(const struct shadow *s, hpa_t table)
{
	uint64_t gfn = table.u >> PAGE_SHIFT;
	return s->agile && frame_is_ram(s, gfn) && s->frame[gfn].nested;
}

bool agile_root(struct shadow *s)
{
	hpa_t table = frame_hpa(s, s->mode.root);
	if (!agile_is_nested(s, table))
		return false;
	s->root = 0;
	s->stale_nested = true;
	mmu_set_switch(&s->cpu->mmu, SPTE_SWITCH, (uint8_t)s->mode.levels);
	vmm_write(&s->vmm, GUEST_CR3, page_base(table.u) | pcid_of_guest(s, s->mode.pcid));
	return true;
}

/* ---- from shadow to nested and back ---- */

/* Of the entries, without accessed and dirty flags. */
static uint64_t sum_of(const struct shadow *s, uint64_t gfn)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		sum = (sum ^ (mem_read_entry(s->mem, HPA((gfn << PAGE_SHIFT) + 8 * i), 8) & ~(PTE_A | PTE_D))) * 0x9e3779b97f4a7c15ull;
	vmm_touch(s->cpu, HPA(gfn << PAGE_SHIFT), PAGE_SIZE);
	return sum;
}

/* A page, and those below it that nothing else refers to. */
static void zap_below(struct shadow *s, uint32_t page)
{
	uint32_t child[SLOTS];
	unsigned children = 0;
	for (uint32_t slot = page * SLOTS; slot < (page + 1) * SLOTS; slot++) {
		uint64_t e = slot_read(s, slot);
		if (e & PTE_P && !(e & (SPTE_LEAF | SPTE_SWITCH)))
			child[children++] = page_number(s, e);
	}
	page_zap(s, page);
	for (unsigned i = 0; i < children; i++)
		if (s->page[child[i]].used && !s->page[child[i]].parents && child[i] != s->root)
			zap_below(s, child[i]);
}

static void nest(struct shadow *s, uint64_t gfn)
{
	bool root = frame_hpa(s, s->mode.root).u >> PAGE_SHIFT == gfn;
	s->frame[gfn].nested = true;
	s->nested[s->nesteds++] = (struct shadow_nested){.gfn = gfn, .sum = sum_of(s, gfn)};
	if (root)
		s->root = 0;
	for (uint32_t p; (p = page_of_table(s, gfn, 0));)
		zap_below(s, p);
	s->cpu->ev.n[EV_AGILE_NESTS]++;
	shadow_note(s, SHADOW_NEST, gfn << PAGE_SHIFT, 0, 0);
	if (root)
		control_root(s);
}

static void take_back(struct shadow *s, unsigned i)
{
	uint64_t gfn = s->nested[i].gfn;
	s->nested[i] = s->nested[--s->nesteds];
	s->frame[gfn].nested = false;
	while (s->frame[gfn].switches)
		slot_write(s, s->frame[gfn].switches, 0, 0);
	s->flush = true;
	s->cpu->ev.n[EV_AGILE_RETURNS]++;
	shadow_note(s, SHADOW_RETURN, gfn << PAGE_SHIFT, 0, 0);
}

void agile_take_back_all(struct shadow *s)
{
	while (s->nesteds)
		take_back(s, s->nesteds - 1);
}

/* The processor's walker, for the guest's mode as it is now. */
void agile_apply(struct shadow *s)
{
	struct vmm *vmm = &s->vmm;
	bool on = agile_fits(s);
	mmu_set_switch(&s->cpu->mmu, on ? SPTE_SWITCH : 0, SWITCH_NONE);
	if (on == s->agile)
		return;
	agile_take_back_all(s); /* no entry with the switching bit where it means nothing */
	uint64_t controls = vmm_read(vmm, PROC2_CONTROLS) & ~CTL(PROC2, EPT);
	vmm_write(vmm, PROC2_CONTROLS, controls | (on ? CTL(PROC2, EPT) : 0));
	vmm_write(vmm, EPTP, host_eptp(s));
	s->agile = on;
	s->flush = true;
}

bool agile_note_write(struct shadow *s, uint64_t gfn)
{
	struct shadow_frame *f = &s->frame[gfn];
	uint64_t now = s->cpu->clock + 1, last = f->written;
	f->written = now;
	if (!s->agile || f->never_nested || !last || now - last >= s->config.interval || s->nesteds == ARRAY_LEN(s->nested))
		return false;
	nest(s, gfn);
	return true;
}

/* After each VM exit. */
void agile_look(struct shadow *s)
{
	if (!s->agile || s->cpu->clock - s->looked < s->config.interval)
		return;
	bool root = !s->root;
	s->looked = s->cpu->clock;
	for (unsigned i = 0; i < s->nesteds; i++) {
		uint64_t sum = sum_of(s, s->nested[i].gfn);
		if (sum == s->nested[i].sum)
			take_back(s, i--);
		else
			s->nested[i].sum = sum;
	}
	if (root)
		control_root(s);
}

/* ---- violations of the host's page table ---- */

/* A guest's table or page that the host's table does not map: whatever leads there has shadow tables from now on, which can map it. */
static void give_up(struct shadow *s, gla_t gla)
{
	struct guest_walk gw;
	guest_walk(s, gla, ACC_READ, &gw);
	for (unsigned level = gw.top; level >= gw.w.level && level; level--)
		for (unsigned i = 0; i < s->nesteds; i++)
			if (s->nested[i].gfn == gw.ref[level].hpa.u >> PAGE_SHIFT) {
				s->frame[s->nested[i].gfn].never_nested = true;
				take_back(s, i--);
			}
	if (!s->root)
		control_root(s);
}

/* The processor could not set a flag of an entry that it has used: accessed first, then dirty. */
static void set_flag(struct shadow *s, hpa_t entry)
{
	mem_or_entry(s->mem, entry, mem_read_entry(s->mem, entry, 8) & PTE_A ? PTE_D : PTE_A, 8);
}

enum vmm_result agile_violation(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	uint64_t q = vmm_read(vmm, EXIT_QUALIFICATION), gpa = vmm_read(vmm, GUEST_PHYSICAL_ADDR);
	gla_t gla = GLA(vmm_read(vmm, GUEST_LINEAR_ADDR));
	bool ram = frame_is_ram(s, gpa >> PAGE_SHIFT);
	if (q & QUAL_NMI_UNBLOCKED)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, vmm_read(vmm, GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
	if (!(q & QUAL_GLA_VALID))
		return vmm_stop(vmm, "agile paging: EPT violation without a linear address");
	s->fault_gla = gla.u;
	if (!ram || !(q & QUAL_WRITE) || host_permits_write(s, gpa >> PAGE_SHIFT)) {
		if (!ram)
			give_up(s, gla);
		return shadow_retry(vmm);
	}
	if (!(q & QUAL_FINAL)) {
		set_flag(s, HPA(gpa));
		return shadow_retry(vmm);
	}
	s->fault_error = PF_P | PF_W;
	struct guest_walk gw = {.w = {.gpa = GPA(gpa), .hpa = HPA(gpa)}};
	return write_fault(s, gla, &gw) ? VMM_RETRY : shadow_retry(vmm);
}
