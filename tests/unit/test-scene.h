/* Scenes for tests, made all the way that the program makes them. */
#pragma once

#include <string.h>

#include "formats/rsc-heap-file.h"
#include "render/rsc-scene.h"

static inline RscScene *
test_scene_new (RscSnapshot *snapshot, const RscViewParams *params)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscView) view = rsc_view_new (params);
  g_autoptr(RscGraph) graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  RscScene *scene;

  g_assert_no_error (error);
  scene = rsc_scene_new (graph, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  return scene;
}

/* From the first node. */
static inline RscScene *
test_scene_new_from_dot (const char *dot, RscViewParams *params)
{
  RscNode start = 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = rsc_dot_reader_read (dot, strlen (dot), NULL, NULL, &error);

  g_assert_no_error (error);
  params->objects = &start;
  params->n_objects = 1;
  return test_scene_new (snapshot, params);
}
