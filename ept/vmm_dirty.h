/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty logging of the EPT VMM, by page-modification logging. */
#ifndef EPT_VMM_DIRTY_H
#define EPT_VMM_DIRTY_H

#include "ept/vmm.h"

/* Turns page-modification logging on. 0 or -ERR_NOMEM. */
int ept_vmm_log_dirty(struct ept_vmm *v);

#endif
