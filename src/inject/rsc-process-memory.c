#include "config.h"

#include "rsc-process-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "rsc-process-status.h"

#define DELETED " (deleted)"

static void
clear_mapping (gpointer data)
{
  g_free (((RscMapping *) data)->path);
}

RscProcessMemory *
rsc_process_memory_open (pid_t pid, gboolean writable, GError **error)
{
  g_autoptr(RscProcessMemory) self = g_new0 (RscProcessMemory, 1);
  g_autofree char *path = g_strdup_printf ("/proc/%d/mem", (int) pid);

  self->pid = pid;
  self->mappings = g_array_new (FALSE, FALSE, sizeof (RscMapping));
  g_array_set_clear_func (self->mappings, clear_mapping);
  self->fd = open (path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (self->fd < 0)
    {
      rsc_process_set_error (pid, pid, errno, error);
      return NULL;
    }
  if (!rsc_process_memory_reload (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
rsc_process_memory_free (RscProcessMemory *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_array_unref (self->mappings);
  g_free (self);
}

static gboolean
parse_mapping (const char *line, RscMapping *mapping)
{
  char permissions[5];
  int at = 0;
  unsigned long start, end, offset, inode;

  if (sscanf (line, "%lx-%lx %4s %lx %*s %lu %n", &start, &end, permissions, &offset, &inode, &at) < 5 || at == 0)
    return FALSE;
  *mapping = (RscMapping) {
    .start = start, .end = end, .offset = offset, .inode = inode,
    .readable = permissions[0] == 'r', .writable = permissions[1] == 'w', .executable = permissions[2] == 'x',
    .path = g_strdup (line + at),
  };
  if (g_str_has_suffix (mapping->path, DELETED))
    mapping->path[strlen (mapping->path) - strlen (DELETED)] = '\0';

  return TRUE;
}

gboolean
rsc_process_memory_reload (RscProcessMemory *self, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) self->pid);
  g_autofree char *line = NULL;
  size_t size = 0;
  FILE *file = fopen (path, "re");

  if (file == NULL)
    {
      rsc_process_set_error (self->pid, self->pid, errno, error);
      return FALSE;
    }
  g_array_set_size (self->mappings, 0);
  while (getline (&line, &size, file) > 0)
    {
      RscMapping mapping;

      line[strcspn (line, "\n")] = '\0';
      if (parse_mapping (line, &mapping))
        g_array_append_val (self->mappings, mapping);
    }
  fclose (file);
  if (self->mappings->len == 0)
    {
      rsc_process_set_error (self->pid, self->pid, ESRCH, error);
      return FALSE;
    }

  return TRUE;
}

gboolean
rsc_process_memory_read (RscProcessMemory *self, guint64 address, void *bytes, gsize size)
{
  char *at = bytes;

  while (size > 0)
    {
      ssize_t n = pread (self->fd, at, size, (off_t) address);

      if (n <= 0)
        return FALSE;
      at += n;
      address += (guint64) n;
      size -= (gsize) n;
    }

  return TRUE;
}

gboolean
rsc_process_memory_write (RscProcessMemory *self, guint64 address, const void *bytes, gsize size)
{
  const char *at = bytes;

  while (size > 0)
    {
      ssize_t n = pwrite (self->fd, at, size, (off_t) address);

      if (n <= 0)
        return FALSE;
      at += n;
      address += (guint64) n;
      size -= (gsize) n;
    }

  return TRUE;
}

char *
rsc_process_memory_read_text (RscProcessMemory *self, guint64 address, gsize max)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char byte;

  while (text->len < max && rsc_process_memory_read (self, address + text->len, &byte, 1))
    {
      if (byte == '\0')
        return g_string_free (g_steal_pointer (&text), FALSE);
      g_string_append_c (text, byte);
    }

  return NULL;
}

const RscMapping *
rsc_process_memory_find (RscProcessMemory *self, guint64 address)
{
  guint low = 0, high = self->mappings->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const RscMapping *mapping = &g_array_index (self->mappings, RscMapping, middle);

      if (address < mapping->start)
        high = middle;
      else if (address >= mapping->end)
        low = middle + 1;
      else
        return mapping;
    }

  return NULL;
}
