/* A file of ours in a folder that another process sees, for as long as it takes. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  char *path; /* as the process sees it */
  char *name; /* in the folder */
  int folder, fd;
} RscVisitingFile;

typedef enum
{
  RSC_VISITING_CODE,   /* all may read it, and it can be loaded */
  RSC_VISITING_SECRET  /* only the process's user may read it */
} RscVisitingKind;

/* @suffix: of its name.  NULL: no folder could be written to, errno is set. */
RscVisitingFile *rsc_visiting_file_create (pid_t pid, RscVisitingKind kind, const char *suffix, const char *bytes, gsize size);
/* Removes it. */
void             rsc_visiting_file_free (RscVisitingFile *self);
/* Who opens it from now on reads nothing. */
void             rsc_visiting_file_empty (RscVisitingFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscVisitingFile, rsc_visiting_file_free)

G_END_DECLS
