/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory and strings, and text with numbers in it. */
#include "string.h"

#include <stdarg.h>

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;
	size_t words = n / 8, rest = n % 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	if (rest)
		asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *start = to;
	size_t words = n / 8, rest = n % 8;

	asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"((u8)c * 0x0101010101010101ull) : "memory");
	if (rest)
		asm volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(c) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

struct text {
	char *text;
	size_t size, length;
};

static void put(struct text *t, char c)
{
	if (t->length + 1 < t->size)
		t->text[t->length++] = c;
}

static void put_number(struct text *t, u64 v, unsigned base, unsigned width)
{
	char digit[24];
	unsigned n = 0;

	do {
		digit[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n < width && n < sizeof(digit))
		digit[n++] = '0';
	while (n)
		put(t, digit[--n]);
}

size_t text_add(char *text, size_t size, size_t length, const char *f, ...)
{
	struct text t = {text, size, length};
	va_list ap;

	va_start(ap, f);
	for (; *f; f++) {
		unsigned width = 0;
		bool wide = false;
		if (*f != '%') {
			put(&t, *f);
			continue;
		}
		for (f++; (*f >= '0' && *f <= '9') || *f == 'l'; f++) {
			if (*f == 'l')
				wide = true;
			else
				width = width * 10 + (unsigned)(*f - '0');
		}
		if (*f == 's')
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(&t, *s);
		else
			put_number(&t, wide ? va_arg(ap, u64) : va_arg(ap, u32), *f == 'x' ? 16 : 10, width);
	}
	va_end(ap);
	t.text[t.length] = 0;
	return t.length;
}
