/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow VMM's inside. Terms, as KVM's and Xen's papers have them:
 *
 *   shadow page   a table of 512 entries in the VMM's area that stands for one guest table (or half or quarter of one, for the 1024
 *                 entries of 32-bit paging), or for a piece of a large guest page (direct), in one role
 *   role          all that decides how the guest's entries become shadow entries: level, format, inherited rights, CR0.WP ...
 *   slot          one entry of one shadow page, by number: page x 512 + index
 *   saved entry   the guest's entry that a present slot was made from; when the two differ, the slot is out of date
 *
 * A present slot says: the guest's entry is present, accessed, and (slot writable) dirty. Slots that map RAM writable hang in a list of
 * their frame, slots that refer to a shadow page in a list of that page, so both can be found to be taken back.
 */
#ifndef SHADOW_SHADOW_H
#define SHADOW_SHADOW_H

#include "mmu/pte.h"
#include "shadow/vmm.h"

#define ROLE_LEVEL BITS(2, 0)
#define ROLE_FORMAT_SHIFT 3   /* 2, 3, 4, 5: levels of the guest's paging mode; 0: no paging */
#define ROLE_QUADRANT_SHIFT 6 /* 32-bit paging: which 512 (level 1) or 256 (level 2) of the 1024 entries */
#define ROLE_RIGHTS_SHIFT 8   /* RIGHT_*: of the entries above */
#define ROLE_WP BIT(11)	      /* CR0.WP */
#define ROLE_NXE BIT(12)      /* EFER.NXE */
#define ROLE_PSE BIT(13)      /* CR4.PSE */
#define ROLE_SMEP BIT(14)     /* CR4.SMEP with CR0.WP = 0 */
#define ROLE_SMAP BIT(15)     /* CR4.SMAP with CR0.WP = 0 */
#define ROLE_DIRECT BIT(16)   /* stands for no guest table */
#define ROLE_PKEY_SHIFT 17    /* direct: protection key of the large page */
#define ROLE_PKE BIT(22)      /* CR4.PKE with CR0.WP = 0 */
#define ROLE_G BIT(21)	      /* direct: it is global */

#define SPTE_LEAF BIT(9)    /* ignored by the processor: the slot maps a page */
#define SPTE_SWITCH BIT(10) /* the slot refers to the guest's own table: agile.c */

#define VMM_MSR_EFER 0xc0000080u

enum {
	SLOTS = 512,
	PAGE_ROOT = 1,	   /* the shadow page that serves as PDPT of PAE paging: numbers begin with it, 0 is none */
	RESERVE = 32,	   /* shadow pages beyond the pool, so that any one instruction can complete */
	STEP_MAX = 8,	   /* frames that one stepped instruction may write */
	UNSYNC_MAX = 256,  /* tables out of sync at a time */
	NESTED_MAX = 1024, /* tables given to nested walks at a time */
};

struct shadow_page {
	uint64_t gfn; /* of the guest's table; direct: of the first page mapped */
	uint32_t role;
	uint32_t chain;	  /* next in its hash bucket, or next free page */
	uint32_t parents; /* slots that refer to it */
	uint32_t writes;  /* to its table since a walk last filled a slot of it */
	uint64_t stamp;	  /* when a fill last used it */
	uint64_t fill;	  /* the number of that fill */
	bool used;
	bool linked; /* a slot, or CR3, has referred to it */
};

/* A frame, 2-MiB or 1-GiB region of the guest's RAM. */
struct shadow_frame {
	uint32_t maps;	 /* slots of this size that map it writable */
	uint32_t tables; /* shadow pages of tables in it */
	bool unsync;	 /* frames: its tables are out of sync, and it may be written */
	/* frames, agile paging: */
	bool nested;	   /* nested walks use the table in it */
	bool never_nested; /* and never again */
	uint32_t switches; /* slots that refer to it */
	uint64_t written;  /* the clock, and 1, when a write to it last exited; 0: none has */
};

/* A table of the guest that nested walks use. */
struct shadow_nested {
	uint64_t gfn, sum; /* sum: of its entries when the VMM last looked */
};

struct shadow_step {
	uint64_t gfn;
	gla_t gla;
	uint32_t slot;		/* 0: the host's page table is changed instead */
	uint64_t entry, after;	/* what the slot is meanwhile, and then */
	uint64_t before[SLOTS]; /* what the frame held, for traces */
};

/* The guest's walk of its own tables. */
struct guest_walk {
	struct walk w;
	struct guest_ref {
		hpa_t hpa;
		uint64_t entry; /* with the flags that the VMM has set */
	} ref[LEVELS_MAX + 1];	/* by level; only those between leaf and top are filled */
	unsigned top;		/* highest level with a ref; 0: none */
	/* FILL_PROTECTED: the slot, and what it would be if the frame could be written */
	uint32_t slot;
	uint64_t entry, saved;
	bool once; /* for this instruction only, whatever the frame */
};

struct shadow {
	struct vmm vmm; /* first: vmm->own points here too */
	struct shadow_vmm_config config;
	struct cpu *cpu;
	struct mem *mem;
	vmm_handler *handler[VMX_REASONS];
	vmm_handler *common_rdmsr, *common_wrmsr;
	hpa_t pool;	/* of shadow page 1 */
	unsigned total; /* shadow pages, reserve included, numbered 1..total */
	unsigned limit; /* shadow pages that the pool should keep to */
	unsigned used;
	uint32_t free;

	struct shadow_page *page;		  /* [total + 1] */
	uint32_t *next, *prev;			  /* by slot: lists of writable mappings and of parents; 0 ends */
	uint64_t *saved;			  /* by slot */
	uint32_t *bucket, buckets;		  /* of pages, by guest frame */
	struct shadow_frame *frame, *mid, *large; /* by frame, 2-MiB, 1-GiB number */

	/* the guest as it sees itself */
	uint64_t cr0, cr3, cr4, efer, pdpte[4];
	struct paging_mode mode;
	uint32_t root;			/* the shadow page that CR3 in the VMCS refers to */
	uint16_t pcid[4096], next_pcid; /* the processor's PCID for each of the guest's; the next that nothing is cached under */

	uint64_t tick;	  /* +1 when the guest has got on since the last exit */
	uint64_t fills;	  /* numbers the fills */
	uint64_t changes; /* of slots */
	uint64_t last_rip, last_rcx, last_rsp;
	uint64_t unsync[UNSYNC_MAX]; /* frames of tables out of sync */
	unsigned unsyncs;
	struct shadow_step step[STEP_MAX]; /* frames writable for the instruction being stepped */
	unsigned steps;
	bool agile;	    /* walks may switch to nested ones */
	hpa_t host;	    /* the host's page table; 0: none */
	uint64_t host_gibs; /* PDs that it has */
	struct shadow_nested nested[NESTED_MAX];
	unsigned nesteds;
	uint64_t looked;     /* the clock when they were looked at */
	bool stale_nested;   /* the TLB may hold translations that nested walks gave */
	bool stale_writable; /* the TLB may hold writable translations that no slot knows any more */
	bool stale_pieces;   /* the TLB may hold several translations of what the guest invalidates as one page */
	bool flush;	     /* all translations of the guest must go before it is entered */
	uint64_t fault_gla;  /* of the exit under way, for traces */
	uint32_t fault_error;
};

static inline struct shadow *shadow_of(struct vmm *vmm)
{
	return vmm->own;
}

/* ---- page.c: shadow pages and slots ---- */
int page_init(struct shadow *s);
void page_free(struct shadow *s);
/* The shadow page for a key, found or made; the page stays until the next fill at least. */
uint32_t page_get(struct shadow *s, uint64_t gfn, uint32_t role);
/* A slot, or CR3, refers to the page from now on, and did not before: unless it is new, it is reused. */
void page_note_link(struct shadow *s, uint32_t page);
void page_zap(struct shadow *s, uint32_t page);
static inline hpa_t page_hpa(const struct shadow *s, uint32_t page)
{
	return HPA(s->pool.u + (uint64_t)(page - 1) * PAGE_SIZE);
}
/* The number of the page that a slot's value refers to. */
static inline uint32_t page_number(const struct shadow *s, uint64_t value)
{
	return (uint32_t)(((value & BITS(MAXPHYADDR - 1, 12)) - s->pool.u) / PAGE_SIZE + 1);
}
/* The next page (after page; 0: the first) that stands for a guest table in this frame; 0: no more. */
uint32_t page_of_table(const struct shadow *s, uint64_t gfn, uint32_t page);
static inline unsigned role_level(uint32_t role)
{
	return role & ROLE_LEVEL;
}
uint64_t slot_read(const struct shadow *s, uint32_t slot);
void slot_write(struct shadow *s, uint32_t slot, uint64_t value, uint64_t saved);

/* ---- frame.c: frames of the guest ---- */
bool frame_is_ram(const struct shadow *s, uint64_t gfn);
/* where a guest-physical address lies; the VMM's area lies nowhere */
hpa_t frame_hpa(const struct shadow *s, gpa_t gpa);
static inline bool frame_is_protected(const struct shadow *s, uint64_t gfn)
{
	return frame_is_ram(s, gfn) && s->frame[gfn].tables && !s->frame[gfn].unsync;
}
/* true if the region of 2^shift bytes around gpa has something of the VMM's area */
bool frame_region_has_area(const struct shadow *s, uint64_t gpa, unsigned shift);
/* true if the region of 2^shift bytes may be mapped by one entry */
bool frame_region_is_plain(const struct shadow *s, uint64_t gpa, unsigned shift);
void frame_protect(struct shadow *s, uint64_t gfn);
void frame_count_table(struct shadow *s, uint64_t gfn, int by);

/* ---- sync.c: shadow entries after the guest's tables have changed ---- */
/* The bytes [from, to) of a frame have changed: what was made from them goes. */
void sync_range(struct shadow *s, uint64_t gfn, unsigned from, unsigned to);
void sync_page(struct shadow *s, uint32_t page);
bool sync_may_unsync(const struct shadow *s, uint64_t gfn);
void sync_unsync(struct shadow *s, uint64_t gfn);
void sync_resync(struct shadow *s, uint64_t gfn);
void sync_resync_all(struct shadow *s);
/*
 * INVLPG: slots of all tables out of sync are looked at again. Not only the one in use for the address: pages of other roles, or linked
 * elsewhere, may come to serve it without the guest's invalidating again.
 */
void sync_all(struct shadow *s);
/* A page fault: the slot that serves the address is looked at again. */
void sync_address(struct shadow *s, gla_t gla);

/* ---- fill.c: faults ---- */
enum fill_result {
	FILL_DONE,	/* the access can be tried again */
	FILL_TRUE,	/* the guest's tables deny it: gw->w.error */
	FILL_PROTECTED, /* it writes to a write-protected frame: gw->w.hpa; no slot has changed */
	FILL_NOTHING,	/* there was nothing to do: the processor denies it for a reason that the walk does not know */
};
enum fill_result fill(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw);
void guest_walk(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw);
/* The same, free of charge: for who looks on. */
void guest_peek(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw);
/* Sets the accessed and dirty flags that the access sets. */
void guest_walk_flags(struct shadow *s, struct guest_walk *gw, unsigned access);
/* A second stage (second_fn): guest-physical to host-physical, for walks of the guest's own tables; ctx is struct shadow. */
second_fn fill_identity;
/* The slot that maps the address now; 0: none does. */
uint32_t fill_leaf(struct shadow *s, gla_t gla);
/* The shadow page for the guest's top table (4- and 5-level paging). */
uint32_t fill_root(struct shadow *s);

/* ---- write.c: stores to page tables ---- */
/* true: the instruction has been carried out; false: it is to be tried again. */
bool write_fault(struct shadow *s, gla_t gla, struct guest_walk *gw);
void write_end_step(struct shadow *s);
/* The VMM writes guest memory: bytes within one frame. */
void write_bytes(struct shadow *s, hpa_t to, const void *from, unsigned size);

/* ---- store.c ---- */
/* Carries out the instruction at RIP if it is a known form of store to gla (at hpa); false: nothing has happened. */
bool store_emulate(struct shadow *s, gla_t gla, hpa_t hpa);

/* ---- control.c: the guest's control registers ---- */
enum vmm_result control_cr_access(struct vmm *vmm);
enum vmm_result control_rdmsr(struct vmm *vmm);
enum vmm_result control_wrmsr(struct vmm *vmm);
void control_start(struct shadow *s);
/* The root for the guest's paging mode and CR3, and CR3 in the VMCS. */
void control_root(struct shadow *s);

/* ---- host.c: the host's page table ---- */
/* Bytes that it needs, for so much memory before it. */
uint64_t host_area(uint64_t memory);
/* Makes it at s->host: for guest-physical addresses to end by 4-KiB pages. */
void host_init(struct shadow *s, uint64_t end);
uint64_t host_eptp(const struct shadow *s);
bool host_permits_write(const struct shadow *s, uint64_t gfn);
/* Nothing without a host's page table. */
void host_permit_write(struct shadow *s, uint64_t gfn, bool permit);

/* ---- agile.c ---- */
/* true if walks may be nested in the guest's mode; EFER.NXE is the guest's own then. */
bool agile_fits(const struct shadow *s);
/* After any change of the guest's mode. */
void agile_apply(struct shadow *s);
/* true if walks are nested from this table of the guest's on */
bool agile_is_nested(const struct shadow *s, hpa_t table);
/* true if that is its top table: CR3 in the VMCS refers to it. */
bool agile_root(struct shadow *s);
/* A write to a protected table has exited: true if the table is protected no longer, but given to nested walks. */
bool agile_note_write(struct shadow *s, uint64_t gfn);
void agile_take_back_all(struct shadow *s);
void agile_look(struct shadow *s);
enum vmm_result agile_violation(struct vmm *vmm);

/* ---- pcid.c ---- */
void pcid_reset(struct shadow *s);
/* The processor's PCID for one of the guest's. */
uint16_t pcid_of_guest(struct shadow *s, uint16_t pcid);
/* What is cached under a PCID of the guest's is no longer used, but for global translations. */
void pcid_invalidate(struct shadow *s, uint16_t pcid);

/* ---- real.c: real-address mode ---- */
enum vmm_result real_enter(struct shadow *s);

/* ---- inval.c ---- */
enum vmm_result inval_invlpg(struct vmm *vmm);
enum vmm_result inval_invpcid(struct vmm *vmm);
void inval_address(struct shadow *s, gla_t gla);
void inval_nonglobal(struct shadow *s);
/*
 * A page fault that the guest gets invalidates what would be used for its address, all pieces of a large page among it (SDM 3A, "Operations
 * that Invalidate TLBs and Paging-Structure Caches"). The processor has done so for what it caches of the address itself, if it raised it.
 */
void inval_fault(struct shadow *s, gla_t gla);
/* Carries out s->flush. */
void inval_pending(struct shadow *s);

/* ---- vmm.c ---- */
void shadow_note(struct shadow *s, enum shadow_event_kind kind, uint64_t address, uint64_t before, uint64_t after);
enum vmm_result shadow_inject_fault(struct shadow *s, gla_t gla, uint32_t error);
/* ACC_*: what kind of access a page fault's error code tells of. */
unsigned shadow_fault_access(struct vmm *vmm, uint32_t error);
/* The end of a hidden fault: the guest goes on where it was, with the event that was being delivered. */
enum vmm_result shadow_retry(struct vmm *vmm);

#endif
