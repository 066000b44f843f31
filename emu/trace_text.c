/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace for reading: a line a record, in words (text) or in columns (csv). */
#include "emu/trace_export.h"
#include "vmx/exit.h"

#include <inttypes.h>

const char *trace_access_name(unsigned access)
{
	static const char *const names[8] = {"-", "R", "W", "RW", "F", "F", "F", "F"};
	return names[access & 7];
}

const char *trace_operation_name(unsigned op)
{
	static const char *const names[MMU_OP_COUNT] = {
	    [MMU_OP_INVLPG] = "invlpg",
	    [MMU_OP_FLUSH_PCID] = "flush_pcid",
	    [MMU_OP_FLUSH_NONGLOBAL] = "flush_nonglobal",
	    [MMU_OP_FLUSH_ALL] = "flush_all",
	    [MMU_OP_INVPCID_ADDR] = "invpcid_address",
	    [MMU_OP_INVVPID_ADDR] = "invvpid_address",
	    [MMU_OP_INVVPID] = "invvpid",
	    [MMU_OP_INVVPID_ALL] = "invvpid_all",
	    [MMU_OP_INVVPID_NONGLOBAL] = "invvpid_nonglobal",
	    [MMU_OP_INVEPT] = "invept",
	    [MMU_OP_INVEPT_ALL] = "invept_all",
	    [MMU_OP_SET_PAGING] = "set_paging",
	    [MMU_OP_SET_CONTEXT] = "set_context",
	    [MMU_OP_SET_SWITCH] = "set_switch",
	    [MMU_OP_PDPTES] = "load_pdptes",
	};
	return op < MMU_OP_COUNT ? names[op] : "?";
}

static const char *table_name(const struct trace_record *r)
{
	static const char *const names[2][6] = {{"?", "PT", "PD", "PDPT", "PML4", "PML5"},
						{"?", "EPT PT", "EPT PD", "EPT PDPT", "EPT PML4", "EPT PML5"}};
	return names[(r->flags & TRACE_EPT) != 0][r->level < 6 ? r->level : 0];
}

static const char *status_name(unsigned status)
{
	static const char *const names[] = {[WALK_OK] = "ok", [WALK_PAGE_FAULT] = "page_fault", [WALK_SECOND] = "vm_exit"};
	return status < ARRAY_LEN(names) ? names[status] : "?";
}

static const char *served_name(unsigned served)
{
	static const char *const names[] = {[SERVED_FIRST] = "first level", [SERVED_STLB] = "STLB", [SERVED_WALK] = "walk"};
	return served < ARRAY_LEN(names) ? names[served] : "?";
}

/* ---- text ---- */

static void text_access(FILE *out, const struct trace_record *r)
{
	fprintf(out, "%-2s", trace_access_name(r->access));
	if (r->flags & TRACE_COUNTS)
		fprintf(out, " %2u bytes", r->size);
	else
		fputs(r->flags & TRACE_FAULTED ? " faults  " : " translates", out);
	fprintf(out, " gla 0x%" PRIx64, r->gla);
	if (r->flags & TRACE_PLACED)
		fprintf(out, " gpa 0x%" PRIx64 " hpa 0x%" PRIx64, r->gpa, r->hpa);
}

static void text_walk(FILE *out, const struct trace_record *r)
{
	fprintf(out, "%-2s gla 0x%" PRIx64 ": %u references, %" PRIu64 " cycles: ", trace_access_name(r->access), r->gla, r->refs,
		r->duration);
	if (r->status == WALK_OK)
		fprintf(out, "gpa 0x%" PRIx64 " hpa 0x%" PRIx64 " page of 2^%u bytes", r->gpa, r->hpa, r->shift);
	else if (r->status == WALK_PAGE_FAULT)
		fprintf(out, "#PF error code 0x%x", r->code);
	else
		fprintf(out, "VM exit %s at gpa 0x%" PRIx64, exit_name(r->code), r->gpa);
}

static void text_exit(FILE *out, const struct trace_record *r)
{
	fprintf(out, "%s%s qualification 0x%" PRIx64, exit_name(r->code & 0xffff), r->code >> 31 ? " (entry failure)" : "",
		r->qualification);
	if (r->gla)
		fprintf(out, " gla 0x%" PRIx64, r->gla);
	if (r->gpa)
		fprintf(out, " gpa 0x%" PRIx64, r->gpa);
	if (r->intr_info)
		fprintf(out, " event 0x%08x error code 0x%x", r->intr_info, r->intr_error);
}

static void text_mode(FILE *out, const struct trace_record *r)
{
	fprintf(out, "cr0 0x%" PRIx64 " cr3 0x%" PRIx64 " cr4 0x%" PRIx64 " efer 0x%" PRIx64 " pkru 0x%x", r->cr0, r->cr3, r->cr4, r->efer,
		r->pkru);
}

static void text_context(FILE *out, const struct trace_record *r)
{
	static const char *const names[] = {"none", "EPT", "the VMM's own"};

	fprintf(out, "vpid %u second stage %s", r->vpid, names[r->second <= SECOND_IS_OTHER ? r->second : 0]);
	if (r->second == SECOND_IS_EPT)
		fprintf(out, " eptp 0x%" PRIx64, r->eptp);
	if (r->switch_bit)
		fprintf(out, " switches at entries with 0x%" PRIx64 ", from level %u", r->switch_bit, r->switch_root);
}

static void text_put(struct trace_export *x, const struct trace_record *r)
{
	FILE *out = x->out;

	fprintf(out, "%10" PRIu64 " %12" PRIu64 " 0x%016" PRIx64 " %-9s ", r->number, r->cycle, r->rip, trace_kind_name(r->kind));
	switch (r->kind) {
	case TRACE_INSN:
		fprintf(out, "%u bytes", r->size);
		break;
	case TRACE_ACCESS:
		text_access(out, r);
		break;
	case TRACE_REF:
		fprintf(out, "%-8s at hpa 0x%" PRIx64 " gpa 0x%" PRIx64 " entry 0x%" PRIx64, table_name(r), r->hpa, r->gpa, r->entry);
		break;
	case TRACE_WALK:
		text_walk(out, r);
		break;
	case TRACE_TLB:
		fprintf(out, "%-2s gla 0x%" PRIx64 ": answered by %s", trace_access_name(r->access), r->gla, served_name(r->served));
		break;
	case TRACE_OPERATION:
		fprintf(out, "%s gla 0x%" PRIx64 " pcid %u vpid %u eptrta 0x%" PRIx64, trace_operation_name(r->code), r->gla, r->pcid,
			r->vpid, r->eptrta);
		break;
	case TRACE_MODE:
		text_mode(out, r);
		break;
	case TRACE_CONTEXT:
		text_context(out, r);
		break;
	case TRACE_FAULT:
		fprintf(out, "vector %u type %u", r->vector, r->type);
		if (r->flags & TRACE_ERROR)
			fprintf(out, " error code 0x%x", r->code);
		if (r->vector == 14)
			fprintf(out, " gla 0x%" PRIx64, r->gla);
		break;
	case TRACE_EXIT:
		text_exit(out, r);
		break;
	case TRACE_COUNTER:
		fprintf(out, "%s %" PRIu64, r->name, r->value);
		break;
	default:
		break;
	}
	fputs(r->flags & TRACE_USER ? " user\n" : "\n", out);
}

/* ---- csv ---- */

static bool csv_begin(struct trace_export *x)
{
	fputs("number,insn,cycle,kind,rip,user,access,translates,counts,faulted,size,gla,gpa,hpa,table,for_level,entry,result,code,shift,"
	      "refs,duration,qualification\n",
	      x->out);
	return true;
}

static const char *csv_result(const struct trace_record *r, char text[80])
{
	switch (r->kind) {
	case TRACE_WALK:
		return status_name(r->status);
	case TRACE_TLB:
		return served_name(r->served);
	case TRACE_OPERATION:
		return trace_operation_name(r->code);
	case TRACE_EXIT:
		return exit_name(r->code & 0xffff);
	case TRACE_FAULT:
		snprintf(text, 80, "vector %u", r->vector);
		return text;
	case TRACE_COUNTER:
		snprintf(text, 80, "%s=%" PRIu64, r->name, r->value);
		return text;
	default:
		return "";
	}
}

static void csv_put(struct trace_export *x, const struct trace_record *r)
{
	FILE *out = x->out;
	bool rare = r->kind > TRACE_REF, access = r->kind == TRACE_ACCESS;
	char text[80];

	fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,0x%" PRIx64 ",%d,", r->number, r->insn, r->cycle, trace_kind_name(r->kind),
		r->rip, (r->flags & TRACE_USER) != 0);
	fputs(access || r->kind == TRACE_WALK || r->kind == TRACE_TLB ? trace_access_name(r->access) : "", out);
	if (access)
		fprintf(out, ",%d,%d,%d", (r->flags & TRACE_TRANSLATES) != 0, (r->flags & TRACE_COUNTS) != 0,
			(r->flags & TRACE_FAULTED) != 0);
	else
		fputs(",,,", out);
	fprintf(out, ",%u,", r->size);
	if (r->kind == TRACE_INSN || r->kind == TRACE_REF || r->kind == TRACE_MODE || r->kind == TRACE_CONTEXT)
		fputs(",", out);
	else
		fprintf(out, "0x%" PRIx64 ",", r->gla);
	if (r->kind == TRACE_REF || rare || r->flags & TRACE_PLACED)
		fprintf(out, "0x%" PRIx64 ",0x%" PRIx64 ",", r->gpa, r->hpa);
	else
		fputs(",,", out);
	if (r->kind == TRACE_REF)
		fprintf(out, "%s,%u,0x%" PRIx64 ",,,,,,\n", table_name(r), r->for_level, r->entry);
	else if (rare)
		fprintf(out, ",,,%s,0x%x,%u,%u,%" PRIu64 ",0x%" PRIx64 "\n", csv_result(r, text), r->code, r->shift, r->refs, r->duration,
			r->qualification);
	else
		fputs(",,,,,,,,\n", out);
}

const struct trace_format trace_as_text = {"text", "a line a record, for reading", NULL, text_put, NULL};
const struct trace_format trace_as_csv = {"csv", "a line a record, in columns", csv_begin, csv_put, NULL};
