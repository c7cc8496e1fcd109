#include "rsc-column-checks.h"

#include <string.h>

/* Big enough for the loops to be worth vectorising, small enough to stay in
 * the first cache. */
#define STRIDE 1024

gsize
rsc_check_indices (const guint32 *items,
                   gsize          n,
                   guint32        limit)
{
  for (gsize start = 0; start < n; start += STRIDE)
    {
      gsize end = MIN (start + STRIDE, n);
      guint32 bad = 0;

      for (gsize i = start; i < end; i++)
        bad |= items[i] >= limit;
      if (G_UNLIKELY (bad))
        for (gsize i = start; i < end; i++)
          if (items[i] >= limit)
            return i;
    }

  return n;
}

gsize
rsc_check_offsets (const guint64 *items,
                   gsize          n,
                   guint64        previous,
                   guint64        limit)
{
  for (gsize i = 0; i < n; i++)
    {
      if (G_UNLIKELY (items[i] < previous || items[i] > limit))
        return i;
      previous = items[i];
    }

  return n;
}

static void
fill_limits (guint32 limits[256],
             guint32 n_nodes,
             guint32 n_strings)
{
  for (guint k = 0; k < 256; k++)
    {
      switch ((RscEdgeKind) (k & RSC_EDGE_KIND_MASK))
        {
        case RSC_EDGE_VALUE:
          limits[k] = n_nodes - 1;
          break;
        case RSC_EDGE_ATTRIBUTE:
        case RSC_EDGE_SLOT:
        case RSC_EDGE_LOCAL:
        case RSC_EDGE_NAMED:
          limits[k] = n_strings - 1;
          break;
        default:
          limits[k] = G_MAXUINT32;
          break;
        }
    }
}

static inline gboolean
kind_is_known (guint8 kind)
{
  return (kind & RSC_EDGE_KIND_MASK) < RSC_EDGE_N_KINDS;
}

gsize
rsc_check_labels (const guint32 *label,
                  const guint8  *kind,
                  gsize          n,
                  guint32        n_nodes,
                  guint32        n_strings)
{
  guint32 limits[256];

  fill_limits (limits, n_nodes, n_strings);
  for (gsize start = 0; start < n; start += STRIDE)
    {
      gsize end = MIN (start + STRIDE, n);
      gboolean bad = FALSE;

      for (gsize i = start; i < end; i++)
        bad |= (label[i] > limits[kind[i]]) | !kind_is_known (kind[i]);
      if (G_UNLIKELY (bad))
        for (gsize i = start; i < end; i++)
          if (label[i] > limits[kind[i]] || !kind_is_known (kind[i]))
            return i;
    }

  return n;
}

gsize
rsc_check_strings (const guint64 *offsets,
                   gsize          n,
                   const char    *data)
{
  for (gsize i = 0; i < n; i++)
    {
      guint64 size = offsets[i + 1] - offsets[i];

      if (size == 0 || size > (guint64) RSC_MAX_STRING + 1
          || (const char *) memchr (data + offsets[i], '\0', size) != data + offsets[i + 1] - 1)
        return i;
    }

  return n;
}

gsize
rsc_check_utf8 (const char *text,
                gsize       size)
{
  gsize i = 0;

  while (i < size)
    {
      guint64 word;

      if (size - i >= sizeof word)
        {
          memcpy (&word, text + i, sizeof word);
          if ((word & G_GUINT64_CONSTANT (0x8080808080808080)) == 0)
            {
              i += sizeof word;
              continue;
            }
        }
      if ((guchar) text[i] < 0x80)
        {
          i++;
        }
      else
        {
          gunichar c = g_utf8_get_char_validated (text + i, (gssize) MIN (size - i, 6));

          if (c == (gunichar) -1 || c == (gunichar) -2)
            return i;
          i += (gsize) g_unichar_to_utf8 (c, NULL);
        }
    }

  return size;
}
