/* Processes that run CPython, as far as can be seen from outside. */
#pragma once

#include <gio/gio.h>

#include "rsc-process-memory.h"

G_BEGIN_DECLS

/* The oldest CPython that can be attached to. */
#define RSC_PYTHON_OLDEST_MINOR 10

/* The interpreter in a process. */
typedef struct
{
  char *path;         /* of the object that its code is in: a library, or the program */
  guint64 base;       /* where that is mapped */
  guint major, minor, micro; /* 0.0.0 if unknown; micro is G_MAXUINT if unknown, before 3.11 */
  gboolean free_threaded;
} RscInterpreter;

/* NULL: there is none that exports its symbols. */
RscInterpreter *rsc_interpreter_find (RscProcessMemory *memory);
void            rsc_interpreter_free (RscInterpreter *self);

typedef struct
{
  pid_t pid;
  pid_t inner_pid;    /* in its own PID namespace; the same as pid if that is ours */
  uid_t uid;
  char *user;         /* its name, or number */
  char *version;      /* "3.11.2"; "3.10" where more is not known; NULL: unknown */
  char *command;      /* its arguments, joined; not valid UTF-8 is escaped */
  char *container;    /* its name or number, as far as the system tells; NULL: none */
  gint64 uss;         /* unique set size, bytes; -1: may not be read */
  char *why_not;      /* a sentence: why it cannot be attached to, and what would help; NULL: it can */
} RscPythonProcess;

/* All that can be seen, ascending by PID, without this process; an array of RscPythonProcess, unref it. */
GPtrArray *rsc_python_process_list (GCancellable *cancellable);
void       rsc_python_process_free (RscPythonProcess *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscInterpreter, rsc_interpreter_free)

G_END_DECLS
