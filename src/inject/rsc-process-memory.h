/* What another process has mapped, and its bytes, by way of /proc. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 start, end; /* addresses in the process; end exclusive */
  guint64 offset;     /* in the file, bytes */
  guint64 inode;
  gboolean readable, writable, executable;
  char *path;         /* as the process names it, without " (deleted)"; "[stack]"; "" for none */
} RscMapping;

typedef struct
{
  pid_t pid;
  int fd;             /* of /proc/PID/mem */
  GArray *mappings;   /* of RscMapping, ascending */
} RscProcessMemory;

/* RSC_CAPTURE_ERROR: EXITED, PERMISSION (with who may), FAILED. */
RscProcessMemory *rsc_process_memory_open (pid_t pid, gboolean writable, GError **error);
void              rsc_process_memory_free (RscProcessMemory *self);
/* What is mapped now.  As above. */
gboolean          rsc_process_memory_reload (RscProcessMemory *self, GError **error);

/* Exactly @size bytes; FALSE if some of them are not there.  Writing goes to pages that
 * the process itself may only read, too: they become its own. */
gboolean rsc_process_memory_read  (RscProcessMemory *self, guint64 address, void *bytes, gsize size);
gboolean rsc_process_memory_write (RscProcessMemory *self, guint64 address, const void *bytes, gsize size);
/* A NUL-terminated text of less than @max bytes; NULL if it is none. */
char    *rsc_process_memory_read_text (RscProcessMemory *self, guint64 address, gsize max);

/* Where @address is; NULL: nowhere.  Borrowed until the next reload. */
const RscMapping *rsc_process_memory_find (RscProcessMemory *self, guint64 address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscProcessMemory, rsc_process_memory_free)

G_END_DECLS
