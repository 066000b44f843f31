/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory is taken as the guest touches it: however much RAM it has, what is resident stays below 100 MiB beyond the 10 MiB that it touches.
 * Runs the program (VTXRAY) on a flat image of a few instructions.
 */
#include "mmu/base.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__ /* which has memory of its own */
enum { SANITIZER_MIB = 512 };
#else
enum { SANITIZER_MIB = 0 };
#endif
enum { TOUCHED_MIB = 10, ALLOWED_MIB = TOUCHED_MIB + 100 + SANITIZER_MIB, SECTOR = 512 };

/*
 * Real mode, at 0000:7C00: protected mode with a flat data segment, write to each page of 10 MiB from 1 MiB on, then port F4H. The GDT is
 * at the end of the code.
 */
static const uint8_t image[] = {
    0xfa,							/* cli */
    0x0f, 0x01, 0x16, 0x3c, 0x7c,				/* lgdt [7C3C] */
    0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0,		/* mov eax,cr0; or al,1; mov cr0,eax */
    0xea, 0x13, 0x7c, 0x08, 0x00,				/* jmp 8:7C13 */
    0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8,				/* mov ax,10h; mov ds,ax */
    0xbf, 0x00, 0x00, 0x10, 0x00,				/* mov edi,100000h */
    0xb9, 0x00, 0x0a, 0x00, 0x00,				/* mov ecx,2560 */
    0x89, 0x0f, 0x81, 0xc7, 0x00, 0x10, 0x00, 0x00, 0xe2, 0xf6, /* 1: mov [edi],ecx; add edi,1000h; loop 1b */
    0xb0, 0x03, 0xe6, 0xf4,					/* mov al,3; out F4h,al */
    0xf4, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
    0x90, 0x17, 0x00, 0x44, 0x7c, 0x00, 0x00, 0x90, 0x90, /* 7C3C: the GDT's limit and base */
    0,	  0,	0,    0,    0,	  0,	0,    0,	  /* 7C44 */
    0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00,	  /* code */
    0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0xcf, 0x00,	  /* data */
};

static char path[] = "/tmp/memory-use-XXXXXX";

static void make_image(void)
{
	uint8_t sector[SECTOR] = {0};

	memcpy(sector, image, sizeof image);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, sector, sizeof sector), (ssize_t)sizeof sector);
	close(fd);
}

static void delete_image(void)
{
	unlink(path);
}

/* the most MiB that were resident at a time; the exit status must be the guest's */
static long resident(const char *mem)
{
	const char *given = getenv("VTXRAY"), *program = given ? given : "build/release/vtxray";
	struct rusage usage;
	int status;
	pid_t child = fork();

	if (!child) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execl(program, program, "run", "--mem", mem, path, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%s: status %x", mem, status);
	return usage.ru_maxrss >> 10;
}

static const char *const sizes[] = {"64M", "4G", "16G", "64G"};

START_TEST(ten_mib_of_any_ram_cost_less_than_100_mib_more)
{
	long mib = resident(sizes[_i]);

	ck_assert_msg(mib < ALLOWED_MIB, "--mem %s: %ld MiB", sizes[_i], mib);
	ck_assert_int_gt(mib, TOUCHED_MIB);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("memory");
	tcase_add_checked_fixture(tc, make_image, delete_image);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, ten_mib_of_any_ram_cost_less_than_100_mib_more, 0, ARRAY_LEN(sizes));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("memory use", add_cases)
