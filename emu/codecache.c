/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoded instructions by physical code location (codecache.h). What it does not keep: instructions that cross a page.
 */
#include "emu/codecache.h"
#include "emu/plain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { INSN_LEN_MAX = 15 };

static const uint8_t width_bits[WIDTHS] = {16, 32, 64};

int codecache_init(struct codecache *cache, struct mem *mem)
{
	memset(cache, 0, sizeof *cache);
	cache->mem = mem;
	cache->frames = mem->top >> PAGE_SHIFT;
	for (unsigned w = 0; w < WIDTHS; w++) {
		void *map = mmap(NULL, cache->frames * sizeof(struct code_page *), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (map == MAP_FAILED) {
			codecache_free(cache);
			return -ERR_NOMEM;
		}
		cache->page[w] = map;
	}
	int err = decoder_new(&cache->decoder);
	if (err)
		codecache_free(cache);
	return err;
}

void codecache_free(struct codecache *cache)
{
	codecache_drop_all(cache);
	for (unsigned w = 0; w < WIDTHS; w++)
		if (cache->page[w])
			munmap(cache->page[w], cache->frames * sizeof(struct code_page *));
	if (cache->decoder)
		decoder_free(cache->decoder);
	memset(cache, 0, sizeof *cache);
}

void codecache_free_page(struct code_page *page)
{
	if (!page)
		return;
	codeblock_free(page);
	free(page->insn);
	free(page);
}

void codecache_drop_all(struct codecache *cache)
{
	for (struct code_page *p = cache->all, *next; p; p = next) {
		next = p->next;
		for (unsigned w = 0; w < WIDTHS; w++)
			if (cache->page[w][p->frame] == p)
				cache->page[w][p->frame] = NULL;
		codecache_free_page(p);
	}
	cache->all = NULL;
	cache->pages = 0;
	cache->drops++;
}

struct code_page *codecache_new_page(void)
{
	struct code_page *page = calloc(1, sizeof *page);

	if (!page)
		return NULL;
	page->room = 16;
	page->used = 1;
	page->insn = calloc(page->room, sizeof *page->insn);
	if (!page->insn) {
		free(page);
		return NULL;
	}
	page->insn[0].flags = ~0u; /* no instruction: whoever looks at its flags takes the slow path */
	codeblock_init(page);
	return page;
}

struct code_page *codecache_page(struct codecache *cache, hpa_t frame, enum code_width width)
{
	uint64_t n = frame.u >> PAGE_SHIFT;
	struct code_page *page = cache->page[width][n];

	if (page)
		return page;
	if (cache->pages >= CODE_PAGES_MAX)
		codecache_drop_all(cache);
	page = codecache_new_page();
	if (!page)
		return NULL;
	page->frame = n;
	page->next = cache->all;
	cache->all = page;
	cache->pages++;
	cache->page[width][n] = page;
	mem_mark(cache->mem, frame, FRAME_CODE);
	return page;
}

/*
 * RCL, RCR and SETcc: Unicorn 2.1.1 works out what they need of the flags before it makes their access, and if that faults has the flags
 * neither in one form nor in the other.
 */
static bool works_out_flags(const struct insn *insn)
{
	bool shift = insn->map == 0 && (insn->opcode == 0xc0 || insn->opcode == 0xc1 || (insn->opcode & 0xfc) == 0xd0);
	bool setcc = insn->map == 1 && (insn->opcode & 0xf0) == 0x90;

	return setcc || (shift && (insn->reg & 6) == 2);
}

/* What the engine wants to know at one glance. */
static void classify(struct insn *insn)
{
	if (insn->sys)
		insn->flags |= INSN_SYSTEM;
	if ((insn->flags & INSN_MEM) || insn->cls == CLASS_STRING) {
		if (insn->seg == SEG_FS || insn->seg == SEG_GS)
			insn->flags |= INSN_FSGS;
		if (insn->seg == SEG_CS)
			insn->flags |= INSN_CHECKED;
	}
	if (plain_loads_mxcsr(insn))
		insn->flags |= INSN_CHECKED;
	if ((insn->flags & INSN_MEM) && works_out_flags(insn))
		insn->flags |= INSN_FLAGS;
	/* an indirect CALL may have to be undone when its target is not canonical: its store is looked at closely */
	if ((insn->flags & INSN_BRANCH) && (insn->flags & INSN_WRITE) && insn->opcode == 0xff)
		insn->flags |= INSN_MULTI;
}

void codecache_decode(struct codecache *cache, const uint8_t *bytes, unsigned available, enum code_width width, struct insn *insn)
{
	if (decode_insn(cache->decoder, bytes, available, width_bits[width], insn) == DECODE_TRUNCATED)
		CHECK(available < INSN_LEN_MAX);
	classify(insn);
}

static bool reserve(struct code_page *page)
{
	if (page->used < page->room)
		return true;
	unsigned room = page->room * 2u > PAGE_SIZE + 1u ? PAGE_SIZE + 1u : page->room * 2u;
	struct insn *more = realloc(page->insn, room * sizeof *more);
	if (!more)
		return false;
	page->insn = more;
	page->room = (uint16_t)room;
	return true;
}

/* Instructions dropped by stores leave holes; a page full of them starts afresh. */
static void compact(struct code_page *page)
{
	memset(page->at, 0, sizeof page->at);
	page->used = 1;
	codeblock_drop(page);
}

void codecache_reserve(struct code_page *page, unsigned insns)
{
	if (page->used + insns > PAGE_SIZE)
		compact(page);
}

const struct insn *codecache_insn(struct codecache *cache, struct code_page *page, unsigned offset, enum code_width width)
{
	if (page->at[offset])
		return &page->insn[page->at[offset]];
	if (page->used > PAGE_SIZE)
		compact(page);
	if (!reserve(page))
		return NULL;

	const uint8_t *bytes = cache->mem->host + (page->frame << PAGE_SHIFT) + offset;
	unsigned available = PAGE_SIZE - offset < INSN_LEN_MAX ? PAGE_SIZE - offset : INSN_LEN_MAX;
	struct insn *insn = &page->insn[page->used];

	if (decode_insn(cache->decoder, bytes, available, width_bits[width], insn) == DECODE_TRUNCATED)
		return NULL;
	classify(insn);
	page->at[offset] = page->used++;
	return insn;
}

bool codecache_put(struct codecache *cache, struct code_page *page, unsigned offset, const uint8_t *bytes, enum code_width width)
{
	if (page->used > PAGE_SIZE)
		compact(page);
	if (!reserve(page))
		return false;
	codecache_decode(cache, bytes, INSN_LEN_MAX, width, &page->insn[page->used]);
	page->at[offset] = page->used++;
	page->block_at[offset] = 0;
	return true;
}

static void drop_range(struct code_page *page, unsigned offset, unsigned size)
{
	unsigned from = offset < INSN_LEN_MAX - 1 ? 0 : offset - (INSN_LEN_MAX - 1);

	for (unsigned i = from; i < offset + size && i < PAGE_SIZE; i++) {
		if (!page->at[i] || i + page->insn[page->at[i]].len <= offset)
			continue;
		page->at[i] = 0;
		codeblock_drop(page);
	}
}

void codecache_store(struct codecache *cache, hpa_t addr, unsigned size)
{
	for (unsigned w = 0; w < WIDTHS; w++) {
		struct code_page *page = cache->page[w][addr.u >> PAGE_SHIFT];
		if (page)
			drop_range(page, (unsigned)page_offset(addr.u), size);
	}
}

void codecache_drop(struct codecache *cache, hpa_t frame)
{
	for (unsigned w = 0; w < WIDTHS; w++) {
		struct code_page *page = cache->page[w][frame.u >> PAGE_SHIFT];
		if (page)
			compact(page);
	}
}
