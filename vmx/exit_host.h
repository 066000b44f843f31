/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The half of a VM exit that loads the host's state. */
#ifndef VMX_EXIT_HOST_H
#define VMX_EXIT_HOST_H

#include "vmx/vmx.h"

/* Loads the host-state area; false if the host's PDPTEs are invalid, with the rest loaded. */
bool exit_load_host(struct cpu *cpu);

#endif
