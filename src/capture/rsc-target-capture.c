/* Captures, and collections with captures around them. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "rsc-heap-stream-reader.h"
#include "wire/rsc-wire-heap.h"

G_STATIC_ASSERT ((int) RSC_VALUES_NONE == RSC_WIRE_VALUES_NONE);
G_STATIC_ASSERT ((int) RSC_VALUES_LENGTHS == RSC_WIRE_VALUES_LENGTHS);
G_STATIC_ASSERT ((int) RSC_VALUES_HASHES == RSC_WIRE_VALUES_HASHES);

/* What is known of one capture when it is asked for. */
typedef struct
{
  int fd;            /* the memfd */
  gint64 began;      /* monotonic, microseconds */
  gint64 captured_at; /* since 1970, microseconds */
  guint64 uss, rss;
  gboolean has_memory;
  gboolean collected_before, in_place, at_exit;
  RscCaptureValues values;
  char *hint;
} Plan;

static void
plan_clear (Plan *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->hint, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static gboolean
plan_init (Plan *self, RscTarget *target, const char *hint, GError **error)
{
  self->began = g_get_monotonic_time ();
  self->captured_at = g_get_real_time ();
  self->has_memory = rsc_target_sample_memory (target, &self->uss, &self->rss);
  g_mutex_lock (&target->lock);
  self->at_exit = target->state == RSC_TARGET_HELD && target->hold_kind == RSC_HOLD_AT_EXIT;
  if (hint != NULL)
    self->hint = g_strdup (hint);
  else
    self->hint = g_strdup (target->state == RSC_TARGET_HELD && target->hold_kind == RSC_HOLD_MARK
                           && target->hint != NULL ? target->hint : "");
  g_mutex_unlock (&target->lock);

  self->fd = memfd_create ("refscope-heap", MFD_CLOEXEC);
  if (self->fd < 0)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_LIMIT,
                 _("No memory file could be made for the heap: %s."), g_strerror (errno));

  return self->fd >= 0;
}

static void
set_marks (RscTarget *target, RscSnapshotBuilder *builder)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(sdsut)"));
  g_mutex_lock (&target->lock);
  for (guint i = 0; i < target->marks->len; i++)
    {
      const RscTargetMark *mark = &g_array_index (target->marks, RscTargetMark, i);

      g_variant_builder_add (&list, "(sdsut)", mark->hint, mark->seconds,
                             mark->file != NULL ? mark->file : "", mark->line, mark->uss);
    }
  g_mutex_unlock (&target->lock);
  rsc_snapshot_builder_set_info (builder, "marks", g_variant_builder_end (&list));
}

/* A command line need not be UTF-8.  Without values it is what is executed, and no more: what a process that was
 * attached to has in place of that is its title, which may hold anything. */
static void
set_argv (RscTarget *target, RscCaptureValues values, const char *executable, RscSnapshotBuilder *builder)
{
  const char *const name[] = { target->attached ? executable : target->argv[0], NULL };
  const char *const *argv = values == RSC_VALUES_ALL ? (const char *const *) target->argv : name;
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("as"));
  for (gsize i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *valid = g_utf8_make_valid (argv[i], -1);

      g_variant_builder_add (&list, "s", valid);
    }
  rsc_snapshot_builder_set_info (builder, "argv", g_variant_builder_end (&list));
}

/* The version that sys.version begins with. */
static char *
dup_version (RscTarget *target)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&target->lock);

  return g_strndup (target->version != NULL ? target->version : "",
                    target->version != NULL ? strcspn (target->version, " ") : 0);
}

/* An agent that does not know what it was asked for would tell all. */
static gboolean
has_values_as_asked (RscSnapshot *snapshot, RscCaptureValues values)
{
  static const char *const names[] = {
    [RSC_VALUES_ALL] = NULL, [RSC_VALUES_NONE] = "none", [RSC_VALUES_LENGTHS] = "lengths", [RSC_VALUES_HASHES] = "hashes",
  };
  const char *said = NULL;

  g_variant_lookup (rsc_snapshot_get_info (snapshot), "values", "&s", &said);

  return g_strcmp0 (said, names[values]) == 0;
}

static RscSnapshot *
plan_read (Plan *self, RscTarget *target, guint64 pause_ns, const RscProgress *progress,
           GCancellable *cancellable, GError **error)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", (int) rsc_target_get_pid (target));
  g_autofree char *executable = g_file_read_link (link, NULL);
  g_autofree char *version = dup_version (target);
  RscSnapshot *snapshot;

  if (!rsc_heap_stream_read (self->fd, builder, progress, cancellable, error))
    return NULL;

  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("CPython"));
  rsc_snapshot_builder_set_info (builder, "version", g_variant_new_string (version));
  rsc_snapshot_builder_set_info (builder, "pid", g_variant_new_uint32 ((guint32) rsc_target_get_pid (target)));
  set_argv (target, self->values, executable, builder);
  rsc_snapshot_builder_set_info (builder, "captured-at", g_variant_new_int64 (self->captured_at));
  rsc_snapshot_builder_set_info (builder, "hint", g_variant_new_string (self->hint));
  rsc_snapshot_builder_set_info (builder, "at-exit", g_variant_new_boolean (self->at_exit));
  rsc_snapshot_builder_set_info (builder, "collected-before", g_variant_new_boolean (self->collected_before));
  rsc_snapshot_builder_set_info (builder, "in-place", g_variant_new_boolean (self->in_place));
  rsc_snapshot_builder_set_info (builder, "paused-us", g_variant_new_uint64 (pause_ns / 1000));
  if (executable != NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (executable, -1);

      rsc_snapshot_builder_set_info (builder, "executable", g_variant_new_string (valid));
    }
  if (self->has_memory)
    {
      rsc_snapshot_builder_set_info (builder, "uss", g_variant_new_uint64 (self->uss));
      rsc_snapshot_builder_set_info (builder, "rss", g_variant_new_uint64 (self->rss));
    }
  set_marks (target, builder);
  rsc_snapshot_builder_set_info (builder, "total-us",
                                 g_variant_new_uint64 ((guint64) (g_get_monotonic_time () - self->began)));

  snapshot = rsc_snapshot_builder_freeze (builder, progress, cancellable, error);
  if (snapshot != NULL && !has_values_as_asked (snapshot, self->values))
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                           _("The agent in the program could not leave values out as it was asked to: nothing was kept of the capture. "
                             "If an older Refscope attached to it before, start the program again."));
      g_clear_pointer (&snapshot, rsc_snapshot_unref);
    }

  return snapshot;
}

static void
set_capturing (RscTarget *self, gboolean capturing)
{
  g_mutex_lock (&self->lock);
  self->capturing = capturing;
  g_mutex_unlock (&self->lock);
}

RscSnapshot *
rsc_target_capture (RscTarget *self, const RscCaptureOptions *options, const RscProgress *progress,
                    GCancellable *cancellable, GError **error)
{
  static const RscCaptureOptions defaults = { 0 };
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);
  g_auto(Plan) plan = { .fd = -1 };
  GError *local_error = NULL;
  gboolean captured;

  if (options == NULL)
    options = &defaults;
  plan.collected_before = options->collect_before;
  plan.in_place = options->in_place;
  plan.values = options->values;
  if (!plan_init (&plan, self, options->hint, error))
    return NULL;

  rsc_progress_report (progress, -1.0, _("Walking the heap"));
  rsc_wire_message_init (request, RSC_WIRE_CAPTURE, 0);
  rsc_wire_message_add_number (request, RSC_WIRE_FLAGS,
                               (options->in_place ? RSC_WIRE_IN_PLACE : 0)
                               | (options->collect_before ? RSC_WIRE_COLLECT_BEFORE : 0)
                               | (options->collect_before && options->agent_thread ? RSC_WIRE_AGENT_THREAD : 0)
                               | (options->release ? RSC_WIRE_RELEASE : 0)
                               | (guint) options->values << RSC_WIRE_VALUES_SHIFT);
  set_capturing (self, TRUE);
  captured = rsc_target_exchange (self, request, exchange, &plan.fd, 1, options->timeout_seconds,
                                  progress, _("Walking the heap"), cancellable, &local_error);
  set_capturing (self, FALSE);
  /* A held main thread is asked for plain captures, too: no other thread's collection is a way out. */
  if (!captured && !options->collect_before && g_error_matches (local_error, RSC_CAPTURE_ERROR, RSC_ERROR_BLOCKED))
    local_error->code = RSC_ERROR_TIMEOUT;
  if (!captured)
    g_propagate_error (error, local_error);

  return captured ? plan_read (&plan, self, exchange->pause_ns, progress, cancellable, error) : NULL;
}

void
rsc_collection_free (RscCollection *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->before, rsc_snapshot_unref);
  g_clear_pointer (&self->after, rsc_snapshot_unref);
  g_free (self);
}

/* Takes @collection over, and fills it. */
static RscCollection *
read_collection (RscCollection *collection, RscTarget *target, const RscTargetExchange *exchange, Plan *before, Plan *after,
                 gboolean with_captures, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(RscCollection) self = collection;

  self->returned = (gint64) rsc_wire_message_number (&exchange->reply, RSC_WIRE_RETURNED, 0);
  self->on_main_thread = rsc_wire_message_number (&exchange->reply, RSC_WIRE_ON_MAIN_THREAD, 0) != 0;
  self->others_ran = rsc_wire_message_number (&exchange->reply, RSC_WIRE_OTHERS_RAN, 0) != 0;
  if (with_captures)
    {
      self->before = plan_read (before, target, exchange->pause_ns, progress, cancellable, error);
      if (self->before == NULL)
        return NULL;
      self->after = plan_read (after, target, exchange->pause_ns, progress, cancellable, error);
      if (self->after == NULL)
        return NULL;
    }

  return g_steal_pointer (&self);
}

RscCollection *
rsc_target_collect (RscTarget *self, guint generation, RscCollectFlags flags, const RscProgress *progress,
                    GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);
  g_autoptr(RscCollection) collection = g_new0 (RscCollection, 1);
  g_auto(Plan) before = { .fd = -1 };
  g_auto(Plan) after = { .fd = -1 };
  gboolean with_captures = (flags & RSC_COLLECT_CAPTURE) != 0;
  gboolean collected;

  if (with_captures && (!plan_init (&before, self, NULL, error) || !plan_init (&after, self, NULL, error)))
    return NULL;
  after.collected_before = TRUE;
  after.has_memory = FALSE;

  rsc_progress_report (progress, -1.0, _("Collecting"));
  rsc_wire_message_init (request, RSC_WIRE_COLLECT, 0);
  rsc_wire_message_add_number (request, RSC_WIRE_GENERATION, generation);
  rsc_wire_message_add_number (request, RSC_WIRE_FLAGS,
                               (with_captures ? RSC_WIRE_WITH_CAPTURES : 0)
                               | ((flags & RSC_COLLECT_AGENT_THREAD) != 0 ? RSC_WIRE_AGENT_THREAD : 0));
  set_capturing (self, with_captures);
  collected = rsc_target_exchange (self, request, exchange, (int[]) { before.fd, after.fd }, with_captures ? 2 : 0,
                                   0, progress, _("Collecting"), cancellable, error);
  set_capturing (self, FALSE);
  if (!collected)
    return NULL;

  collection->generation = generation;

  return read_collection (g_steal_pointer (&collection), self, exchange, &before, &after, with_captures, progress, cancellable, error);
}

RscCollection *
rsc_target_await_collection (RscTarget *self, guint generation, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);
  g_autoptr(RscCollection) collection = g_new0 (RscCollection, 1);
  g_auto(Plan) before = { .fd = -1 };
  g_auto(Plan) after = { .fd = -1 };
  gboolean collected;

  if (!plan_init (&before, self, NULL, error) || !plan_init (&after, self, NULL, error))
    return NULL;
  after.collected_before = TRUE;

  rsc_progress_report (progress, -1.0, _("Waiting for a collection"));
  rsc_wire_message_init (request, RSC_WIRE_AWAIT_COLLECTION, 0);
  rsc_wire_message_add_number (request, RSC_WIRE_GENERATION, generation);
  collected = rsc_target_exchange (self, request, exchange, (int[]) { before.fd, after.fd }, 2, 0,
                                   progress, _("Waiting for a collection"), cancellable, error);
  set_capturing (self, FALSE);
  if (!collected)
    return NULL;

  /* Until then it was only waited for. */
  before.began = after.began = g_get_monotonic_time ();
  before.captured_at = after.captured_at = g_get_real_time ();
  before.has_memory = after.has_memory = FALSE;
  collection->by_itself = TRUE;
  collection->request = exchange->number;
  collection->generation = (guint) rsc_wire_message_number (&exchange->reply, RSC_WIRE_GENERATION, generation);

  return read_collection (g_steal_pointer (&collection), self, exchange, &before, &after, TRUE, progress, cancellable, error);
}
