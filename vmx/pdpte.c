/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PDPTE registers (SDM 3A, "PDPTE Registers"; 3C, "EPT Violations" for the qualification: no linear address is valid). */
#include "vmx/pdpte.h"

#include "mmu/pte.h"
#include "vmx/vmx.h"

#include <string.h>

#define CR3_PAE_TABLE BITS(31, 5)

bool pdpte_reserved(const uint64_t pdpte[4])
{
	for (unsigned i = 0; i < 4; i++)
		if ((pdpte[i] & PTE_P) && (pdpte[i] & paging_pdpte_reserved()))
			return true;
	return false;
}

struct pdpte_read pdpte_read(struct cpu *cpu, uint64_t cr3)
{
	const struct walk_env *env = &cpu->mmu.env;
	struct pdpte_read result = {.status = PDPTE_OK, .gpa = GPA(cr3 & CR3_PAE_TABLE)};
	hpa_t table = HPA(result.gpa.u);

	if (env->second) {
		/* the table is 32 bytes, aligned: one translation serves all four */
		result.fail = mmu_second(&cpu->mmu, result.gpa);
		if (!result.fail.ok) {
			result.status = PDPTE_SECOND;
			return result;
		}
		table = result.fail.hpa;
	}
	if (env->caches && mem_is_ram(cpu->mem, table, sizeof result.pdpte))
		caches_data(env->caches, table);
	for (unsigned i = 0; i < 4; i++)
		result.pdpte[i] = mem_read_entry(cpu->mem, HPA(table.u + 8 * i), 8);
	if (pdpte_reserved(result.pdpte))
		result.status = PDPTE_RESERVED;
	return result;
}

bool pdpte_load(struct cpu *cpu, uint64_t cr3)
{
	struct pdpte_read read = pdpte_read(cpu, cr3);

	if (read.status == PDPTE_RESERVED)
		return raise_error(cpu, VEC_GP, 0);
	if (read.status == PDPTE_SECOND)
		return cpu->vmx->hooks.ept_failed(cpu, &read.fail, read.gpa, NULL, GLA(0));
	memcpy(cpu->pdpte, read.pdpte, sizeof cpu->pdpte);
	return true;
}
