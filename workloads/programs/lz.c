/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lz [BYTES=256K]: compresses text with repetitions (a hash of three bytes finds the last place they were), decompresses and compares. */
#include "workload.h"
#include <string.h>

enum { HASHES = 1 << 15, LEAST = 4, MOST = 255, FAR = 65535 };

static uint32_t last[HASHES];

static u64 hash(const unsigned char *p)
{
	return (p[0] | (u64)p[1] << 8 | (u64)p[2] << 16) * 2654435761 >> 12 & (HASHES - 1);
}

/* A copy is 0, length, distance in two bytes; a byte of 0 is 0, 0; others stand for themselves. */
static u64 compress(const unsigned char *in, u64 n, unsigned char *out)
{
	u64 at = 0, size = 0;

	while (at < n) {
		u64 length = 0, from = 0;
		if (at + LEAST <= n) {
			u64 h = hash(in + at);
			from = last[h];
			last[h] = (uint32_t)at + 1;
			while (from && at + 1 - from <= FAR && length < MOST && at + length < n && in[from - 1 + length] == in[at + length])
				length++;
		}
		if (length >= LEAST) {
			u64 distance = at + 1 - from;
			out[size++] = 0;
			out[size++] = (unsigned char)length;
			out[size++] = (unsigned char)distance;
			out[size++] = (unsigned char)(distance >> 8);
			at += length;
		} else {
			out[size++] = in[at];
			if (!in[at++])
				out[size++] = 0;
		}
	}
	return size;
}

static u64 decompress(const unsigned char *in, u64 n, unsigned char *out)
{
	u64 at = 0, size = 0;

	while (at < n) {
		if (in[at] || !in[at + 1]) {
			out[size++] = in[at];
			at += in[at] ? 1 : 2;
			continue;
		}
		u64 distance = in[at + 2] | (u64)in[at + 3] << 8;
		for (unsigned i = in [at + 1]; i; i--, size++)
			out[size] = out[size - distance];
		at += 4;
	}
	return size;
}

int main(int argc, char **argv)
{
	u64 n = argument(argc, argv, 1, 256 << 10), state = SEED, sum = 0, size;
	unsigned char *text = memory(n), *packed = memory(2 * n), *back = memory(n + MOST);

	for (u64 i = 0; i < n;) {
		u64 r = random_next(&state), length = 3 + r % 13;
		for (u64 j = 0; j < length && i < n; j++, i++)
			text[i] = i > 512 && r % 3 ? text[i - 1 - (r >> 8) % 500] : (unsigned char)('a' + (r >> (8 + j * 3)) % 26);
	}
	size = compress(text, n, packed);
	if (decompress(packed, size, back) != n || memcmp(text, back, n))
		return 1;
	for (u64 i = 0; i < size; i++)
		sum = mix(sum, packed[i]);
	return done("lz", mix(sum, size));
}
