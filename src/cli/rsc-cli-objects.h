/* Objects of a heap as rows. */
#pragma once

#include "rsc-cli-rows.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_OBJECTS_PLAIN = 0,
  RSC_OBJECTS_LABELS = 1 << 0, /* with how each refers to the next: a chain */
  RSC_OBJECTS_PATHS = 1 << 1   /* with a path of names that leads to each */
} RscObjectsFlags;

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  const RscNode *nodes; /* borrowed */
  gsize n_nodes;
  RscObjectsFlags flags;
} RscObjects;

/* The fields, for rsc_condition_check(). */
const RscField *rsc_objects_get_fields (RscObjectsFlags flags, gsize *n_fields);

/* Makes @rows of @nodes; both structures are the caller's. */
gboolean rsc_objects_init_rows (RscObjects       *self,
                                RscRows          *rows,
                                RscCli           *cli,
                                const RscNode    *nodes,
                                gsize             n_nodes,
                                RscObjectsFlags   flags,
                                GError          **error);

/* Appends a member to a JSON object: ", "member": ["0x7f...", ...]". @nodes: of RscNode. */
void rsc_objects_append_addresses (GString *json, RscSnapshot *snapshot, const char *member, GArray *nodes);

/* A line for people: "list 0x7f… 3 items".  Free with g_free(). */
char *rsc_objects_describe (RscSnapshot *snapshot, RscNode node);

G_END_DECLS
