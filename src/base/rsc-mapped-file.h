/* A file mapped for reading, guarded: where it shrinks under the map, the lost
 * pages read as zeros and the map says so, instead of SIGBUS ending the
 * process.  The handler passes every other SIGBUS on to the one before it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RscMappedFile RscMappedFile;

/* Only regular files are mapped.  RSC_FORMAT_ERROR: NOT_FOUND, PERMISSION, IO,
 * UNSUPPORTED (a folder, a pipe, a device). */
RscMappedFile *rsc_mapped_file_new  (const char *path, GError **error);
/* What @fd is open on, which stays the caller's; @name is what messages call it. */
RscMappedFile *rsc_mapped_file_new_for_fd (int fd, const char *name, GError **error);
void           rsc_mapped_file_free (RscMappedFile *self);

/* NULL if the file is empty. */
const guint8 *rsc_mapped_file_get_data (RscMappedFile *self);
gsize         rsc_mapped_file_get_size (RscMappedFile *self);

/* TRUE once a page could not be read since the file was mapped. */
gboolean rsc_mapped_file_is_lost (RscMappedFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscMappedFile, rsc_mapped_file_free)

G_END_DECLS
