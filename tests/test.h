/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Check suite a file: each tests/check_*.c is a program of its own that ends with TEST_MAIN.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <check.h>
#include <stdlib.h>

/* cases: a function that adds its test cases to the suite */
#define TEST_MAIN(name, add_cases)                                                                                                         \
	int main(void)                                                                                                                     \
	{                                                                                                                                  \
		Suite *suite = suite_create(name);                                                                                         \
		add_cases(suite);                                                                                                          \
		SRunner *runner = srunner_create(suite);                                                                                   \
		srunner_run_all(runner, CK_ENV);                                                                                           \
		int failed = srunner_ntests_failed(runner);                                                                                \
		srunner_free(runner);                                                                                                      \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                                               \
	}

#endif
