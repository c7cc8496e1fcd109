/* Which collector the CPython of a heap has: how those that collect in generations differ, in one table. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* What update_refs does with objects that are never freed. */
typedef enum
{
  RSC_IMMORTAL_COUNTED,   /* there are none */
  RSC_IMMORTAL_SET_ASIDE, /* they move to the permanent generation */
  RSC_IMMORTAL_UNTRACKED  /* they leave the collector */
} RscImmortalRule;

typedef struct
{
  guint32 since;                  /* as rsc_snapshot_get_python_version() */
  gboolean has_generations;       /* FALSE: the rest says nothing */
  RscImmortalRule immortal;
  gboolean untracks_dicts;        /* a full collection untracks dicts that can hold no cycle, as every one does tuples */
  gboolean clears_weakrefs_last;  /* those without a callback, and what is unreachable of them: after finalizers ran, and not before */
  gboolean collects_in_allocation; /* by itself it runs inside of an allocation, whose object it does not see yet */
} RscCollector;

/* The versions that rsc_collector_get() knows, for a sentence: "3.10 to 3.13 ...". */
const char *rsc_collector_get_known (void);

/* NULL: that version has another collector, or it is not known. */
const RscCollector *rsc_collector_get (RscSnapshot *snapshot);

G_END_DECLS
