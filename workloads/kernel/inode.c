/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RAM file system's objects: contents as frames, so that files are mapped without copying; directories as lists of names. */
#include "inode.h"
#include "errno.h"
#include "heap.h"
#include "inotify.h"
#include "page.h"
#include "process.h"
#include "string.h"
#include "time.h"
#include "user.h"

#define SIZE_MAX_FILE (1ull << 31) /* what the array of frames has room for */

static u64 next_number = 2;

struct inode *inode_new(u32 mode)
{
	struct inode *inode = heap_alloc(sizeof(*inode));

	u64 now = time_real();

	if (inode)
		*inode = (struct inode){.refs = 1, .mode = mode, .number = next_number++, .accessed = now, .modified = now, .changed = now};
	return inode;
}

void inode_accessed(struct inode *inode)
{
	u64 now = time_real();

	if (inode->accessed <= inode->modified || inode->accessed <= inode->changed || now - inode->accessed >= 86400 * SECOND)
		inode->accessed = now;
}

void inode_modified(struct inode *inode)
{
	inode->modified = inode->changed = time_real();
	if (inotify_watches && (inode->mode & S_IFMT) == S_IFREG)
		inotify_file(inode, IN_MODIFY);
}

void inode_changed(struct inode *inode)
{
	inode->changed = time_real();
}

/* RLIMIT_FSIZE */
static long too_large(void)
{
	signal_send_thread(thread_current, &(struct siginfo){.signal = SIGXFSZ, .pid = process_current->pid});
	return -EFBIG;
}

static void drop_frames(struct inode *inode, u64 from)
{
	for (u64 i = from; i < inode->frames_room; i++)
		if (inode->frames[i]) {
			page_put(inode->frames[i]);
			inode->frames[i] = 0;
		}
}

void inode_put(struct inode *inode)
{
	if (!inode || --inode->refs)
		return;
	if (inode->watches)
		inotify_gone(inode);
	if (inode->gone)
		inode->gone(inode);
	if ((inode->mode & S_IFMT) == S_IFDIR && !inode->links)
		inode_put(inode->parent);
	drop_frames(inode, 0);
	heap_free(inode->frames);
	heap_free(inode->target);
	heap_free(inode);
}

static bool make_room(struct inode *inode, u64 pages)
{
	u64 room = inode->frames_room ? inode->frames_room : 2, *frames;

	if (pages <= inode->frames_room)
		return true;
	while (room < pages)
		room *= 2;
	frames = heap_alloc(room * sizeof(*frames));
	if (!frames)
		return false;
	if (inode->frames_room)
		memcpy(frames, inode->frames, inode->frames_room * sizeof(*frames));
	heap_free(inode->frames);
	inode->frames = frames;
	inode->frames_room = room;
	return true;
}

u64 inode_frame(struct inode *inode, u64 page, bool make)
{
	if (page < inode->frames_room && inode->frames[page])
		return inode->frames[page];
	if (!make || !make_room(inode, page + 1))
		return 0;
	inode->frames[page] = page_alloc_zeroed(0);
	return inode->frames[page];
}

bool inode_adopt(struct inode *inode, u64 address, u64 size)
{
	u64 rest = size % PAGE, pages = page_round(size) / PAGE;

	if (!make_room(inode, pages ? pages : 1))
		return false;
	for (u64 i = 0; i < pages; i++)
		inode->frames[i] = address + i * PAGE;
	if (rest)
		memset(direct(address + size), 0, PAGE - rest);
	inode->size = size;
	return true;
}

long inode_truncate(struct inode *inode, u64 size)
{
	u64 frame = inode_frame(inode, size / PAGE, false);

	if ((long)size < 0)
		return -EINVAL;
	if (size > SIZE_MAX_FILE)
		return -EFBIG;
	if (size > inode->size && size > process_current->limit[LIMIT_FILE_SIZE].soft)
		return too_large();
	if ((size < inode->size && (inode->seals & SEAL_SHRINK)) || (size > inode->size && (inode->seals & SEAL_GROW)))
		return -EPERM;
	if (size < inode->size) {
		drop_frames(inode, page_round(size) / PAGE);
		if (frame && size % PAGE)
			memset((u8 *)direct(frame) + size % PAGE, 0, PAGE - size % PAGE);
	}
	inode->size = size;
	inode_modified(inode);
	return 0;
}

static u64 chunk(u64 offset, u64 n)
{
	u64 room = PAGE - offset % PAGE;

	return n < room ? n : room;
}

long inode_read(struct inode *inode, u64 offset, u64 to, u64 n)
{
	u64 done = 0;

	if (offset >= inode->size)
		return 0;
	if (n > inode->size - offset)
		n = inode->size - offset;
	while (done < n) {
		u64 c = chunk(offset + done, n - done), frame = inode_frame(inode, (offset + done) / PAGE, false);
		if (!user_write(to + done, (u8 *)direct(frame ? frame : page_zero_frame) + (offset + done) % PAGE, c))
			return done ? (long)done : -EFAULT;
		done += c;
	}
	return (long)done;
}

/* against being written to, or so far */
static bool sealed(const struct inode *inode, u64 end)
{
	return (inode->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)) || (end > inode->size && (inode->seals & SEAL_GROW));
}

long inode_write(struct inode *inode, u64 offset, u64 from, u64 n)
{
	u64 done = 0, limit = process_current->limit[LIMIT_FILE_SIZE].soft;

	if (offset > SIZE_MAX_FILE || n > SIZE_MAX_FILE - offset)
		return -EFBIG;
	if (offset + n > limit) {
		if (offset >= limit)
			return too_large();
		n = limit - offset;
	}
	if (inode->seals && sealed(inode, offset + n))
		return -EPERM;
	while (done < n) {
		u64 c = chunk(offset + done, n - done), frame = inode_frame(inode, (offset + done) / PAGE, true);
		if (!frame)
			return done ? (long)done : -ENOSPC;
		if (!user_read((u8 *)direct(frame) + (offset + done) % PAGE, from + done, c))
			return done ? (long)done : -EFAULT;
		done += c;
		if (offset + done > inode->size)
			inode->size = offset + done;
	}
	if (done)
		inode_modified(inode);
	return (long)done;
}

bool inode_copy(const struct inode *inode, u64 offset, void *to, u64 n)
{
	if (offset > inode->size || n > inode->size - offset)
		return false;
	for (u64 done = 0, c; done < n; done += c) {
		u64 page = (offset + done) / PAGE, frame = page < inode->frames_room ? inode->frames[page] : 0;
		c = chunk(offset + done, n - done);
		memcpy((u8 *)to + done, (u8 *)direct(frame ? frame : page_zero_frame) + (offset + done) % PAGE, c);
	}
	return true;
}

long inode_store(struct inode *inode, u64 offset, const void *from, u64 n)
{
	for (u64 done = 0, c; done < n; done += c) {
		u64 frame = inode_frame(inode, (offset + done) / PAGE, true);
		c = chunk(offset + done, n - done);
		if (!frame)
			return -ENOSPC;
		memcpy((u8 *)direct(frame) + (offset + done) % PAGE, (const u8 *)from + done, c);
		if (offset + done + c > inode->size)
			inode->size = offset + done + c;
	}
	return 0;
}

bool inode_append(struct inode *inode, const char *text, size_t n)
{
	return inode_store(inode, inode->size, text, n) == 0;
}

void inode_punch(struct inode *inode, u64 offset, u64 n)
{
	u64 end = offset + n < inode->size ? offset + n : inode->size;

	for (u64 at = offset, c; at < end; at += c) {
		u64 frame = inode_frame(inode, at / PAGE, false);
		c = chunk(at, end - at);
		if (!frame)
			continue;
		if (c == PAGE && page_of(frame)->refs == 1) {
			page_put(frame);
			inode->frames[at / PAGE] = 0;
		} else {
			memset((u8 *)direct(frame) + at % PAGE, 0, c);
		}
	}
	inode_modified(inode);
}

u64 inode_next(const struct inode *inode, u64 at, bool hole)
{
	for (; at < inode->size; at = (at / PAGE + 1) * PAGE) {
		bool data = at / PAGE < inode->frames_room && inode->frames[at / PAGE];
		if (data != hole)
			return at;
	}
	return inode->size;
}

struct entry *inode_find(const struct inode *directory, const char *name, size_t n)
{
	for (struct entry *e = directory->entries; e; e = e->next)
		if (strlen(e->name) == n && memcmp(e->name, name, n) == 0)
			return e;
	return NULL;
}

long inode_add(struct inode *directory, const char *name, size_t n, struct inode *inode)
{
	struct entry *e = heap_alloc(sizeof(*e)), **link = &directory->entries;

	if (!e || !(e->name = heap_text(name, n))) {
		heap_free(e);
		return -ENOMEM;
	}
	while (*link) /* at the end: listed in the order they were made */
		link = &(*link)->next;
	*link = e;
	e->inode = inode;
	e->cookie = 2 + directory->cookies++;
	inode_get(inode);
	inode->links++;
	if ((inode->mode & S_IFMT) == S_IFDIR) {
		inode->parent = directory;
		inode->links++;
		directory->links++;
	}
	inode_modified(directory);
	inode_changed(inode);
	return 0;
}

void inode_remove(struct inode *directory, struct entry *entry)
{
	struct entry **link = &directory->entries;
	struct inode *inode = entry->inode;

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	inode->links--;
	if ((inode->mode & S_IFMT) == S_IFDIR) {
		inode->links--;
		directory->links--;
		if (!inode->links) /* ".." still leads there for who is in it */
			inode_get(directory);
	}
	inode_modified(directory);
	inode_changed(inode);
	inode_put(inode);
	heap_free(entry->name);
	heap_free(entry);
}
