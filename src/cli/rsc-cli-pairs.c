#include "config.h"

#include "rsc-cli-pairs.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/rsc-error.h"
#include "collect/rsc-comparison.h"
#include "rsc-cli-kept.h"
#include "rsc-cli-source.h"

/* Until a program that did not answer is asked again. */
#define PATIENCE G_USEC_PER_SEC

struct _RscPairs
{
  RscCli *cli;
  RscPairsOptions options;
  GCancellable *wake;
  GThread *thread; /* NULL: not begun, or over */
  gboolean made_folder;

  /* the thread's own */
  RscKept *kept;
  guint number;       /* of the last pair */
  gboolean told_late; /* that the program did not answer */

  GMutex lock;
  GCond changed;
  /* all below: [lock] */
  gboolean may_await, is_over;
  guint n_resumed;
  GCancellable *awaiting; /* NULL: nothing is waited for */
  GQueue pairs;           /* of RscPair, not fetched yet */
  gboolean is_done;       /* there will be no more */
  GError *error;          /* why */
};

void
rsc_pair_free (RscPair *self)
{
  g_free (self->before);
  g_free (self->after);
  g_free (self);
}

/* Goes on after what is there from another run. */
static gboolean
open_folder (RscPairs  *self,
             GError   **error)
{
  g_autoptr (GDir) dir = NULL;

  self->made_folder = g_mkdir (self->options.folder, 0700) == 0;
  if (!self->made_folder && errno != EEXIST)
    {
      int saved_errno = errno;

      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("The folder “%s” cannot be made: %s."), self->options.folder, g_strerror (saved_errno));
      return FALSE;
    }
  dir = g_dir_open (self->options.folder, 0, error);
  if (dir == NULL)
    return FALSE;
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    {
      char *end;
      guint64 number = g_ascii_isdigit (name[0]) ? g_ascii_strtoull (name, &end, 10) : 0;

      if (number > 0 && number < G_MAXUINT / 2 && g_str_has_prefix (end, "-gen"))
        self->number = MAX (self->number, (guint) number);
    }

  return TRUE;
}

static char *
dup_path (RscPairs   *self,
          guint       generation,
          const char *which)
{
  g_autofree char *name = g_strdup_printf ("%06u-gen%u-%s.refscope", self->number, generation, which);

  return g_build_filename (self->options.folder, name, NULL);
}

/* Under the next number that is free. */
static gboolean
save (RscPairs             *self,
      const RscCollection  *collection,
      RscPair              *pair,
      GError              **error)
{
  GCancellable *cancellable = self->cli->cancellable;

  for (;;)
    {
      g_autoptr (GError) local_error = NULL;

      self->number++;
      g_free (pair->before);
      g_free (pair->after);
      pair->before = dup_path (self, collection->generation, "1-before");
      pair->after = dup_path (self, collection->generation, "2-after");
      if (rsc_snapshot_save (collection->before, pair->before, FALSE, NULL, cancellable, &local_error))
        {
          if (rsc_snapshot_save (collection->after, pair->after, FALSE, NULL, cancellable, &local_error))
            return TRUE;
          /* One alone is no pair. */
          g_unlink (pair->before);
        }
      if (!g_error_matches (local_error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
}

static gboolean
compare (RscPairs             *self,
         const RscCollection  *collection,
         RscPair              *pair,
         GError              **error)
{
  g_autoptr (RscCollectionDiff) diff =
    rsc_collection_diff_compute (collection->before, collection->after, collection->generation, NULL, self->cli->cancellable, error);
  g_autoptr (RscComparison) comparison = NULL;

  if (diff == NULL)
    return FALSE;

  comparison = rsc_comparison_new (diff->prediction, diff);
  pair->really_unreachable = comparison->really->len;
  pair->only_predicted = comparison->only_predicted->len;
  pair->only_real = comparison->only_real->len;
  pair->freed_along = comparison->freed_along;
  pair->freed_bytes = diff->freed_bytes;
  pair->promoted = diff->promoted;

  return TRUE;
}

static RscPair *
write_pair (RscPairs             *self,
            const RscCollection  *collection,
            GError              **error)
{
  g_autoptr (RscPair) pair = g_new0 (RscPair, 1);
  guint64 before = rsc_snapshot_compute_file_size (collection->before, error);
  guint64 after = before > 0 ? rsc_snapshot_compute_file_size (collection->after, error) : 0;

  pair->request = collection->request;
  pair->generation = collection->generation;
  if (after == 0 || !compare (self, collection, pair, error) || !rsc_kept_check_room (self->kept, before + after, error)
      || !save (self, collection, pair, error))
    return NULL;
  rsc_kept_add (self->kept, (const char *const[]) { pair->before, pair->after });

  return rsc_kept_remove_old (self->kept, error) ? g_steal_pointer (&pair) : NULL;
}

/* Takes over one of them. */
static void
tell (RscPairs *self,
      RscPair  *pair,
      GError   *error)
{
  g_mutex_lock (&self->lock);
  if (pair != NULL)
    g_queue_push_tail (&self->pairs, pair);
  if (error != NULL)
    self->error = error;
  self->is_done = error != NULL || (self->options.count > 0 && rsc_kept_get_n_written (self->kept) >= self->options.count);
  self->is_over |= self->is_done;
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (self->wake);
}

/* What there was in place of a collection.  @n_resumed: when it was asked for. */
static void
handle_error (RscPairs *self,
              GError   *error,
              guint     n_resumed)
{
  gboolean stops = g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED)
                   || g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED);
  gboolean is_late = rsc_source_may_come_later (error) || g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY);

  if (g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED))
    rsc_cli_warn ("%s", error->message);
  else if (is_late && !self->told_late)
    rsc_cli_note (self->cli, _("%s It is tried again."), error->message);
  self->told_late |= is_late;

  if (!stops && !is_late && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      tell (self, NULL, error);
      return;
    }
  g_error_free (error);

  g_mutex_lock (&self->lock);
  /* Another Python may have begun in its place. */
  if (stops && n_resumed == self->n_resumed)
    self->may_await = FALSE;
  else if (is_late && !self->is_over)
    g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + PATIENCE);
  g_mutex_unlock (&self->lock);
}

/* Whether there is something to wait for; FALSE: it is over. */
static gboolean
wait_until_resumed (RscPairs      *self,
                    GCancellable **awaiting,
                    guint         *n_resumed)
{
  gboolean goes_on;

  g_mutex_lock (&self->lock);
  g_clear_object (&self->awaiting);
  while (!self->may_await && !self->is_over)
    g_cond_wait (&self->changed, &self->lock);
  goes_on = !self->is_over;
  *n_resumed = self->n_resumed;
  if (goes_on)
    self->awaiting = g_cancellable_new ();
  *awaiting = self->awaiting;
  g_mutex_unlock (&self->lock);

  return goes_on;
}

static gpointer
run (gpointer data)
{
  RscPairs *self = data;
  GCancellable *awaiting;
  guint n_resumed;

  while (wait_until_resumed (self, &awaiting, &n_resumed))
    {
      GError *error = NULL;
      RscPair *pair = NULL;
      g_autoptr (RscCollection) collection =
        rsc_target_await_collection (self->cli->target, self->options.generation, NULL, awaiting, &error);

      if (collection != NULL)
        {
          pair = write_pair (self, collection, &error);
          tell (self, pair, error);
        }
      else
        {
          handle_error (self, error, n_resumed);
        }
    }

  return NULL;
}

RscPairs *
rsc_pairs_new (RscCli                 *cli,
               const RscPairsOptions  *options,
               GCancellable           *wake,
               GError                **error)
{
  RscPairs *self = g_new0 (RscPairs, 1);

  self->cli = cli;
  self->options = *options;
  self->wake = g_object_ref (wake);
  self->kept = rsc_kept_new (cli, options->folder, options->keep, options->count, 2);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->pairs);
  if (!open_folder (self, error))
    g_clear_pointer (&self, rsc_pairs_free);

  return self;
}

void
rsc_pairs_resume (RscPairs *self)
{
  g_mutex_lock (&self->lock);
  self->may_await = TRUE;
  self->n_resumed++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  if (self->thread == NULL)
    self->thread = g_thread_new ("pairs", run, self);
}

void
rsc_pairs_pause (RscPairs *self)
{
  g_autoptr (GCancellable) awaiting = NULL;

  g_mutex_lock (&self->lock);
  self->may_await = FALSE;
  if (self->awaiting != NULL)
    awaiting = g_object_ref (self->awaiting);
  g_mutex_unlock (&self->lock);
  /* It takes locks of its own. */
  if (awaiting != NULL)
    g_cancellable_cancel (awaiting);
}

void
rsc_pairs_finish (RscPairs *self)
{
  g_mutex_lock (&self->lock);
  self->is_over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  rsc_pairs_pause (self);
  g_clear_pointer (&self->thread, g_thread_join);
}

void
rsc_pairs_free (RscPairs *self)
{
  rsc_pairs_finish (self);
  if (self->error != NULL || g_cancellable_is_cancelled (self->cli->cancellable))
    rsc_kept_note (self->kept);
  self->cli->has_written = rsc_kept_get_n_written (self->kept) > 0;
  g_queue_clear_full (&self->pairs, (GDestroyNotify) rsc_pair_free);
  g_clear_error (&self->error);
  g_clear_object (&self->awaiting);
  g_object_unref (self->wake);
  rsc_kept_free (self->kept);
  /* If it is empty still. */
  if (self->made_folder)
    g_rmdir (self->options.folder);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

RscPair *
rsc_pairs_pop (RscPairs  *self,
               GError   **error)
{
  RscPair *pair;

  g_mutex_lock (&self->lock);
  pair = g_queue_pop_head (&self->pairs);
  if (pair == NULL && self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  g_mutex_unlock (&self->lock);

  return pair;
}

gboolean
rsc_pairs_is_done (RscPairs *self)
{
  gboolean is_done;

  g_mutex_lock (&self->lock);
  is_done = self->is_done;
  g_mutex_unlock (&self->lock);

  return is_done;
}
