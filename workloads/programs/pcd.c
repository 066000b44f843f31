/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcd [ROUNDS=20]: process create and destroy: fork, and execve of this program, which exits. */
#include "workload.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "child"))
		return atoi(argv[2]);
	u64 rounds = argument(argc, argv, 1, 20), sum = 0;
	int status;

	for (u64 i = 0; i < rounds; i++) {
		char number[24];
		snprintf(number, sizeof(number), "%d", (int)(i % 100));
		char *arguments[] = {argv[0], "child", number, NULL};
		pid_t child = fork();
		if (child == 0) {
			execv("/proc/self/exe", arguments);
			_exit(255);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		sum = mix(sum, (u64)WEXITSTATUS(status));
	}
	return done("pcd", sum);
}
