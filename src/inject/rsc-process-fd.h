/* The descriptors of another process. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A copy of descriptor @number of the process, to be closed; -1: errno says why (ENOSYS before Linux 5.6). */
int rsc_process_copy_fd (pid_t pid, int number);

G_END_DECLS
