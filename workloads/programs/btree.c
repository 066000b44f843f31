/* SPDX-License-Identifier: GPL-2.0-or-later */
/* btree [KEYS=50000 [LOOKUPS=50000]]: a B-tree of 15 keys a node, filled in random order, then random look-ups, half of them misses. */
#include "workload.h"
#include <string.h>

enum { KEYS = 15 };

struct node {
	unsigned count, leaf;
	u64 key[KEYS];
	struct node *child[KEYS + 1];
};

static struct node *new_node(unsigned leaf)
{
	struct node *n = memory(sizeof(*n));

	n->count = 0;
	n->leaf = leaf;
	return n;
}

/* Splits the full child i of parent, which is not full. */
static void split(struct node *parent, unsigned i)
{
	struct node *left = parent->child[i], *right = new_node(left->leaf);
	unsigned half = KEYS / 2;

	right->count = KEYS - half - 1;
	memcpy(right->key, left->key + half + 1, right->count * sizeof(u64));
	if (!left->leaf)
		memcpy(right->child, left->child + half + 1, (right->count + 1) * sizeof(right));
	left->count = half;
	memmove(parent->key + i + 1, parent->key + i, (parent->count - i) * sizeof(u64));
	memmove(parent->child + i + 2, parent->child + i + 1, (parent->count - i) * sizeof(right));
	parent->key[i] = left->key[half];
	parent->child[i + 1] = right;
	parent->count++;
}

static unsigned position(const struct node *n, u64 key)
{
	unsigned i = 0;

	while (i < n->count && n->key[i] < key)
		i++;
	return i;
}

static struct node *insert(struct node *root, u64 key)
{
	struct node *n = root;

	if (root->count == KEYS) {
		n = new_node(0);
		n->child[0] = root;
		split(n, 0);
		root = n;
	}
	while (!n->leaf) {
		unsigned i = position(n, key);
		if (n->child[i]->count == KEYS) {
			split(n, i);
			i += key > n->key[i];
		}
		n = n->child[i];
	}
	unsigned i = position(n, key);
	memmove(n->key + i + 1, n->key + i, (n->count - i) * sizeof(u64));
	n->key[i] = key;
	n->count++;
	return root;
}

static u64 find(const struct node *n, u64 key)
{
	for (u64 depth = 1;; depth++) {
		unsigned i = position(n, key);
		if (i < n->count && n->key[i] == key)
			return depth;
		if (n->leaf)
			return 0;
		n = n->child[i];
	}
}

int main(int argc, char **argv)
{
	u64 keys = argument(argc, argv, 1, 50000), lookups = argument(argc, argv, 2, 50000), state = SEED, sum = 0;
	struct node *root = new_node(1);

	for (u64 i = 0; i < keys; i++)
		root = insert(root, random_next(&state) % (2 * keys) * keys + i);
	state = SEED;
	for (u64 i = 0; i < lookups; i++) {
		u64 key = random_next(&state) % (2 * keys) * keys + i % keys;
		sum = mix(sum, find(root, i % 2 ? key : key + 1));
	}
	return done("btree", sum);
}
