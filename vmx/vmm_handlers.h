/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit handlers that the built-in VMMs have in common. */
#ifndef VMX_VMM_HANDLERS_H
#define VMX_VMM_HANDLERS_H

#include "vmx/vmm.h"

enum { VMM_MSR_FEATURE_CONTROL = 0x3a };

/* Every row of the table, by reason. */
void vmm_handlers_fill(struct vmm_row row[VMX_REASONS]);

#endif
