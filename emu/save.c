/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files from the guest (save.h). A host file is opened, and loses what it held, only when the guest's has come. */
#include "emu/save.h"

#include <errno.h>
#include <string.h>

enum { HEAD_WHICH, HEAD_ERROR, HEAD_SIZE, HEAD_SIZE_HIGH, HEADS };

void save_init(struct save_port *port, struct save *save, size_t saves, uint64_t most)
{
	*port = (struct save_port){.save = save, .saves = saves, .most = most};
	for (size_t i = 0; i < saves; i++)
		save[i].state = SAVE_AWAITED;
}

static void unwritten(struct save *save, int error)
{
	save->state = SAVE_UNWRITTEN;
	save->error = (uint32_t)error;
}

static void close_file(struct save_port *port)
{
	struct save *save = port->now;

	if (save && save->state == SAVE_COMING)
		save->state = SAVE_DONE;
	if (port->file && fclose(port->file) != 0 && save)
		unwritten(save, errno);
	port->file = NULL;
	port->now = NULL;
	port->heads = 0;
}

static void open_file(struct save_port *port, struct save *save)
{
	port->now = save;
	save->state = SAVE_COMING;
	port->file = fopen(save->host, "we");
	if (!port->file)
		unwritten(save, errno);
}

/* The head is complete. What is not a file the user asked for, or comes again, is dropped. */
static void begin(struct save_port *port)
{
	struct save *save = port->head[HEAD_WHICH] < port->saves ? &port->save[port->head[HEAD_WHICH]] : NULL;

	port->left = port->head[HEAD_ERROR] ? 0 : port->head[HEAD_SIZE] | (uint64_t)port->head[HEAD_SIZE_HIGH] << 32;
	if (save && save->state == SAVE_AWAITED && port->head[HEAD_ERROR]) {
		save->state = SAVE_ABSENT;
		save->error = port->head[HEAD_ERROR];
	} else if (save && save->state == SAVE_AWAITED && port->left <= port->most) {
		open_file(port, save);
	}
	if (!port->left)
		close_file(port);
}

void save_word(struct save_port *port, uint32_t word)
{
	size_t n = port->left < sizeof word ? (size_t)port->left : sizeof word;

	if (port->heads < HEADS) {
		port->head[port->heads++] = word;
		if (port->heads == HEADS)
			begin(port);
		return;
	}
	if (port->file && fwrite(&word, 1, n, port->file) != n) {
		unwritten(port->now, errno);
		fclose(port->file);
		port->file = NULL;
	}
	port->left -= n;
	if (!port->left)
		close_file(port);
}

bool save_finish(struct save_port *port)
{
	bool ok = true;

	if (port->file)
		fclose(port->file);
	port->file = NULL;
	for (size_t i = 0; i < port->saves; i++) {
		const struct save *save = &port->save[i];
		if (save->state == SAVE_DONE)
			continue;
		ok = false;
		if (save->state == SAVE_ABSENT)
			fprintf(stderr, "vtxray: --save %s: in the guest: %s\n", save->guest, strerror((int)(save->error & 0xfff)));
		else if (save->state == SAVE_UNWRITTEN)
			fprintf(stderr, "vtxray: --save: %s: %s\n", save->host, strerror((int)save->error));
		else
			fprintf(stderr, "vtxray: --save %s: the run ended before the guest kernel had handed it out%s\n", save->guest,
				save->state == SAVE_COMING ? " whole" : "");
	}
	return ok;
}
