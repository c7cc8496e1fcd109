/* A temporary folder for a test, and a file in it. */
#pragma once

#include <glib/gstdio.h>

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static inline void
fixture_init (Fixture *fixture, const char *file)
{
  fixture->folder = g_dir_make_tmp ("rsc-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, file, NULL);
}

/* Removes the folder with what is in it. */
static inline void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
}
