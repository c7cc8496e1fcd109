/* Writing a file so that the reader sees the old one, or the new one, whole. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes the content to @fd; on failure sets @error and returns FALSE. */
typedef gboolean (*RscFileWriteFunc) (int       fd,
                                      gpointer  user_data,
                                      GError  **error);

/* rsc_file_replace:
 * Creates a temporary file beside @path, lets @write fill it, syncs it and
 * renames it to @path.  Without @overwrite an existing @path is
 * RSC_FORMAT_ERROR, RSC_ERROR_EXISTS, checked before anything is written and
 * again by the rename itself (RENAME_NOREPLACE).  On failure nothing stays
 * behind and an existing file is untouched: RSC_FORMAT_ERROR with
 * RSC_ERROR_IO, RSC_ERROR_NOT_FOUND (the folder) or RSC_ERROR_PERMISSION, naming
 * @path and the system's reason.
 *
 * A symbolic link stays one: what it points to is replaced.  A device or a pipe
 * ("/dev/stdout") is written to as it is, so @write must not seek.  While @write
 * runs, a broken pipe or a file size limit gives EPIPE or EFBIG, not a signal. */
gboolean rsc_file_replace (const char       *path,
                           gboolean          overwrite,
                           RscFileWriteFunc  write,
                           gpointer          user_data,
                           GError          **error);

/* As above, for what only its owner is to read: heaps hold whatever the program
 * held, passwords too.  The file has the mode 0600 from its creation on, whatever
 * the umask is; also one that is overwritten, whatever mode it had. */
gboolean rsc_file_replace_private (const char       *path,
                                   gboolean          overwrite,
                                   RscFileWriteFunc  write,
                                   gpointer          user_data,
                                   GError          **error);

/* As rsc_file_replace(), for content that is in memory.  It can be cancelled until
 * the file has its name. */
gboolean rsc_file_replace_contents (const char    *path,
                                    gboolean       overwrite,
                                    const void    *data,
                                    gsize          size,
                                    GCancellable  *cancellable,
                                    GError       **error);

/* Runs @write on @fd, which is open already and is called @name in messages; a
 * broken pipe gives EPIPE, no signal. */
gboolean rsc_file_write_to (int               fd,
                            const char       *name,
                            RscFileWriteFunc  write,
                            gpointer          user_data,
                            GError          **error);

/* Writes all of @data to @fd, which may be a pipe that nobody reads: that can be
 * cancelled. */
gboolean rsc_file_write_stream (int            fd,
                                const void    *data,
                                gsize          size,
                                GCancellable  *cancellable,
                                GError       **error);

/* Writes all of @data to @fd, going on after short writes and EINTR. */
gboolean rsc_file_write_all (int          fd,
                             const void  *data,
                             gsize        size,
                             GError     **error);

G_END_DECLS
