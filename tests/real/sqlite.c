/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's SQLite library: executes the statements of the file argv[2] on the database argv[1], and prints the rows. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static int print_row(void *unused, int columns, char **value, char **name)
{
	(void)unused;
	for (int i = 0; i < columns; i++)
		printf("%s%s=%s", i ? " " : "", name[i], value[i] ? value[i] : "NULL");
	putchar('\n');
	return 0;
}

static char text[1 << 16];

int main(int argc, char **argv)
{
	sqlite3 *db;
	char *error = NULL;
	FILE *file = argc > 2 ? fopen(argv[2], "r") : NULL;

	if (!file || fread(text, 1, sizeof text - 1, file) == 0 || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 2;
	fclose(file);
	if (sqlite3_exec(db, text, print_row, NULL, &error) != SQLITE_OK)
		printf("error: %s\n", error);
	sqlite3_free(error);
	return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
