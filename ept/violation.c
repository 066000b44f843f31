/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EPT violations: the whole exit qualification (SDM 3C, "Exit Qualification for EPT Violations", advanced information included), and
 * their conversion to virtualization exceptions (3C, "Virtualization Exceptions").
 *
 *     virtualization-exception information:   0 exit reason (32 bits)      4 FFFFFFFFH while one is being handled
 *     8 exit qualification     16 guest-linear address     24 guest-physical address     32 EPTP index (16 bits)
 *
 * CHOICE: the guest-linear address is 0 in an EPT violation without one (bit 7 clear); an information area outside RAM reads as all
 * ones, so that its violations exit.
 * CHOICE: in the qualification that a #VE saves, bit 12 (NMI unblocking) is 0.
 */
#include "ept/violation.h"

#include "vmx/exit.h"

enum ve_info { VE_REASON = 0, VE_BUSY = 4, VE_QUALIFICATION = 8, VE_GLA = 16, VE_GPA = 24, VE_EPTP_INDEX = 32 };

uint64_t ept_qualification(const struct second *fail, const struct walk *walk)
{
	uint64_t qualification = fail->qualification;
	if (!walk)
		return qualification;
	qualification |= QUAL_EPT_GLA_VALID;
	if (walk->fail_is_table)
		return qualification;
	qualification |= QUAL_EPT_FINAL;
	qualification |= walk->rights & RIGHT_U ? QUAL_EPT_GUEST_USER : 0;
	qualification |= walk->rights & RIGHT_W ? QUAL_EPT_GUEST_WRITE : 0;
	qualification |= walk->rights & RIGHT_NX ? QUAL_EPT_GUEST_XD : 0;
	return qualification;
}

/* SDM 3C, "Convertible EPT Violations" and the conditions of "Virtualization-Exception Information" */
static bool converts(const struct cpu *cpu, const struct second *fail)
{
	const struct vmx *vmx = cpu->vmx;
	if (fail->exit_reason != EXIT_EPT_VIOLATION || !fail->convertible || !vmx_proc2(vmx, CTL(PROC2, VE)))
		return false;
	if (!cpu_protected(cpu) || cpu->delivery.active)
		return false;
	return mem_read_entry(cpu->mem, HPA(vmx->vmcs.ve_info_addr + VE_BUSY), 4) == 0;
}

static bool raise_ve(struct cpu *cpu, uint64_t qualification, gpa_t gpa, gla_t gla)
{
	const struct vmcs *v = &cpu->vmx->vmcs;
	uint64_t info = v->ve_info_addr;
	mem_write(cpu->mem, HPA(info + VE_REASON), EXIT_EPT_VIOLATION, 4);
	mem_write(cpu->mem, HPA(info + VE_BUSY), 0xffffffff, 4);
	mem_write(cpu->mem, HPA(info + VE_QUALIFICATION), qualification, 8);
	mem_write(cpu->mem, HPA(info + VE_GLA), gla.u, 8);
	mem_write(cpu->mem, HPA(info + VE_GPA), gpa.u, 8);
	mem_write(cpu->mem, HPA(info + VE_EPTP_INDEX), v->eptp_index, 2);
	return raise_exception(cpu, VEC_VE);
}

bool ept_failed(struct cpu *cpu, const struct second *fail, gpa_t gpa, const struct walk *walk, gla_t gla)
{
	bool violation = fail->exit_reason == EXIT_EPT_VIOLATION;
	uint64_t qualification = violation ? ept_qualification(fail, walk) : 0;
	if (converts(cpu, fail))
		return raise_ve(cpu, qualification, gpa, gla);
	raise_vm_exit(cpu, fail->exit_reason, qualification);
	cpu->pending.exit_gla = violation && walk ? gla.u : 0;
	cpu->pending.exit_gpa = fail->exit_reason == EXIT_PML_FULL ? 0 : gpa.u;
	return false;
}
