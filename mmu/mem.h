/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host-physical memory of the emulated machine: RAM below the 32-bit device hole and from 4 GiB up, in one
 * lazily populated host mapping, so that host-physical address A is host byte host[A].
 *
 *     0 ... low_top (at most 3 GiB)   RAM
 *     low_top ... 4 GiB               no RAM: devices, or nothing
 *     4 GiB ... top                   RAM (only if size exceeds 3 GiB)
 *
 * Each frame carries marks: FRAME_TABLE (a walk has read it as a paging structure), FRAME_CODE (instructions of
 * it are decoded or translated). A store to a marked frame is noted here, so that the engine can drop what it
 * has cached (DESIGN, "The softmmu is a cache of the model").
 * Nothing here ever touches host memory outside the mapping: reads outside RAM give all ones, writes are dropped.
 */
#ifndef MMU_MEM_H
#define MMU_MEM_H

#include <string.h>

#include "mmu/addr.h"

#define MEM_LOW_MAX 0xc0000000ull /* the device hole is 3..4 GiB */
#define MEM_HIGH_BASE 0x100000000ull
#define MEM_SIZE_MAX (BIT(40)) /* 1 TiB */

enum {
	FRAME_TABLE = 1, /* read by a walk as a paging structure */
	FRAME_CODE = 2,	 /* holds decoded or translated instructions */
	FRAME_WATCH = 4, /* holds the byte that is watched */
	FRAME_EPT = 8,	 /* with FRAME_TABLE: as one of EPT's */
};

/*
 * Who waits for the first write to one linear address. mmu.c finds out where it lies, whenever it is translated anew; a store to that
 * byte of RAM, through whatever address, or an attempt at one that faults at just this address (raise_walk), is a hit.
 */
struct mem_watch {
	bool armed, hit;
	gla_t gla;
	hpa_t hpa; /* once the address has been translated */
};

/* Devices mapped into host-physical memory; reads return the value, size is 1, 2, 4 or 8 bytes. */
struct mem_devices {
	uint64_t (*read)(void *ctx, hpa_t addr, unsigned size);
	void (*write)(void *ctx, hpa_t addr, uint64_t value, unsigned size);
	void *ctx;
};

enum { MEM_CODE_STORES = 64, MEM_WORN_FRAMES = 16, MEM_WORN_STORES = 16, MEM_CHANGES = 16 };

/* A marked frame whose entries have been overwritten so often. */
struct mem_worn {
	uint64_t frame;
	uint32_t stores;
};

/* Where entries in use were overwritten in a marked frame, or may be without being seen: bytes from .. to, the latter not included. */
struct mem_change {
	uint64_t frame;
	uint16_t from, to;
};

struct mem {
	uint8_t *host;	       /* host mapping of [0, top) */
	uint8_t *frame_flags;  /* one byte per frame of [0, top) */
	uint64_t low_top;      /* bytes; end of RAM below the hole */
	uint64_t top;	       /* bytes; end of all RAM (== low_top when there is none above 4 GiB) */
	uint64_t expected_top; /* top, or 0: what is translated is not accessed (replay) */
	struct mem_devices devices;

	/* What stores to marked frames leave for the engine: */
	uint64_t table_epoch;		       /* +1 at each store to a FRAME_TABLE frame that overwrites an entry in use */
	struct mem_change change[MEM_CHANGES]; /* where, since the engine set changes to 0 .. */
	unsigned changes;		       /* .. in so many frames; MEM_CHANGES + 1: in more, or one of EPT's */
	bool attention;			       /* set by any store to a marked frame; cleared by the engine */
	uint32_t code_stores;		       /* entries of code_frame in use; MEM_CODE_STORES+1: overflowed, drop all */
	uint64_t code_frame[MEM_CODE_STORES];  /* frame numbers of FRAME_CODE frames the model stored to */
	uint64_t marks;			       /* +1 at each mark that a frame did not have before */
	uint8_t marked;			       /* which those were, since the engine set this to 0 */
	uint64_t *engine_limit;		       /* set to 0 then; NULL: no engine */
	struct mem_worn worn[MEM_WORN_FRAMES]; /* by frame */
	bool has_worn;			       /* one has MEM_WORN_STORES */

	struct mem_watch watch;

	/* Which frames the guest has used, by bit; and of each 2 MiB whether the host was asked for one huge page (mem_use). */
	uint64_t *used;
	uint8_t *huge;
	uint64_t unused; /* frames in those huge pages that were not used yet */

	/* Who is told before a store to a FRAME_TABLE frame, within one frame; NULL: nobody */
	void (*before_table_store)(void *ctx, hpa_t addr, uint64_t size);
	void *before_table_store_ctx;
};

/*
 * Maps size bytes of RAM (a multiple of 4 KiB, at most MEM_SIZE_MAX). Returns 0, -ERR_ARG or -ERR_NOMEM; after
 * an error mem_free must not be called.
 */
int mem_init(struct mem *mem, uint64_t size);
void mem_free(struct mem *mem);

/* Leaves only the first size bytes of RAM (a multiple of 4 KiB, at most what there is): for a copy of struct mem, what a guest has. */
void mem_narrow(struct mem *mem, uint64_t size);

/* total bytes of RAM */
uint64_t mem_size(const struct mem *mem);

/* true if all of [addr, addr+len) is RAM; len is not 0 */
static inline bool mem_is_ram(const struct mem *mem, hpa_t addr, uint64_t len)
{
	if (addr.u < mem->low_top)
		return len <= mem->low_top - addr.u;
	return addr.u >= MEM_HIGH_BASE && addr.u < mem->top && len <= mem->top - addr.u;
}

/*
 * The guest uses a frame of RAM. Where memory is used densely the host's own page walks are half of what a miss costs, so 2 MiB become one
 * huge page of the host when they are first used, as long as few frames are resident without being used.
 */
void mem_use_first(struct mem *mem, uint64_t frame);
static inline void mem_use(struct mem *mem, uint64_t frame)
{
	if (unlikely(!(mem->used[frame >> 6] >> (frame & 63) & 1)))
		mem_use_first(mem, frame);
}

/*
 * Reads or writes size (1, 2, 4, 8) bytes, little endian, not across a frame; RAM or device.
 * Nowhere: reads give all ones, writes are dropped. Writes to marked frames are noted.
 */
uint64_t mem_read(const struct mem *mem, hpa_t addr, unsigned size);
void mem_write(struct mem *mem, hpa_t addr, uint64_t value, unsigned size);

/* An entry of 8 or 4 bytes that is known to lie in RAM */
static inline uint64_t mem_load_entry(const struct mem *mem, hpa_t addr, unsigned size)
{
	uint64_t whole;
	uint32_t half;
	if (likely(size == 8)) {
		memcpy(&whole, mem->host + addr.u, 8);
		return whole;
	}
	memcpy(&half, mem->host + addr.u, 4);
	return half;
}

/*
 * The page at addr will be accessed soon: the host begins to look up where it is, which for a guest with a large working set takes longer
 * than all else that a TLB miss costs us. Anywhere outside RAM, or where pages are not accessed in truth (expected_top): nothing.
 */
static inline void mem_expect(const struct mem *mem, hpa_t addr)
{
	if (likely(addr.u < mem->expected_top))
		__builtin_prefetch(mem->host + addr.u);
}

/* An 8- or 4-byte paging-structure entry: RAM only (never a device); elsewhere all ones. addr is aligned to size. */
uint64_t mem_read_entry(const struct mem *mem, hpa_t addr, unsigned size);
/* Sets bits in a paging-structure entry, as a walk does for A and D; also notes nothing (the walker knows). */
void mem_or_entry(struct mem *mem, hpa_t addr, uint64_t bits, unsigned size);

/* Any length, may cross frames, RAM only. Returns false, with nothing copied, if any byte is not RAM. */
bool mem_read_bytes(const struct mem *mem, hpa_t addr, void *to, uint64_t len);
bool mem_write_bytes(struct mem *mem, hpa_t addr, const void *from, uint64_t len);

/* Marks a frame; addr outside RAM is ignored. */
void mem_mark(struct mem *mem, hpa_t addr, unsigned flag);

/* Waits for the first write to gla, from now on: the TLBs must not hold a translation of it. */
static inline void mem_watch_arm(struct mem *mem, gla_t gla)
{
	mem->watch = (struct mem_watch){.armed = true, .gla = gla, .hpa = HPA(~0ull)};
}

/* Called for a store of size bytes into a frame with FRAME_WATCH. */
static inline void mem_watch_store(struct mem *mem, hpa_t addr, uint64_t size)
{
	if (mem->watch.armed && mem->watch.hpa.u - addr.u < size)
		mem->watch.hit = mem->attention = true;
}

/* Called before a store of size bytes into a frame with these flags. */
static inline void mem_before_store(const struct mem *mem, unsigned flags, hpa_t addr, uint64_t size)
{
	if (unlikely(flags & FRAME_TABLE) && unlikely(mem->before_table_store))
		mem->before_table_store(mem->before_table_store_ctx, addr, size);
}

/*
 * Before a store of size bytes within a frame: may it overwrite a paging-structure entry that some translation was made from? Nothing is
 * made from one that is not present: bit 0 of the guest's entries, of 4 or 8 bytes, and bits 0, 1, 2 and 10 of EPT's are 0 then.
 */
static inline bool mem_overwrites_entry(const struct mem *mem, hpa_t addr, unsigned size)
{
	uint64_t used = 0;

	for (uint64_t at = addr.u & ~7ull; at < addr.u + size; at += 8)
		used |= mem_load_entry(mem, HPA(at), 8);
	return used & 0x0000040700000407ull;
}

/*
 * The store of size bytes that mem_overwrites_entry is true for. A frame that was a paging structure may have become one of data, a stack
 * say: after MEM_WORN_STORES such stores has_worn is set.
 */
void mem_overwritten(struct mem *mem, hpa_t addr, unsigned size);

/* table_epoch advances: entries among size bytes within a frame change. */
void mem_change_table(struct mem *mem, hpa_t addr, unsigned size);

/*
 * Takes FRAME_TABLE from the frames that are stored to so often. They are noted as changed, and table_epoch advances, so who remembers what
 * was translated through them forgets it; a walk that reads one again marks it again.
 */
void mem_unmark_worn(struct mem *mem);

/* After a store of size bytes into a frame whose flags are not 0; entry: it may have overwritten an entry in use. */
void mem_note_store(struct mem *mem, hpa_t addr, unsigned size, bool entry);

#endif
