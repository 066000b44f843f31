/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces as files: what is written is read again, field by field; cut, damaged or foreign files are found out; a full disk ends the trace.
 */
#include "emu/trace_read.h"
#include "emu/trace_write.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 200000 };

static char path[64];
static uint64_t seed;
static struct trace_reader reader;
static struct source source;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* small numbers are as likely as large ones */
static uint64_t number(void)
{
	return next_random() >> next_random() % 64;
}

/* Record n of the generated trace: the same n gives the same record, whoever asks in order. */
static struct trace_record generate(uint64_t n)
{
	static const uint8_t accesses[] = {ACC_READ, ACC_WRITE, ACC_READ | ACC_WRITE, ACC_FETCH};
	struct trace_record r = {.number = n, .rip = 0x400000 + next_random() % 4096, .cycle = n * 3 + next_random() % 2};

	r.kind = (uint8_t)(next_random() % 4 ? next_random() % 3 : next_random() % TRACE_KINDS);
	r.gla = next_random() % 8 ? 0x7f0000000000 + number() % 0x100000 : number();
	r.gpa = page_base(number() & BITS(45, 0)) | page_offset(r.gla);
	r.hpa = page_base(number() & BITS(45, 0)) | page_offset(r.gla);
	r.access = accesses[next_random() % 4] | (next_random() % 4 ? 0 : ACC_USER);
	r.size = (uint16_t)(1 + next_random() % 15);
	switch (r.kind) {
	case TRACE_INSN:
		r.flags = next_random() % 2 ? TRACE_USER : 0;
		break;
	case TRACE_ACCESS:
		r.flags = (uint8_t)(TRACE_TRANSLATES | (r.access & ACC_USER ? TRACE_USER : 0) |
				    (next_random() % 8 ? TRACE_PLACED | TRACE_COUNTS : TRACE_FAULTED));
		break;
	case TRACE_REF:
		r.flags = next_random() % 2 ? TRACE_EPT : 0;
		r.level = (uint8_t)(1 + next_random() % LEVELS_MAX);
		r.for_level = r.flags ? (uint8_t)(next_random() % 5) : 0;
		r.size = next_random() % 2 ? 8 : 4;
		r.entry = number();
		break;
	case TRACE_WALK:
		r.status = (uint8_t)(next_random() % 3);
		r.shift = 12;
		r.code = (uint32_t)number();
		r.duration = number();
		break;
	case TRACE_MODE:
		r.cr3 = number();
		r.pdpte[3] = number();
		break;
	case TRACE_CONTEXT:
		r.switch_bit = number();
		r.switch_root = (uint8_t)(next_random() % (SWITCH_ALL + 1));
		break;
	case TRACE_EXIT:
		r.code = 48;
		r.qualification = number();
		r.value = number();
		break;
	case TRACE_COUNTER:
		snprintf(r.name, sizeof r.name, "counter %u", (unsigned)(n % 100));
		r.value = number();
		break;
	default:
		break;
	}
	return r;
}

static void write_trace(const char *to, unsigned records)
{
	struct trace_writer *w = trace_create(to, "{\"a\":1}");
	seed = 88172645463325252ull;
	ck_assert_ptr_nonnull(w);
	for (unsigned n = 0; n < records; n++) {
		struct trace_record r = generate(n);
		trace_put(w, &r);
	}
	ck_assert(trace_close(w));
}

static bool open_trace(void)
{
	ck_assert_int_eq(source_open(&source, path), 0);
	return trace_reader_init(&reader, &source);
}

static void close_trace(void)
{
	trace_reader_free(&reader);
	source_close(&source);
}

/* Reads to the end; how many records there were. */
static uint64_t count_records(void)
{
	struct trace_record r;
	uint64_t n = 0;
	while (trace_next(&reader, &r))
		n++;
	return n;
}

static void assert_same(const struct trace_record *a, const struct trace_record *b)
{
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->kind, b->kind);
	if (a->kind != TRACE_REF) {
		ck_assert_uint_eq(a->rip, b->rip);
		ck_assert_uint_eq(a->cycle, b->cycle);
	}
	if (a->kind == TRACE_INSN || a->kind == TRACE_ACCESS || a->kind == TRACE_REF)
		ck_assert_uint_eq(a->size, b->size);
	switch (a->kind) {
	case TRACE_INSN:
		ck_assert_uint_eq(a->flags, b->flags);
		break;
	case TRACE_ACCESS:
		ck_assert_uint_eq(a->gla, b->gla);
		ck_assert_uint_eq(a->access, b->access);
		ck_assert_uint_eq(a->flags | TRACE_PLACED, b->flags | TRACE_PLACED);
		if (a->flags & TRACE_PLACED) {
			ck_assert_uint_eq(a->gpa, b->gpa);
			ck_assert_uint_eq(a->hpa, b->hpa);
		}
		break;
	case TRACE_REF:
		ck_assert_uint_eq(a->flags, b->flags);
		ck_assert_uint_eq(a->level, b->level);
		ck_assert_uint_eq(a->for_level, b->for_level);
		ck_assert_uint_eq(a->gpa, b->gpa);
		ck_assert_uint_eq(a->hpa, b->hpa);
		ck_assert_uint_eq(a->entry, b->entry);
		break;
	default:
		ck_assert_uint_eq(a->code, b->code);
		ck_assert_uint_eq(a->cr3, b->cr3);
		ck_assert_uint_eq(a->pdpte[3], b->pdpte[3]);
		ck_assert_uint_eq(a->switch_bit, b->switch_bit);
		ck_assert_uint_eq(a->switch_root, b->switch_root);
		ck_assert_uint_eq(a->qualification, b->qualification);
		ck_assert_uint_eq(a->value, b->value);
		ck_assert_uint_eq(a->duration, b->duration);
		ck_assert_str_eq(a->name, b->name);
	}
}

static void name_file(const char *end)
{
	snprintf(path, sizeof path, "/tmp/check_trace.%ld%s", (long)getpid(), end);
}

static void setup(void)
{
	name_file("");
}

static void teardown(void)
{
	unlink(path);
}

START_TEST(what_is_written_is_read_again)
{
	if (_i)
		name_file(".zst");
	write_trace(path, RECORDS);
	ck_assert(open_trace());
	ck_assert_int_eq(json_integer_value(json_object_get(reader.description, "a")), 1);
	seed = 88172645463325252ull;
	for (unsigned n = 0; n < RECORDS; n++) {
		struct trace_record expected = generate(n), r;
		ck_assert_msg(trace_next(&reader, &r), "%s", reader.error);
		assert_same(&expected, &r);
	}
	struct trace_record r;
	ck_assert(!trace_next(&reader, &r));
	ck_assert_str_eq(reader.error, "");
	ck_assert(reader.ended);
	close_trace();
}
END_TEST

START_TEST(reading_can_begin_within)
{
	if (_i)
		name_file(".zst");
	write_trace(path, RECORDS);
	ck_assert(open_trace());
	struct trace_record r;
	uint64_t last = 0;
	while (trace_next(&reader, &r))
		last = r.insn;
	close_trace();
	ck_assert(open_trace());
	trace_skip_to(&reader, last / 2);
	ck_assert(trace_next(&reader, &r));
	ck_assert_uint_gt(r.number, RECORDS / 4);
	ck_assert_uint_le(r.insn, last / 2);
	ck_assert_uint_eq(count_records(), RECORDS - 1 - r.number);
	ck_assert_str_eq(reader.error, "");
	close_trace();
}
END_TEST

/* cut anywhere: the records before are read, and it is said that it was cut */
START_TEST(cut_file_is_read_as_far_as_it_goes)
{
	struct stat st;
	uint64_t before = 0;

	if (_i)
		name_file(".zst");
	write_trace(path, RECORDS);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size -= st.st_size / 37) {
		ck_assert_int_eq(truncate(path, size), 0);
		uint64_t records = 0;
		if (open_trace()) {
			records = count_records();
			/* only the tail is missing, or part of the index */
			if (records < RECORDS)
				ck_assert_ptr_nonnull(strstr(reader.error, "after record"));
		} else {
			ck_assert_str_ne(reader.error, "");
		}
		ck_assert(before == 0 || records <= before);
		before = records;
		close_trace();
	}
	ck_assert_uint_lt(before, RECORDS / 10);
}
END_TEST

/* one bit anywhere: never a record too many, never another one */
START_TEST(damage_is_found)
{
	struct stat st;

	write_trace(path, 30000);
	ck_assert_int_eq(stat(path, &st), 0);
	int fd = open(path, O_RDWR);
	for (off_t at = 0; at < st.st_size; at += at < 120 ? 1 : st.st_size / 61) {
		uint8_t byte, other;
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
		uint64_t records = 0;
		if (open_trace())
			records = count_records();
		if (at < 20 || at >= 24) /* a word of the head that means nothing */
			ck_assert_msg(reader.error[0] || (reader.ended && at > st.st_size - 5000), "byte %ld", (long)at);
		ck_assert_uint_le(records, 30000);
		close_trace();
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}
END_TEST

START_TEST(other_version_is_refused)
{
	uint32_t version = TRACE_VERSION + 1;

	write_trace(path, 10);
	int fd = open(path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, &version, sizeof version, offsetof(struct trace_head, version)), sizeof version);
	close(fd);
	ck_assert(!open_trace());
	ck_assert_ptr_nonnull(strstr(reader.error, "version 2"));
	close_trace();
}
END_TEST

START_TEST(full_disk_ends_the_trace_only)
{
	struct trace_writer *w = trace_create("/dev/full", "{}");

	ck_assert_ptr_nonnull(w); /* the head cannot be written: as if the disk had filled up later */
	for (unsigned n = 0; n < RECORDS; n++) {
		struct trace_record r = {.kind = TRACE_INSN, .size = 1, .rip = next_random()};
		trace_put(w, &r);
	}
	ck_assert(w->dead);
	ck_assert(!trace_close(w));
	/* a disk that fills up later */
	write_trace(path, 1);
	w = trace_create(path, "{}");
	ck_assert_ptr_nonnull(w);
	close(w->fd);
	w->fd = open("/dev/full", O_WRONLY);
	for (unsigned n = 0; n < 10 * RECORDS; n++) {
		struct trace_record r = {.kind = TRACE_ACCESS, .access = ACC_READ, .gla = next_random(), .rip = next_random()};
		trace_put(w, &r);
	}
	ck_assert(w->dead);
	ck_assert(!trace_close(w));
}
END_TEST

START_TEST(closed_pipe_ends_the_trace_only)
{
	int ends[2];
	struct trace_writer *w = trace_create(path, "{}");

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	close(w->fd);
	w->fd = ends[1];
	for (unsigned n = 0; n < 2 * RECORDS; n++) {
		struct trace_record r = {.kind = TRACE_ACCESS, .access = ACC_READ, .gla = next_random(), .rip = next_random()};
		trace_put(w, &r);
	}
	ck_assert(!trace_close(w));
}
END_TEST

/* Hits among other accesses, most of them near the last, in pages of all sizes; a few go where no other is. */
static struct mmu_hit generate_hit(struct tlb_entry *entry, const struct mmu_hit *last)
{
	static const uint8_t accesses[] = {ACC_READ, ACC_WRITE, ACC_READ | ACC_WRITE};
	bool near = next_random() % 4, same = near && next_random() % 2;
	struct mmu_hit hit = {.entry = entry, .len = 4, .begins = !same};

	entry->part = (uint8_t)(next_random() % 8 ? TLB_4K : next_random() % TLB_PARTS);
	uint64_t offset = BIT(tlb_part_shift[entry->part]) - 1;
	hit.gla.u = near ? last->gla.u + next_random() % 200 - 100 : number();
	entry->gla = hit.gla.u & ~offset;
	entry->frame = near ? entry->gla & BITS(40, 0) : number() & BITS(45, 0) & ~offset;
	entry->gpa = next_random() % 2 ? entry->frame : number() & BITS(45, 0) & ~offset;
	hit.insn.u = same ? last->insn.u : near ? last->insn.u + next_random() % 80 - 40 : number();
	hit.clock = same ? last->clock : last->clock + (near ? 1 : number() % 1000);
	hit.size = (uint16_t)(next_random() % 8 ? 8 : 1 << next_random() % 5);
	hit.access = accesses[next_random() % 3] | (next_random() % 50 ? 0 : ACC_USER);
	return hit;
}

static struct trace_record record_of(const struct mmu_hit *hit)
{
	uint64_t within = hit->gla.u - hit->entry->gla;

	return (struct trace_record){.kind = TRACE_ACCESS,
				     .flags = TRACE_TRANSLATES | TRACE_PLACED | TRACE_COUNTS,
				     .access = hit->access,
				     .size = hit->size,
				     .cycle = hit->clock,
				     .rip = hit->insn.u,
				     .gla = hit->gla.u,
				     .gpa = hit->entry->gpa + within,
				     .hpa = hit->entry->frame + within};
}

START_TEST(hits_are_written_as_the_accesses_that_they_are)
{
	enum { BATCH = 7, HITS = 100000, BYTES = HITS / 4 * TRACE_RECORD_MAX };
	static uint8_t bytes[2][BYTES];
	static struct trace_state one, other;
	struct tlb_entry entry[BATCH];
	struct mmu_hit hit[BATCH], last = {.gla = GLA(0x7f0000001000), .insn = GLA(0x400000), .clock = 5};
	uint8_t *at = bytes[0], *to = bytes[1];

	seed = 88172645463325252ull;
	trace_state_init(&one, 0, 0, 0);
	trace_state_init(&other, 0, 0, 0);
	for (unsigned n = 0; n < HITS; n += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			last = hit[i] = generate_hit(&entry[i], &last);
			struct trace_record r = record_of(&hit[i]);
			at = trace_encode(&one, &r, at);
		}
		for (const struct mmu_hit *h = hit; h != hit + BATCH;) { /* now and then there is room for one only */
			const struct mmu_hit *before = h;
			const uint8_t *limit = next_random() % 4 ? bytes[1] + BYTES : to;
			to = trace_encode_hits(&other, &h, hit + BATCH, to, limit);
			ck_assert(h == hit + BATCH || (h == before + 1 && to > limit));
		}
	}
	ck_assert_uint_eq(to - bytes[1], at - bytes[0]);
	ck_assert_mem_eq(bytes[0], bytes[1], (size_t)(at - bytes[0]));
	ck_assert_mem_eq(&one, &other, sizeof one);
}
END_TEST

START_TEST(lists_of_kinds)
{
	ck_assert_uint_eq(trace_kinds_parse("access"), BIT(TRACE_ACCESS));
	ck_assert_uint_eq(trace_kinds_parse("fault"), BIT(TRACE_FAULT));
	ck_assert_uint_eq(trace_kinds_parse("exit,fault"), BIT(TRACE_EXIT) | BIT(TRACE_ENTRY) | BIT(TRACE_FAULT));
	ck_assert_uint_eq(trace_kinds_parse("access,walk,tlb,fault,exit,insn") | TRACE_ALWAYS, BIT(TRACE_KINDS) - 1);
	ck_assert_uint_eq(trace_kinds_parse("mode,counter"), TRACE_ALWAYS);
	ck_assert_uint_eq(trace_kinds_parse(""), 0);
	ck_assert_uint_eq(trace_kinds_parse("access,"), 0);
	ck_assert_uint_eq(trace_kinds_parse("accesses"), 0);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("trace");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_written_is_read_again, 0, 2);
	tcase_add_loop_test(tc, reading_can_begin_within, 0, 2);
	tcase_add_loop_test(tc, cut_file_is_read_as_far_as_it_goes, 0, 2);
	tcase_add_test(tc, damage_is_found);
	tcase_add_test(tc, other_version_is_refused);
	tcase_add_test(tc, full_disk_ends_the_trace_only);
	tcase_add_test(tc, closed_pipe_ends_the_trace_only);
	tcase_add_test(tc, hits_are_written_as_the_accesses_that_they_are);
	tcase_add_test(tc, lists_of_kinds);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("trace", add_cases)
