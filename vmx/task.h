/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The task-state segment: stack pointers for inner privilege levels, and the checks before a hardware task switch (SDM 3A, "Task
 * Management", "Stack Switching"). LIMIT: the task switch itself is not modelled; it ends the run with a clear line, or, in VMX non-root
 * operation, is the VM exit that it always is there.
 */
#ifndef VMX_TASK_H
#define VMX_TASK_H

#include "vmx/segment.h"
#include "vmx/stack.h"

/* as the exit qualification encodes the source (SDM 3C, "Exit Qualification for Task Switches") */
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_IDT_GATE };

/*
 * A switch to the task of a TSS selector found in a task gate, by CALL or JMP itself, or in the back link. Checks what faults before the
 * switch, then fails in any case: with the fault, the VM exit, or the stop. Always returns false.
 */
bool task_switch(struct cpu *cpu, uint16_t selector, enum task_source source);
/*
 * The stack for privilege level cpl from the current TSS. Faults: TSS too small, and what is wrong with SS, #TS; SS not present #SS.
 * The 64-bit form gives RSP only, as SS becomes null; ist 1..7 takes that entry instead of RSPn.
 */
bool task_stack(struct cpu *cpu, unsigned cpl, struct stack *stack);
bool task_stack_64(struct cpu *cpu, unsigned cpl, unsigned ist, uint64_t *rsp);

#endif
