/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The task-state segment. See vmx/task.h.
 */
#include "vmx/task.h"

enum { REASON_TASK_SWITCH = 9, TSS_LIMIT_MIN = 0x67, TSS16_LIMIT_MIN = 0x2b };

static bool switch_now(struct cpu *cpu, uint16_t selector, enum task_source source)
{
	static const char *const why[] = {
	    [TASK_CALL] = "hardware task switch (CALL) is not modelled",
	    [TASK_IRET] = "hardware task switch (IRET with NT set) is not modelled",
	    [TASK_JMP] = "hardware task switch (JMP) is not modelled",
	    [TASK_IDT_GATE] = "hardware task switch (task gate in the IDT) is not modelled",
	};

	if (cpu->vmx_op == VMX_NONROOT)
		return raise_vm_exit(cpu, REASON_TASK_SWITCH, selector | (uint64_t)source << 30);
	return raise_stop(cpu, why[source]);
}

/*
 * SDM 3A, "Task Switching" and the table "Invalid TSS Conditions". CHOICE: a 16-bit TSS is long enough with limit 2BH, which holds its 44
 * bytes, though that table says 2CH.
 */
static bool is_long_enough(const struct descriptor *d)
{
	bool wide = descriptor_type(d) & 8;

	return descriptor_segment(d).limit >= (wide ? TSS_LIMIT_MIN : TSS16_LIMIT_MIN);
}

/* An available TSS; a busy one for IRET. */
static bool is_tss(const struct descriptor *d, bool busy)
{
	unsigned type = descriptor_type(d);

	if (!descriptor_is_system(d))
		return false;
	return busy ? type == TYPE_TSS16_BUSY || type == TYPE_TSS_BUSY : type == TYPE_TSS16_AVAILABLE || type == TYPE_TSS_AVAILABLE;
}

bool task_switch(struct cpu *cpu, uint16_t selector, enum task_source source)
{
	enum vector vector = source == TASK_IRET ? VEC_TS : VEC_GP;
	struct descriptor d;

	if ((selector & 4) || selector_is_null(selector))
		return raise_error(cpu, vector, selector_error(selector));
	if (!descriptor_read(cpu, selector, vector, &d))
		return false;
	if (!is_tss(&d, source == TASK_IRET))
		return raise_error(cpu, vector, selector_error(selector));
	if (!descriptor_present(&d))
		return raise_error(cpu, VEC_NP, selector_error(selector));
	if (!is_long_enough(&d))
		return raise_error(cpu, VEC_TS, selector_error(selector));
	return switch_now(cpu, selector, source);
}

/* One field of the TSS that a change of privilege level reads. */
static bool read_tss(struct cpu *cpu, unsigned offset, unsigned size, uint64_t *value)
{
	uint64_t gla = cpu->tr.base + offset;

	return linear_read(cpu, GLA(cpu_long_mode(cpu) ? gla : (uint32_t)gla), size, ACC_READ | ACC_IMPLICIT, value);
}

/* The 16-bit TSS has SP and SS, the 32-bit one ESP and SS, for levels 0..2. */
bool task_stack(struct cpu *cpu, unsigned cpl, struct stack *stack)
{
	unsigned size = cpu->tr.ar & 8 ? 4 : 2;
	unsigned offset = size * (2 * cpl + 1);
	uint64_t rsp, selector;
	struct descriptor d;
	struct segment ss;

	if (offset + size + 1 > cpu->tr.limit)
		return raise_error(cpu, VEC_TS, selector_error(cpu->tr.selector));
	if (!read_tss(cpu, offset, size, &rsp) || !read_tss(cpu, offset + size, 2, &selector))
		return false;
	if (!segment_check_stack(cpu, (uint16_t)selector, cpl, VEC_TS, false, &d) || !segment_stack(cpu, &d, &ss))
		return false;
	*stack = stack_new(cpu, &ss, rsp, cpl, false);
	stack->error = selector_error((uint16_t)selector);
	return true;
}

bool task_stack_64(struct cpu *cpu, unsigned cpl, unsigned ist, uint64_t *rsp)
{
	unsigned offset = ist ? 28 + 8 * ist : 4 + 8 * cpl;

	if (offset + 7 > cpu->tr.limit)
		return raise_error(cpu, VEC_TS, selector_error(cpu->tr.selector));
	return read_tss(cpu, offset, 8, rsp);
}
