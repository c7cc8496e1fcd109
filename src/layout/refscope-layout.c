/* refscope-layout: runs Graphviz for one request, then ends.
 *
 * A process of its own because cgraph and gvc keep global state, cannot be
 * cancelled, and end the process when they lose heart.  It reads one record
 * from standard input, writes one to standard output, and says on standard
 * error what Graphviz says.  What it allocates goes with it. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rsc-layout-graphviz.h"
#include "rsc-layout-wire.h"

/* Graphviz needs about 200 MB to lay out 5,000 nodes, and 1.2 GB to parse a DOT
 * text of 1.5 million nodes and edges; a few kilobytes of DOT can ask for far more. */
#define MAX_MEMORY (G_GUINT64_CONSTANT (2) << 30)
#define MAX_CPU_SECONDS 120
#define READ_STEP 65536

static void
confine (int argc, char *argv[])
{
  struct rlimit cpu = { MAX_CPU_SECONDS, MAX_CPU_SECONDS + 5 };
  struct rlimit core = { 0, 0 };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  /* The parent may have died before that. */
  if (argc > 1 && getppid () != (pid_t) g_ascii_strtoll (argv[1], NULL, 10))
    _exit (EXIT_FAILURE);

  setrlimit (RLIMIT_CPU, &cpu);
  setrlimit (RLIMIT_CORE, &core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  /* A sanitizer's shadow memory does not fit below any such limit. */
  setrlimit (RLIMIT_AS, &(struct rlimit) { MAX_MEMORY, MAX_MEMORY });
#endif
  /* Graphviz opens no files of the graph's choosing with this set. */
  setenv ("SERVER_NAME", "refscope", TRUE);
}

static gboolean
read_exactly (guint8 *to, gsize size)
{
  while (size > 0)
    {
      gssize n = read (STDIN_FILENO, to, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      to += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gboolean
write_all (const guint8 *from, gsize size)
{
  while (size > 0)
    {
      gssize n = write (STDOUT_FILENO, from, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      from += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* Memory grows with what really comes, not with what the header claims; a NUL
 * is put behind it. */
static GByteArray *
read_payload (guint32 length)
{
  g_autoptr(GByteArray) payload = g_byte_array_new ();

  while (payload->len < length)
    {
      guint step = MIN (READ_STEP, length - payload->len);

      g_byte_array_set_size (payload, payload->len + step);
      if (!read_exactly (payload->data + payload->len - step, step))
        return NULL;
    }
  g_byte_array_append (payload, (const guint8 *) "", 1);
  g_byte_array_set_size (payload, length);
  return g_steal_pointer (&payload);
}

static void
answer (const RscLayoutHeader *header, const GByteArray *payload, GByteArray *reply)
{
  g_autoptr(GError) error = NULL;
  RscLayoutFault fault = { .offset = RSC_LAYOUT_OFFSET_UNKNOWN };

  if (header->type == RSC_LAYOUT_RECORD_PLACE)
    {
      g_autoptr(RscLayoutPlace) place = rsc_layout_wire_read_place (payload->data, payload->len, &error);
      g_autoptr(RscLayoutResult) result = NULL;

      if (place != NULL)
        result = rsc_layout_graphviz_place (&place->request, &place->settings, &error);
      if (result != NULL)
        rsc_layout_wire_append_places (reply, result);
    }
  else if (header->type == RSC_LAYOUT_RECORD_PARSE)
    {
      g_autoptr(RscDotGraph) graph = rsc_layout_graphviz_parse ((const char *) payload->data, payload->len, &fault, &error);

      if (graph != NULL)
        rsc_layout_wire_append_dot (reply, graph);
    }
  else
    g_set_error_literal (&error, RSC_LAYOUT_ERROR, RSC_ERROR_CORRUPT, "not a request");

  if (error != NULL)
    {
      fault.code = (guint32) error->code;
      rsc_layout_wire_append_error (reply, &fault, error->message);
    }
}

int
main (int argc, char *argv[])
{
  RscLayoutHeader header;
  g_autoptr(GByteArray) payload = NULL;
  g_autoptr(GByteArray) reply = g_byte_array_new ();
  g_autoptr(GError) error = NULL;

  confine (argc, argv);
  rsc_layout_graphviz_prepare ();

  if (!read_exactly ((guint8 *) &header, sizeof header))
    _exit (EXIT_SUCCESS); /* a spare that was not needed */
  if (!rsc_layout_wire_check_header (&header, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      _exit (EXIT_FAILURE);
    }
  payload = read_payload (header.length);
  if (payload == NULL)
    _exit (EXIT_FAILURE);
  answer (&header, payload, reply);
  /* No cleaning up: it would take Graphviz longer than all else for a big graph. */
  _exit (write_all (reply->data, reply->len) ? EXIT_SUCCESS : EXIT_FAILURE);
}
