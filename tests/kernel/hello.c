/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments, environment, floating point, exit status: the first program the guest kernel runs. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("argument %d: '%s'\n", i, argv[i]);
	printf("HOME is %s, 22/7 is %.6f\n", getenv("HOME") ? getenv("HOME") : "not set", 22 / 7.0);
	return 42;
}
