/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a failed EPT walk: VM exit by EPT violation, EPT misconfiguration or full page-modification log, or a virtualization
 * exception.
 */
#ifndef EPT_VIOLATION_H
#define EPT_VIOLATION_H

#include "ept/eptp.h"

/* The exit qualification of an EPT violation, but for bit 12, which vmx_exit adds. walk: as of ept_failed. */
uint64_t ept_qualification(const struct second *fail, const struct walk *walk);

/* Of struct vmx_hooks: see there. Returns false. */
bool ept_failed(struct cpu *cpu, const struct second *fail, gpa_t gpa, const struct walk *walk, gla_t gla);

#endif
