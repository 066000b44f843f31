/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as the lines that KVM's tracepoints leave in ftrace: VM exits and entries with what KVM tells of them. Times are those of the
 * model, a cycle taken as a nanosecond.
 *
 * LIMIT: string I/O has no kvm_pio line; hypercalls, the APIC's and the PIC's tracepoints have none.
 */
#include "emu/trace_export.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

struct ftrace {
	struct trace_record exit; /* the last VM exit */
	bool exited;
};

enum { CR_TO = 0, CR_FROM = 1, CR_CLTS = 2, CR_LMSW = 3 };

static __attribute__((format(printf, 4, 5))) void line(struct trace_export *x, const struct trace_record *r, const char *event,
						       const char *format, ...)
{
	va_list args;

	fprintf(x->out, "          vtxray-1       [000] ..... %5" PRIu64 ".%06" PRIu64 ": %s: ", r->cycle / 1000000000,
		r->cycle / 1000 % 1000000, event);
	va_start(args, format);
	vfprintf(x->out, format, args);
	va_end(args);
	fputc('\n', x->out);
}

static bool ftrace_begin(struct trace_export *x)
{
	fputs("# tracer: nop\n#\n#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n#              | |         |   |||||     |     "
	      "    |\n",
	      x->out);
	return (x->state = calloc(1, sizeof(struct ftrace))) != NULL;
}

/* The error code that KVM makes of the qualification: present, write, user (of a read), fetch. */
static unsigned ept_error_code(uint64_t qualification)
{
	return (qualification & 0x38 ? 1u : 0u) | (qualification & 2 ? 2u : 0u) | (qualification & 1 ? 4u : 0u) |
	       (qualification & 4 ? 16u : 0u);
}

static uint64_t io_value(const struct trace_record *exit, uint64_t rax)
{
	unsigned size = (unsigned)FIELD(exit->qualification, 2, 0) + 1;
	return size >= 8 ? rax : rax & (BIT(8 * size) - 1);
}

static void put_io(struct trace_export *x, const struct trace_record *at, const struct trace_record *exit)
{
	uint64_t q = exit->qualification;

	if (q & BIT(4)) /* INS, OUTS */
		return;
	line(x, at, "kvm_pio", "pio_%s at 0x%x size %d count %d val 0x%x ", q & BIT(3) ? "read" : "write", (unsigned)FIELD(q, 31, 16),
	     (int)FIELD(q, 2, 0) + 1, 1, (unsigned)io_value(exit, at->rax));
}

static void put_exit(struct trace_export *x, const struct trace_record *r)
{
	unsigned reason = r->code & 0xffff;
	uint64_t q = r->qualification;

	line(x, r, "kvm_exit",
	     "vcpu 0 reason %s%s rip 0x%" PRIx64 " info1 0x%016" PRIx64 " info2 0x%016" PRIx64 " intr_info 0x%08x error_code 0x%08x",
	     exit_name(reason), r->code >> 31 ? " FAILED_VMENTRY" : "", r->rip, q, (uint64_t)r->idt_info, r->intr_info, r->intr_error);
	if (reason == EXIT_EPT_VIOLATION)
		line(x, r, "kvm_page_fault", "address %" PRIx64 " error_code %x", r->gpa, ept_error_code(q));
	if (reason == EXIT_EXCEPTION_NMI && FIELD(r->intr_info, 7, 0) == VEC_PF && FIELD(r->intr_info, 10, 8) == EVTYPE_HARDWARE)
		line(x, r, "kvm_page_fault", "address %" PRIx64 " error_code %x", q, r->intr_error);
	if (reason == EXIT_CR_ACCESS && FIELD(q, 5, 4) == CR_TO)
		line(x, r, "kvm_cr", "cr_write %x = 0x%" PRIx64, (unsigned)FIELD(q, 3, 0), r->value);
	if (reason == EXIT_CR_ACCESS && FIELD(q, 5, 4) == CR_LMSW)
		line(x, r, "kvm_cr", "cr_write 0 = 0x%x", (unsigned)FIELD(q, 31, 16));
	if (reason == EXIT_IO_INSTRUCTION && !(q & BIT(3)))
		put_io(x, r, r);
}

static const char *exception_name(unsigned vector)
{
	static const char *const names[] = {"#DE", "#DB", "#NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "#9",
					    "#TS", "#NP", "#SS",  "#GP", "#PF", "#15", "#MF", "#AC", "#MC"};
	return vector < ARRAY_LEN(names) ? names[vector] : "#?";
}

static void put_injected(struct trace_export *x, const struct trace_record *r)
{
	unsigned vector = (unsigned)FIELD(r->intr_info, 7, 0), type = (unsigned)FIELD(r->intr_info, 10, 8);

	if (type == EVTYPE_EXTERNAL)
		line(x, r, "kvm_inj_virq", "irq %u", vector);
	else if (type == EVTYPE_HARDWARE)
		line(x, r, "kvm_inj_exception", "%s (0x%x)", exception_name(vector), r->intr_error);
}

/* What the VMM did about an exit that reads is seen when the guest goes on. An MSR access that injects #GP has failed. */
static void put_answer(struct trace_export *x, const struct trace_record *exit, const struct trace_record *r)
{
	unsigned reason = exit->code & 0xffff;
	bool fault = r->intr_info & INTR_VALID && FIELD(r->intr_info, 7, 0) == VEC_GP && FIELD(r->intr_info, 10, 8) == EVTYPE_HARDWARE;
	bool write = reason == EXIT_MSR_WRITE;
	uint64_t value = write ? (exit->rdx << 32 | (uint32_t)exit->rax) : (r->rdx << 32 | (uint32_t)r->rax);

	if (write || reason == EXIT_MSR_READ)
		line(x, r, "kvm_msr", "msr_%s %x = 0x%" PRIx64 "%s", write ? "write" : "read", (unsigned)exit->rcx,
		     fault && !write ? 0 : value, fault ? " (#GP)" : "");
	if (reason == EXIT_CR_ACCESS && FIELD(exit->qualification, 5, 4) == CR_FROM)
		line(x, r, "kvm_cr", "cr_read %x = 0x%" PRIx64, (unsigned)FIELD(exit->qualification, 3, 0), r->value);
	if (reason == EXIT_IO_INSTRUCTION && exit->qualification & BIT(3))
		put_io(x, r, exit);
	if (reason == EXIT_CPUID)
		line(x, r, "kvm_cpuid", "func %x idx %x rax %" PRIx64 " rbx %" PRIx64 " rcx %" PRIx64 " rdx %" PRIx64 ", cpuid entry found",
		     (unsigned)exit->rax, (unsigned)exit->rcx, r->rax, r->rbx, r->rcx, r->rdx);
}

static void ftrace_put(struct trace_export *x, const struct trace_record *r)
{
	struct ftrace *f = x->state;

	if (r->kind == TRACE_EXIT) {
		put_exit(x, r);
		f->exit = *r;
		f->exited = true;
	}
	if (r->kind != TRACE_ENTRY)
		return;
	if (f->exited)
		put_answer(x, &f->exit, r);
	f->exited = false;
	if (r->intr_info & INTR_VALID)
		put_injected(x, r);
	line(x, r, "kvm_entry", "vcpu 0, rip 0x%" PRIx64, r->rip);
}

static void ftrace_end(struct trace_export *x)
{
	free(x->state);
}

const struct trace_format trace_as_ftrace = {"ftrace", "KVM's tracepoints, as ftrace prints them", ftrace_begin, ftrace_put, ftrace_end};
