#include "config.h"

#include "rsc-number.h"

char *
rsc_number_dup (guint64 number)
{
  return g_strdup_printf ("%'" G_GUINT64_FORMAT, number);
}
