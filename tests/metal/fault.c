/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Catches faults in VMX root operation. */
#include "fault.h"
#include "finish.h"
#include "line.h"
#include "trap.h"

u64 fault_resume, fault_vector = FAULT_NONE, fault_error;

void trap(struct trap *t)
{
	fault_vector = t->vector;
	fault_error = t->error;
	if (!fault_resume) {
		line("unexpected fault: vector %lu error %lx rip %lx cr2 %lx\n", t->vector, t->error, t->rip, read_cr2());
		finish(1);
	}
	t->rip = fault_resume;
	fault_resume = 0;
}
