#include "rsc-bitset.h"

static gsize
n_words (gsize n_bits)
{
  return n_bits / 64 + (n_bits % 64 != 0);
}

RscBitset *
rsc_bitset_new (gsize n_bits)
{
  RscBitset *self = g_malloc0 (sizeof *self + n_words (n_bits) * sizeof self->words[0]);

  self->n_bits = n_bits;

  return self;
}

void
rsc_bitset_free (RscBitset *self)
{
  g_free (self);
}

gsize
rsc_bitset_count (const RscBitset *self)
{
  gsize count = 0;

  for (gsize i = 0; i < n_words (self->n_bits); i++)
    count += (gsize) __builtin_popcountll (self->words[i]);

  return count;
}
