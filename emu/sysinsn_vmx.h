/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VMX, which lies below, takes from the MSRs and the bus. */
#ifndef EMU_SYSINSN_VMX_H
#define EMU_SYSINSN_VMX_H

#include "emu/bus.h"
#include "vmx/vmx.h"

/* Fills the hooks for MSR areas and the interrupt acknowledge. */
void sysinsn_vmx_attach(struct vmx *vmx, struct bus *bus);

#endif
