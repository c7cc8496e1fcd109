/* Strings on their way into a snapshot, one after the other, NUL-terminated. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RscStringTable RscStringTable;

/* String 0 is "". */
RscStringTable *rsc_string_table_new  (void);
void            rsc_string_table_free (RscStringTable *self);

/* See rsc_snapshot_builder_add_string() and _intern_string(). */
guint32 rsc_string_table_add    (RscStringTable *self, const char *text, gssize length);
guint32 rsc_string_table_intern (RscStringTable *self, const char *text, gssize length);

guint32     rsc_string_table_get_n    (RscStringTable *self);
const char *rsc_string_table_get      (RscStringTable *self, guint32 index);
/* FALSE once more strings came than a guint32 counts. */
gboolean    rsc_string_table_is_whole (RscStringTable *self);

/* Hands the memory over (g_free()); the table is empty afterwards. @offsets has
 * one item more than there are strings. */
void rsc_string_table_steal (RscStringTable *self,
                             guint64 **offsets, guint32 *n_strings,
                             char **data, guint64 *data_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscStringTable, rsc_string_table_free)

G_END_DECLS
