/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: memory, processor, engine and devices, and the loop that runs them.
 */
#ifndef EMU_MACHINE_H
#define EMU_MACHINE_H

#include "emu/bus.h"
#include "emu/console.h"
#include "emu/engine.h"
#include "emu/life.h"
#include "emu/load.h"
#include "emu/region.h"
#include "ept/eptp.h"
#include "ept/vmm.h"
#include "shadow/vmm.h"
#include "mmu/profile.h"
#include "mmu/stale.h"
#include "vmx/vmx.h"

/* Who translates guest-physical addresses. */
enum paging_kind {
	PAGING_NATIVE, /* nobody: the image runs on the processor itself */
	PAGING_EPT,    /* the image is the guest of the built-in EPT VMM */
	PAGING_SHADOW, /* of the built-in shadow-paging VMM */
	PAGING_AGILE,  /* of the same, with walks that switch to nested ones */
};

static inline bool paging_is_shadow(enum paging_kind paging)
{
	return paging == PAGING_SHADOW || paging == PAGING_AGILE;
}

struct machine_config {
	uint64_t ram_size;  /* bytes */
	uint64_t max_insns; /* 0: no limit; further REP iterations, delivered events and VM exits count as well */
	bool verbose;
	enum account account;	     /* of instructions: which makes no difference but in speed */
	bool vmx;		     /* the processor offers VMX to the image (natively) */
	bool life;		     /* count the life of a program in the guest kernel apart (emu/life.h) */
	struct region_config region; /* what of the run is counted */
	bool explain_entry;	     /* say on stderr which check a failing VM entry failed */
	enum paging_kind paging;
	unsigned ept_page_shift;	 /* PAGING_EPT: 12, 21 or 30: the largest EPT page to use; 0: 12 */
	unsigned ept_levels;		 /* PAGING_EPT: 4 or 5; 0: 4 */
	bool check_invalidation;	 /* look for missing invalidations (finder.h) */
	bool log_dirty;			 /* PAGING_EPT: page-modification logging from the start */
	struct console *console;	 /* owned by the caller */
	struct save_port *save;		 /* likewise: files that the guest hands out; NULL: none */
	const struct mmu_config *tlbs;	 /* NULL: default */
	const struct profile *profile;	 /* the processor: TLBs (instead of tlbs), caches, prices; NULL: the plain model */
	struct shadow_vmm_config shadow; /* PAGING_SHADOW, PAGING_AGILE: pages, no_unsync, no_vpid, unprotect, interval, trace */
};

enum machine_end {
	END_EXIT,      /* the guest asked for it: exit_status is its own */
	END_SHUTDOWN,  /* triple fault */
	END_HALTED,    /* HLT with interrupts off or no timer left: nothing can ever happen */
	END_MAX_INSNS, /* the limit ran out */
	END_KICKED,    /* machine_kick: Ctrl-C */
	END_WATCH,     /* the watched address (mem.watch) was written, or an attempt at that faulted */
	END_STOP,      /* not modelled: stop_reason says what */
};

struct recorder;
struct top;

struct machine {
	struct machine_config config;
	struct mem mem;
	struct cpu cpu;
	struct bus bus;
	struct engine *engine;
	struct caches caches;	/* in use if config has a profile */
	struct ept ept;		/* offered with VMX */
	struct ept_vmm ept_vmm; /* PAGING_EPT */
	struct vmx vmx;		/* attached to the processor if config asks for VMX or a built-in VMM */
	struct stale stale;	/* with check_invalidation */
	bool apart;		/* the counters of a life, or of a region, are wanted apart from those of the run */
	struct life life;	/* if so */
	struct region region;	/* if config asks for it */
	volatile int kicked;
	bool in_rep;   /* RIP is at a REP string instruction with iterations done and left */
	uint64_t idle; /* cycles of the clock that passed while the processor was halted */
	const char *stop_reason;
	struct recorder *recorder; /* NULL: nothing is recorded (emu/recorder.h) */
	struct top *top;	   /* NULL: no live view (emu/top.h) */
};

/* Returns 0 or -ERR_*. machine_free undoes it; after an error it must not be called. */
int machine_init(struct machine *machine, const struct machine_config *config);
void machine_free(struct machine *machine);

/*
 * Loads the image, then makes it the guest of the built-in VMM if the configuration says so. Results and error as load_image, and
 * -ERR_NOMEM for a VMM that could not start.
 */
int machine_load(struct machine *machine, const struct load_request *request, char error[LOAD_ERROR_SIZE]);

/* Runs until the end; the counters are in machine->cpu.ev. May be called again after END_MAX_INSNS and END_KICKED. */
enum machine_end machine_run(struct machine *machine);

/* Asks a running machine to stop; safe in a signal handler. */
void machine_kick(struct machine *machine);

#endif
