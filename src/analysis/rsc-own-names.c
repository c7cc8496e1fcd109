/* RscOwnNames of rsc-names.h. */
#include "config.h"

#include "rsc-names.h"

gboolean
rsc_own_names_init (RscOwnNames *self,
                    RscSnapshot *snapshot)
{
  *self = (RscOwnNames) { .snapshot = snapshot };
  if (!g_str_has_prefix (rsc_snapshot_get_info_string (snapshot, "runtime"), "DOT"))
    return FALSE;

  self->columns = rsc_snapshot_peek_columns (snapshot);
  self->names = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), "names", G_VARIANT_TYPE_STRING_ARRAY);
  /* A file may say what it likes. */
  if (self->names != NULL && g_variant_n_children (self->names) != self->columns->n_nodes)
    g_clear_pointer (&self->names, g_variant_unref);

  return TRUE;
}

void
rsc_own_names_clear (RscOwnNames *self)
{
  g_clear_pointer (&self->names, g_variant_unref);
}

const char *
rsc_own_names_get (const RscOwnNames *self,
                   RscNode            node)
{
  const char *name;

  if (self->names == NULL)
    return rsc_snapshot_get_string (self->snapshot, self->columns->value[node]);
  /* Its bytes are those of the snapshot's info. */
  g_variant_get_child (self->names, node, "&s", &name);

  return name;
}
