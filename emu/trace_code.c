/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a trace as bytes (trace.h). The first byte tells the kind:
 *
 *     1 u c r llll   instruction of l bytes; r: not right after the last one; c: not one cycle later; u: at CPL 3
 *     01 kk t c x s  access (read, write, both, fetch); t: translates, c: counts, x: a byte of exceptions follows, s: of the size before
 *     00 nnnnnn      n: another kind, with the fields of trace.def; 63: a page is mapped anew
 *
 * Numbers are of variable length, seven bits a byte, the lowest first; addresses are differences to the last of their like.
 */
#include "emu/trace.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_INSN = 0x80,
	INSN_USER = 0x40,
	INSN_CYCLES = 0x20,
	INSN_JUMP = 0x10,
	HEAD_ACCESS = 0x40,
	ACCESS_TRANSLATES = 8,
	ACCESS_COUNTS = 4,
	ACCESS_MORE = 2,
	ACCESS_SAME_SIZE = 1,
	MORE_MODE = 1,
	MORE_RIP = 2,
	MORE_CYCLE = 4,
	MORE_FAULTED = 8,
	MORE_UNPLACED = 16,
	MORE_KNOWN = 31,
	HEAD_PAGE = 63,
	ACCESS_KINDS = ACC_READ | ACC_WRITE | ACC_FETCH,
	ACCESS_BITS = 63,
	REF_KNOWN = 1, /* the entry is what its address held the last time */
	REF_EPT = 2,
	REF_HALF = 4, /* an entry of 4 bytes */
	REF_LEVEL_SHIFT = 3,
};

struct field {
	uint8_t kind, size;
	uint16_t offset;
};

#define MEMBER_SIZE(member) sizeof(((struct trace_record *)0)->member)
static const struct field fields[] = {
#define TRACE_FIELD(kind, member) {TRACE_##kind, MEMBER_SIZE(member), offsetof(struct trace_record, member)},
#include "emu/trace.def"
#undef TRACE_FIELD
};

const char *trace_kind_name(enum trace_kind kind)
{
	static const char *const names[TRACE_KINDS] = {"insn", "access",  "ref",   "walk", "tlb",   "operation",
						       "mode", "context", "fault", "exit", "entry", "counter"};
	return kind < TRACE_KINDS ? names[kind] : "?";
}

uint32_t trace_kinds_parse(const char *list)
{
	static const struct {
		const char *word;
		uint32_t kinds;
	} words[] = {
	    {"access", BIT(TRACE_ACCESS)},
	    {"walk", BIT(TRACE_WALK) | BIT(TRACE_REF)},
	    {"tlb", BIT(TRACE_TLB) | BIT(TRACE_OPERATION)},
	    {"fault", BIT(TRACE_FAULT)},
	    {"exit", BIT(TRACE_EXIT) | BIT(TRACE_ENTRY)},
	    {"insn", BIT(TRACE_INSN)},
	    {"mode", BIT(TRACE_MODE) | BIT(TRACE_CONTEXT)},
	    {"counter", BIT(TRACE_COUNTER)},
	};
	uint32_t kinds = 0;

	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ","), i = 0;
		while (i < ARRAY_LEN(words) && (strlen(words[i].word) != len || memcmp(words[i].word, at, len) != 0))
			i++;
		if (i == ARRAY_LEN(words))
			return 0;
		kinds |= words[i].kinds;
		at += len;
		if (!*at)
			return kinds;
	}
}

void trace_state_init(struct trace_state *s, uint64_t number, uint64_t insn, uint64_t cycle)
{
	memset(s, 0, sizeof *s);
	s->number = number;
	s->insn = insn;
	s->cycle = cycle;
	for (unsigned i = 0; i < TRACE_PAGES; i++)
		s->page[i].gla = ~0ull;
	for (unsigned i = 0; i < TRACE_ENTRIES; i++)
		s->entry[i].hpa = ~0ull;
}

static inline unsigned page_slot(uint64_t gla)
{
	uint64_t page = gla >> PAGE_SHIFT;
	return (unsigned)((page ^ page >> 10 ^ page >> 20) % TRACE_PAGES);
}

static inline unsigned entry_slot(uint64_t hpa)
{
	return (unsigned)((hpa >> 3 ^ hpa >> 15) % TRACE_ENTRIES);
}

/* read 0, write 1, both 2, fetch 3 */
static inline unsigned access_index(unsigned access)
{
	return access & ACC_FETCH ? 3 : (access & ACC_WRITE) == 0 ? 0 : access & ACC_READ ? 2 : 1;
}

static const uint8_t access_of[] = {ACC_READ, ACC_WRITE, ACC_READ | ACC_WRITE, ACC_FETCH};

/* ---- to bytes ---- */

static inline uint8_t *put(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

/* As a number that is small if they are near each other. */
static inline uint64_t difference(uint64_t value, uint64_t before)
{
	uint64_t d = value - before;
	return d << 1 ^ (0 - (d >> 63));
}

static inline uint8_t *put_difference(uint8_t *at, uint64_t value, uint64_t before)
{
	return put(at, difference(value, before));
}

static uint8_t *encode_insn(struct trace_state *s, const struct trace_record *r, uint8_t *at)
{
	bool jump = r->rip != s->next_rip, cycles = r->cycle != s->cycle + 1;

	*at++ = (uint8_t)(HEAD_INSN | (r->flags & TRACE_USER ? INSN_USER : 0) | (cycles ? INSN_CYCLES : 0) | (jump ? INSN_JUMP : 0) |
			  (r->size & 15));
	if (jump)
		at = put_difference(at, r->rip, s->next_rip);
	if (cycles)
		at = put_difference(at, r->cycle, s->cycle);
	s->rip = r->rip;
	s->next_rip = r->rip + (r->size & 15);
	s->cycle = r->cycle;
	s->insn++;
	return at;
}

static __attribute__((noinline)) uint8_t *encode_new_page(struct trace_state *s, uint64_t gla, uint64_t gpa, uint64_t hpa, uint8_t *at)
{
	unsigned slot = page_slot(gla);

	*at++ = HEAD_PAGE;
	at = put_difference(at, gla >> PAGE_SHIFT, s->last_page);
	at = put(at, gpa >> PAGE_SHIFT);
	at = put_difference(at, hpa, gpa);
	s->last_page = gla >> PAGE_SHIFT;
	s->page[slot].gla = gla;
	s->page[slot].gpa = gpa;
	s->page[slot].hpa = hpa;
	return at;
}

/* What the access's page maps to, if that is new. */
static inline uint8_t *encode_page(struct trace_state *s, uint64_t gla, uint64_t gpa, uint64_t hpa, uint8_t *at)
{
	unsigned slot = page_slot(gla);

	if (likely(s->page[slot].gla == gla && s->page[slot].gpa == gpa && s->page[slot].hpa == hpa))
		return at;
	return encode_new_page(s, gla, gpa, hpa, at);
}

static uint8_t *encode_access(struct trace_state *s, const struct trace_record *r, uint8_t *at)
{
	unsigned kind = access_index(r->access), more = 0;
	uint8_t mode = r->access & ACCESS_BITS & ~ACCESS_KINDS;

	if (r->flags & TRACE_PLACED)
		at = encode_page(s, page_base(r->gla), page_base(r->gpa), page_base(r->hpa), at);
	else if (s->page[page_slot(r->gla)].gla != page_base(r->gla))
		more |= MORE_UNPLACED;
	more |= (mode != s->mode ? MORE_MODE : 0) | (r->rip != s->rip ? MORE_RIP : 0) | (r->cycle != s->cycle ? MORE_CYCLE : 0) |
		(r->flags & TRACE_FAULTED ? MORE_FAULTED | MORE_UNPLACED : 0);
	*at++ = (uint8_t)(HEAD_ACCESS | kind << 4 | (r->flags & TRACE_TRANSLATES ? ACCESS_TRANSLATES : 0) |
			  (r->flags & TRACE_COUNTS ? ACCESS_COUNTS : 0) | (more ? ACCESS_MORE : 0) |
			  (r->size == s->size[kind] ? ACCESS_SAME_SIZE : 0));
	if (more)
		*at++ = (uint8_t)more;
	if (more & MORE_MODE)
		*at++ = mode;
	if (more & MORE_RIP)
		at = put_difference(at, r->rip, s->rip);
	if (more & MORE_CYCLE)
		at = put_difference(at, r->cycle, s->cycle);
	if (r->size != s->size[kind])
		at = put(at, r->size);
	at = put_difference(at, r->gla, s->gla[kind]);
	s->mode = mode;
	s->rip = r->rip;
	s->cycle = r->cycle;
	s->size[kind] = r->size;
	s->gla[kind] = r->gla;
	return at;
}

/*
 * The same of a hit. Nearly always it is near the last access of its kind, and its instruction is near the last one: then each difference
 * is a byte, or none.
 */
static ALWAYS_INLINE uint8_t *encode_hit(struct trace_state *s, const struct mmu_hit *hit, uint8_t *at)
{
	const struct tlb_entry *entry = hit->entry;
	const uint64_t gla = hit->gla.u, within = page_base(gla) - entry->gla;
	const unsigned kind = (hit->access & (unsigned)(ACC_READ | ACC_WRITE)) - 1; /* access_index */
	const uint8_t mode = hit->access & ACCESS_BITS & ~ACCESS_KINDS;
	const uint64_t rip = difference(hit->insn.u, s->rip), cycle = difference(hit->clock, s->cycle);
	const bool same_size = hit->size == s->size[kind];
	const unsigned more = (mode != s->mode ? MORE_MODE : 0) | (rip ? MORE_RIP : 0) | (cycle ? MORE_CYCLE : 0);
	const uint64_t place = difference(gla, s->gla[kind]);

	at = encode_page(s, page_base(gla), entry->gpa + within, entry->frame + within, at);
	at[0] = (uint8_t)(HEAD_ACCESS | kind << 4 | ACCESS_TRANSLATES | ACCESS_COUNTS | (more ? ACCESS_MORE : 0) |
			  (same_size ? ACCESS_SAME_SIZE : 0));
	at[1] = (uint8_t)more;
	at += more ? 2 : 1;
	if (likely((rip | cycle) < 0x80 && same_size && !(more & MORE_MODE))) {
		*at = (uint8_t)rip;
		at += rip != 0;
		*at = (uint8_t)cycle;
		at += cycle != 0;
	} else {
		if (more & MORE_MODE)
			*at++ = mode;
		if (more & MORE_RIP)
			at = put(at, rip);
		if (more & MORE_CYCLE)
			at = put(at, cycle);
		if (!same_size)
			at = put(at, hit->size);
		s->mode = mode;
		s->size[kind] = hit->size;
	}
	s->rip = hit->insn.u;
	s->cycle = hit->clock;
	s->gla[kind] = gla;
	return put(at, place);
}

uint8_t *trace_encode_hits(struct trace_state *s, const struct mmu_hit **hits, const struct mmu_hit *end, uint8_t *at, const uint8_t *limit)
{
	const struct mmu_hit *hit = *hits;

	for (; hit != end && at <= limit; hit++)
		at = encode_hit(s, hit, at);
	s->number += (uint64_t)(hit - *hits);
	*hits = hit;
	return at;
}

static uint8_t *encode_ref(struct trace_state *s, const struct trace_record *r, uint8_t *at)
{
	bool ept = r->flags & TRACE_EPT;
	unsigned slot = entry_slot(r->hpa), level = r->level % TRACE_LEVELS;
	bool known = s->entry[slot].hpa == r->hpa && s->entry[slot].entry == r->entry;

	*at++ = TRACE_REF;
	*at++ = (uint8_t)((known ? REF_KNOWN : 0) | (ept ? REF_EPT : 0) | (r->size == 4 ? REF_HALF : 0) | level << REF_LEVEL_SHIFT);
	if (ept)
		*at++ = r->for_level % TRACE_LEVELS;
	at = put_difference(at, r->hpa, s->ref_hpa[ept][level]);
	at = put_difference(at, r->gpa, s->ref_gpa);
	if (!known)
		at = put(at, r->entry);
	s->ref_hpa[ept][level] = r->hpa;
	s->ref_gpa = r->gpa;
	s->entry[slot].hpa = r->hpa;
	s->entry[slot].entry = r->entry;
	return at;
}

static uint64_t load(const struct trace_record *r, const struct field *f)
{
	uint64_t value = 0;
	memcpy(&value, (const uint8_t *)r + f->offset, f->size); /* little endian */
	return value;
}

static uint8_t *encode_fields(struct trace_state *s, const struct trace_record *r, uint8_t *at)
{
	*at++ = r->kind;
	at = put_difference(at, r->rip, s->rip);
	at = put_difference(at, r->cycle, s->cycle);
	for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		if (f->kind != r->kind)
			continue;
		if (f->offset == offsetof(struct trace_record, gla)) {
			at = put_difference(at, r->gla, s->far_gla);
			s->far_gla = r->gla;
		} else {
			at = put(at, load(r, f));
		}
	}
	if (r->kind == TRACE_COUNTER) {
		size_t len = strnlen(r->name, TRACE_NAME - 1);
		*at++ = (uint8_t)len;
		at = (uint8_t *)memcpy(at, r->name, len) + len;
	}
	s->rip = r->rip;
	s->cycle = r->cycle;
	return at;
}

uint8_t *trace_encode(struct trace_state *s, const struct trace_record *r, uint8_t *at)
{
	s->number++;
	switch (r->kind) {
	case TRACE_INSN:
		return encode_insn(s, r, at);
	case TRACE_ACCESS:
		return encode_access(s, r, at);
	case TRACE_REF:
		return encode_ref(s, r, at);
	default:
		return encode_fields(s, r, at);
	}
}

/* ---- from bytes ---- */

/* What is left of a block; at NULL: it ended in the middle of a record. */
struct input {
	const uint8_t *at, *end;
};

static __attribute__((noinline)) const uint8_t *get_long(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && at && at != end; shift += 7) {
		uint8_t byte = *at++;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return at;
	}
	*value = 0;
	return NULL; /* longer than a number can be, or the block ends */
}

static ALWAYS_INLINE uint64_t get(struct input *in)
{
	uint64_t value;

	if (likely(in->at && in->at != in->end && !(*in->at & 0x80)))
		return *in->at++;
	in->at = get_long(in->at, in->end, &value);
	return value;
}

static ALWAYS_INLINE uint8_t get_byte(struct input *in)
{
	if (!in->at || in->at == in->end) {
		in->at = NULL;
		return 0;
	}
	return *in->at++;
}

static ALWAYS_INLINE uint64_t get_difference(struct input *in, uint64_t before)
{
	uint64_t z = get(in);
	return before + (z >> 1 ^ (0 - (z & 1)));
}

static ALWAYS_INLINE void decode_insn(struct trace_state *s, struct input *in, unsigned head, struct trace_record *r)
{
	r->kind = TRACE_INSN;
	r->flags = head & INSN_USER ? TRACE_USER : 0;
	r->size = head & 15;
	r->rip = head & INSN_JUMP ? get_difference(in, s->next_rip) : s->next_rip;
	r->cycle = head & INSN_CYCLES ? get_difference(in, s->cycle) : s->cycle + 1;
	r->gla = r->rip;
	s->rip = r->rip;
	s->next_rip = r->rip + r->size;
	s->cycle = r->cycle;
	s->insn++;
}

static void decode_page(struct trace_state *s, struct input *in)
{
	uint64_t page = get_difference(in, s->last_page), gpa = get(in) << PAGE_SHIFT;
	unsigned slot = page_slot(page << PAGE_SHIFT);

	s->last_page = page;
	s->page[slot].gla = page << PAGE_SHIFT;
	s->page[slot].gpa = gpa;
	s->page[slot].hpa = page_base(get_difference(in, gpa));
}

static ALWAYS_INLINE const char *decode_access(struct trace_state *s, struct input *in, unsigned head, struct trace_record *r)
{
	unsigned kind = head >> 4 & 3, more = head & ACCESS_MORE ? get_byte(in) : 0;

	if (more & ~(unsigned)MORE_KNOWN)
		return "an access with bits that mean nothing";
	r->kind = TRACE_ACCESS;
	if (more & MORE_MODE)
		s->mode = get_byte(in);
	if (s->mode & (ACCESS_KINDS | ~ACCESS_BITS))
		return "an access with bits that mean nothing";
	if (more & MORE_RIP)
		s->rip = get_difference(in, s->rip);
	if (more & MORE_CYCLE)
		s->cycle = get_difference(in, s->cycle);
	if (!(head & ACCESS_SAME_SIZE)) {
		uint64_t size = get(in);
		if (size > UINT16_MAX)
			return "an access of more than 65535 bytes";
		s->size[kind] = (uint16_t)size;
	}
	s->gla[kind] = get_difference(in, s->gla[kind]);
	r->access = access_of[kind] | s->mode;
	r->flags = (uint8_t)((s->mode & ACC_USER ? TRACE_USER : 0) | (head & ACCESS_TRANSLATES ? TRACE_TRANSLATES : 0) |
			     (head & ACCESS_COUNTS ? TRACE_COUNTS : 0) | (more & MORE_FAULTED ? TRACE_FAULTED : 0));
	r->rip = s->rip;
	r->cycle = s->cycle;
	r->size = s->size[kind];
	r->gla = s->gla[kind];
	r->gpa = r->hpa = 0;
	if (more & MORE_UNPLACED)
		return NULL;
	unsigned slot = page_slot(r->gla);
	if (s->page[slot].gla != page_base(r->gla))
		return "an access to a page that nothing was said about";
	r->flags |= TRACE_PLACED;
	r->gpa = s->page[slot].gpa | page_offset(r->gla);
	r->hpa = s->page[slot].hpa | page_offset(r->gla);
	return NULL;
}

static const char *decode_ref(struct trace_state *s, struct input *in, struct trace_record *r)
{
	unsigned bits = get_byte(in);
	bool ept = bits & REF_EPT;

	r->kind = TRACE_REF;
	r->level = (uint8_t)(bits >> REF_LEVEL_SHIFT);
	r->for_level = ept ? get_byte(in) : 0;
	if (r->level < 1 || r->level > LEVELS_MAX || r->for_level > LEVELS_MAX)
		return "a reference at a level that does not exist";
	r->flags = ept ? TRACE_EPT : 0;
	r->size = bits & REF_HALF ? 4 : 8;
	r->hpa = get_difference(in, s->ref_hpa[ept][r->level]);
	r->gpa = get_difference(in, s->ref_gpa);
	r->rip = s->rip;
	r->cycle = s->cycle;
	r->gla = 0;
	unsigned slot = entry_slot(r->hpa);
	if (bits & REF_KNOWN && s->entry[slot].hpa != r->hpa)
		return "a reference to an entry that nothing was said about";
	r->entry = bits & REF_KNOWN ? s->entry[slot].entry : get(in);
	s->ref_hpa[ept][r->level] = r->hpa;
	s->ref_gpa = r->gpa;
	s->entry[slot].hpa = r->hpa;
	s->entry[slot].entry = r->entry;
	return NULL;
}

/* Modes and contexts have records of their own. */
static bool operation_exists(uint32_t op)
{
	return op < MMU_OP_COUNT && op != MMU_OP_SET_PAGING && op != MMU_OP_SET_CONTEXT && op != MMU_OP_SET_SWITCH;
}

static const char *check_fields(const struct trace_record *r)
{
	if (r->kind == TRACE_OPERATION && !operation_exists(r->code))
		return "an operation that does not exist";
	if (r->kind == TRACE_CONTEXT && r->second > SECOND_IS_OTHER)
		return "a second stage that does not exist";
	if (r->kind == TRACE_CONTEXT && r->switch_root > SWITCH_ALL)
		return "a walk that switches at a level that does not exist";
	if (r->kind == TRACE_WALK && (r->status > WALK_SECOND || r->shift > 63))
		return "a walk that ended in no way there is";
	if (r->kind == TRACE_TLB && r->served > SERVED_WALK)
		return "a TLB look-up that was answered in no way there is";
	return NULL;
}

static const char *decode_fields(struct trace_state *s, struct input *in, unsigned head, struct trace_record *r)
{
	*r = (struct trace_record){.kind = (uint8_t)head, .number = r->number, .insn = r->insn};
	r->rip = s->rip = get_difference(in, s->rip);
	r->cycle = s->cycle = get_difference(in, s->cycle);
	for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		if (f->kind != head)
			continue;
		uint64_t value;
		if (f->offset == offsetof(struct trace_record, gla))
			value = s->far_gla = get_difference(in, s->far_gla);
		else
			value = get(in);
		if (f->size < 8 && value >> 8 * f->size)
			return "a number that is too large for its field";
		memcpy((uint8_t *)r + f->offset, &value, f->size);
	}
	if (head == TRACE_COUNTER) {
		unsigned len = get_byte(in);
		if (!in->at || len >= TRACE_NAME || len > in->end - in->at)
			return "a counter whose name is too long";
		for (unsigned i = 0; i < len; i++)
			if (in->at[i] < ' ' || in->at[i] > '~')
				return "a counter whose name is no text";
		memcpy(r->name, in->at, len);
		in->at += len;
	}
	return check_fields(r);
}

/* The rare kinds; returns as trace_decode. Apart from it so that there what is left of the block stays in registers. */
static __attribute__((noinline)) const uint8_t *decode_rare(struct trace_state *s, const uint8_t *at, const uint8_t *end, unsigned head,
							    struct trace_record *r, const char **wrong)
{
	struct input in = {at, end};

	if (head == TRACE_REF)
		*wrong = decode_ref(s, &in, r);
	else if (head > TRACE_REF && head < TRACE_KINDS)
		*wrong = decode_fields(s, &in, head, r);
	else
		*wrong = "a record of a kind that does not exist";
	return in.at;
}

static __attribute__((noinline)) const uint8_t *skip_pages(struct trace_state *s, const uint8_t *at, const uint8_t *end, unsigned *head)
{
	struct input in = {at, end};

	while (*head == HEAD_PAGE && in.at) {
		decode_page(s, &in);
		*head = get_byte(&in);
	}
	return in.at;
}

const uint8_t *trace_decode(struct trace_state *s, const uint8_t *at, const uint8_t *end, struct trace_record *r, const char **wrong)
{
	struct input in = {at, end};
	unsigned head = get_byte(&in);

	*wrong = NULL;
	if (unlikely(head == HEAD_PAGE))
		in.at = skip_pages(s, in.at, end, &head);
	r->number = s->number++;
	r->insn = s->insn;
	if (likely(head & HEAD_INSN))
		decode_insn(s, &in, head, r);
	else if (likely(head & HEAD_ACCESS))
		*wrong = decode_access(s, &in, head, r);
	else if (in.at)
		in.at = decode_rare(s, in.at, end, head, r, wrong);
	if (unlikely(!in.at) && !*wrong)
		*wrong = "the block ends in the middle of a record";
	return unlikely(*wrong != NULL) ? NULL : in.at;
}

uint32_t trace_crc(const void *bytes, size_t len)
{
	return lzma_crc32(bytes, len, 0);
}
