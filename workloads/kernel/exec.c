/* SPDX-License-Identifier: GPL-2.0-or-later */
/* execve: scripts ("#!"), the new address space, the stack with strings, pointers and auxiliary vector (System V ABI, "Process
 * Initialization"). */
#include "exec.h"
#include "device.h"
#include "elf.h"
#include "errno.h"
#include "heap.h"
#include "path.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "sysv_shm.h"
#include "user.h"

enum { SCRIPTS_MAX = 4, LINE = 256 };
enum {
	AT_NULL,
	AT_PHDR = 3,
	AT_PHENT,
	AT_PHNUM,
	AT_PAGESZ,
	AT_BASE,
	AT_FLAGS,
	AT_ENTRY,
	AT_UID = 11,
	AT_EUID,
	AT_GID,
	AT_EGID,
	AT_PLATFORM,
	AT_HWCAP,
	AT_CLKTCK,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2,
	AT_EXECFN = 31
};

struct exec_strings exec_strings;

bool exec_add(struct exec_strings *s, const char *text)
{
	size_t n = strlen(text) + 1;

	if (s->count == EXEC_STRINGS || n > EXEC_TEXT - s->used)
		return false;
	s->at[s->count++] = s->used;
	memcpy(s->text + s->used, text, n);
	s->used += (u32)n;
	return true;
}

long exec_add_user(struct exec_strings *s, u64 from)
{
	u32 room = EXEC_TEXT - s->used;
	long n = s->count == EXEC_STRINGS || !room ? -E2BIG : user_string(s->text + s->used, from, room < EXEC_STRING ? room : EXEC_STRING);

	if (n < 0)
		return n == -ENAMETOOLONG ? -E2BIG : n;
	s->at[s->count++] = s->used;
	s->used += (u32)n + 1;
	return 0;
}

/* Puts a string before the others; drop: instead of the first. */
static bool prepend(struct exec_strings *s, const char *text, bool drop)
{
	u32 n = s->count;

	if (!exec_add(s, text))
		return false;
	u32 at = s->at[n];
	if (drop && s->arguments) {
		s->at[0] = at;
		s->count--;
		return true;
	}
	memmove(s->at + 1, s->at, n * sizeof(s->at[0]));
	s->at[0] = at;
	s->arguments++;
	return true;
}

/* "#!INTERPRETER [ARGUMENT]": the script's path becomes the last of the new first arguments. line is cut into words. */
static long script(struct inode *inode, const char *path, struct exec_strings *s, char line[LINE], const char **interpreter)
{
	u64 n = inode->size < LINE - 1 ? inode->size : LINE - 1;
	char *end, *word, *argument = NULL;

	if (n < 3 || !inode_copy(inode, 0, line, n) || line[0] != '#' || line[1] != '!')
		return -ENOEXEC;
	line[n] = 0;
	end = strchr(line, '\n');
	if (end)
		*end = 0;
	for (word = line + 2; *word == ' ' || *word == '\t';)
		word++;
	for (end = word; *end && *end != ' ' && *end != '\t';)
		end++;
	if (*end) {
		*end++ = 0;
		while (*end == ' ' || *end == '\t')
			end++;
		argument = *end ? end : NULL;
	}
	if (!*word || !prepend(s, path, true) || (argument && !prepend(s, argument, false)) || !prepend(s, word, false))
		return -ENOEXEC;
	*interpreter = word;
	return 0;
}

struct aux {
	u64 type, value;
};

/* The stack: strings at the top, below them the vectors, RSP on argc. false: no memory. */
static bool push_stack(const struct elf *elf, const struct exec_strings *s, struct trap *regs)
{
	u64 text = (USER_TOP - 64 - s->used) & ~63ull, random = text - 16, platform = random - 16, at, n = 0;
	u64 bytes[2] = {device_random(), device_random()};
	u32 r[4];
	cpuid(1, 0, r);
	const struct aux aux[] = {
	    {AT_PHDR, elf->headers},
	    {AT_PHENT, elf->header_size},
	    {AT_PHNUM, elf->header_count},
	    {AT_PAGESZ, PAGE},
	    {AT_BASE, 0},
	    {AT_FLAGS, 0},
	    {AT_ENTRY, elf->entry},
	    {AT_UID, 0},
	    {AT_EUID, 0},
	    {AT_GID, 0},
	    {AT_EGID, 0},
	    {AT_PLATFORM, platform},
	    {AT_HWCAP, r[3]},
	    {AT_HWCAP2, read_cr4() & CR4_FSGSBASE ? 2 : 0},
	    {AT_CLKTCK, 100},
	    {AT_SECURE, 0},
	    {AT_RANDOM, random},
	    {AT_EXECFN, text + s->at[0]},
	    {AT_NULL, 0},
	};
	u64 words = 1 + s->count + 2, size = (words * 8 + sizeof(aux) + 15) & ~15ull;
	u64 *vector = heap_alloc(size);
	bool ok;

	if (!vector)
		return false;
	vector[n++] = s->arguments;
	for (u32 i = 0; i <= s->count; i++) {
		if (i == s->arguments)
			vector[n++] = 0;
		vector[n++] = i < s->count ? text + s->at[i] : 0;
	}
	memcpy(vector + n, aux, sizeof(aux));
	at = platform - size;
	process_current->vm->arguments[0] = at + 8;
	process_current->vm->arguments[1] = s->arguments;
	ok = user_write(text, s->text, s->used) && user_write(random, bytes, 16) && user_write(platform, "x86_64", 7) &&
	     user_write(at, vector, size);
	heap_free(vector);
	*regs = (struct trap){.vector = SYSCALL_VECTOR + 1, .rip = elf->entry, .cs = UCODE, .rflags = FLAG_IF | 2, .rsp = at, .ss = UDATA};
	return ok;
}

static long load(struct inode *inode, const struct exec_strings *strings, struct trap *regs)
{
	struct process *p = process_current;
	struct vm *old = p->vm, *vm = vm_new();
	struct elf elf;
	struct trap start;
	long rc;

	if (!vm)
		return -ENOMEM;
	p->vm = vm;
	vm_switch(vm);
	rc = elf_map(vm, inode, &elf);
	if (rc == 0)
		rc = vm_map(vm, USER_TOP - 32 * PAGE, 32 * PAGE, PROT_READ | PROT_WRITE, AREA_STACK, NULL, 0);
	if (rc == 0 && !push_stack(&elf, strings, &start))
		rc = -ENOMEM;
	if (rc) {
		p->vm = old;
		vm_switch(old);
		vm_put(vm);
		return rc;
	}
	vm->heap_start = vm->heap_end = elf.end;
	*regs = start;
	p->pages_most = old && old->pages_most > p->pages_most ? old->pages_most : p->pages_most;
	if (old && shm_segments && old->refs == 1)
		shm_left(old);
	if (old)
		vm_put(old);
	return 0;
}

static void reset_thread(struct thread *t)
{
	static const u16 control = 0x37f;
	static const u32 mxcsr = 0x1f80;

	t->alt_size = t->clear_tid = t->robust_list = 0;
	t->fs_base = t->gs_base = 0;
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_BASE, 0);
	memset(t->fpu, 0, sizeof(t->fpu));
	memcpy(t->fpu, &control, sizeof(control));
	memcpy(t->fpu + 24, &mxcsr, sizeof(mxcsr));
	asm volatile("fxrstor64 %0" : : "m"(t->fpu));
}

static void become(struct process *p, struct inode *inode, const char *path, const char *name)
{
	char *copy = heap_text(path, strlen(path));
	const char *base = name;

	for (const char *c = name; *c; c++)
		if (*c == '/')
			base = c + 1;
	text_add(thread_current->name, sizeof(thread_current->name), 0, "%s", base);
	inode_get(inode);
	inode_put(p->program);
	p->program = inode;
	if (copy) {
		heap_free(p->program_path);
		p->program_path = copy;
	}
	for (unsigned i = 0; i < SIGNALS; i++)
		if (p->action[i].handler != SIG_IGN)
			p->action[i] = (struct sigaction){.handler = SIG_DFL};
	process_drop_timers(p, false);
	files_exec(p->files);
	reset_thread(thread_current);
	process_vfork_done(p);
}

/* The absolute path of what was found. */
static void absolute(const struct path *found, char text[PATH_SIZE])
{
	long n = found->parent ? path_of(found->parent, text, PATH_SIZE - 256) : 0;
	char name[256];

	if (n < 0)
		n = 0;
	memcpy(name, found->name, found->length);
	name[found->length] = 0;
	text_add(text, PATH_SIZE, (size_t)n, "/%s" + (n == 1), name);
}

long exec_program(const char *path, struct exec_strings *strings, struct trap *regs)
{
	static struct path found;
	static char full[PATH_SIZE], line[LINE];
	struct process *p = process_current;
	const char *program = path;
	long rc = -ELOOP;

	for (unsigned tries = 0; tries < SCRIPTS_MAX; tries++) {
		rc = path_find(&found, p->directory, program, true);
		if (rc == 0 && !found.inode)
			rc = -ENOENT;
		if (rc == 0 && ((found.inode->mode & S_IFMT) != S_IFREG || !(found.inode->mode & 0111)))
			rc = -EACCES;
		if (rc)
			return rc;
		rc = script(found.inode, program, strings, line, &program);
		if (rc)
			break;
	}
	if (rc == 0)
		return -ELOOP;
	absolute(&found, full);
	rc = load(found.inode, strings, regs);
	if (rc == 0)
		become(p, found.inode, full, path);
	return rc;
}
