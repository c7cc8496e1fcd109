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

/* The number behind @name ("\nUid:") in /proc/PID/status; -1: there is none. */
gint64   rsc_process_read_status (pid_t pid, const char *name);
gboolean rsc_process_is_traced (pid_t tid);
/* How a process or thread is: a letter, as in /proc/PID/stat; X: gone. */
char     rsc_process_get_state (pid_t tid);
/* When it began, clock ticks since the system did: with the number, no other process's.  0: it is gone. */
guint64  rsc_process_get_start (pid_t pid);
/* Its number in its own PID namespace: @pid if that is ours. */
pid_t    rsc_process_get_inner (pid_t pid);
/* Also if its parent has not looked yet. */
gboolean rsc_process_has_ended (pid_t tid);
/* Unique and resident set size, bytes; FALSE: it is gone, or may not be looked into. */
gboolean rsc_process_measure (pid_t pid, guint64 *uss, guint64 *rss);
/* Why process @pid could not be looked into, when that failed with @code, of its thread @tid: a sentence with the
 * remedy. */
void rsc_process_set_error (pid_t pid, pid_t tid, int code, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscProcessMemory, rsc_process_memory_free)

G_END_DECLS
