#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-lesson-guide.h"

#include <string.h>

#include "query/rsc-object-ref.h"

#define UNKNOWN "…"
#define NAMES_PREFIX "names:"

struct _RscLessonGuide
{
  GObject parent_instance;

  RscSession *session;
  RscLesson *lesson;   /* the session's */
  int current;
  gboolean *reached;   /* by step */
  gboolean *opened;    /* by step: what it opens was opened */
  char *place;         /* as a step's At, or NULL before the first */
  guint n_captures;    /* that there were on coming there */
};

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscLessonGuide, rsc_lesson_guide, G_TYPE_OBJECT)

/* NULL: on the way from one place to the next. */
static const char *
find_place (RscLessonGuide *self)
{
  switch (rsc_session_get_state (self->session))
    {
    case RSC_SESSION_HELD:
      switch (rsc_session_get_hold_kind (self->session))
        {
        case RSC_HOLD_AT_EXIT:
          return "@end";

        case RSC_HOLD_UNCAUGHT:
          return "@uncaught";

        case RSC_HOLD_MARK:
        case RSC_HOLD_NONE:
        default:
          return rsc_session_get_hold_hint (self->session);
        }

    case RSC_SESSION_EXITED:
      return "@exited";

    case RSC_SESSION_READY:
      return "@file";

    case RSC_SESSION_LOADING:
    case RSC_SESSION_STARTING:
    case RSC_SESSION_RUNNING:
    case RSC_SESSION_FAILED:
    default:
      return NULL;
    }
}

/* A collection of the heap that was come upon here, or of a file's. */
static gboolean
was_collected (RscLessonGuide *self)
{
  GListModel *captures = rsc_session_get_captures (self->session);

  for (guint i = self->n_captures; i < g_list_model_get_n_items (captures); i++)
    {
      g_autoptr (RscHeapCapture) capture = g_list_model_get_item (captures, i);

      if (rsc_heap_capture_get_collection (capture) != NULL)
        return TRUE;
    }

  return !rsc_session_is_program (self->session) && rsc_session_get_prediction (self->session) != NULL;
}

static gboolean
was_done (RscLessonGuide *self, const char *what)
{
  RscView *view = rsc_session_get_view (self->session);
  RscDirection direction;

  if (what == NULL)
    return TRUE;
  if (strcmp (what, "collect") == 0)
    return was_collected (self);
  if (strcmp (what, "cycles") == 0)
    return rsc_session_get_overlay_mode (self->session) == RSC_OVERLAY_MODE_CYCLES;
  if (view == NULL)
    return FALSE;

  direction = rsc_view_get_params (view)->direction;
  if (strcmp (what, "refs") == 0)
    return direction == RSC_DIRECTION_REFS;
  if (strcmp (what, "backrefs") == 0)
    return direction == RSC_DIRECTION_BACKREFS;

  return direction == RSC_DIRECTION_BOTH;
}

/* What is drawn is the heap that was come upon here. */
static gboolean
is_drawn (RscLessonGuide *self)
{
  GListModel *captures = rsc_session_get_captures (self->session);
  RscHeapCapture *shown = rsc_session_get_capture (self->session);

  if (shown == NULL || rsc_session_get_scene (self->session) == NULL || rsc_session_get_side (self->session) != RSC_SIDE_BEFORE)
    return FALSE;

  for (guint i = self->n_captures; i < g_list_model_get_n_items (captures); i++)
    {
      g_autoptr (RscHeapCapture) capture = g_list_model_get_item (captures, i);

      if (capture == shown)
        return TRUE;
    }

  return !rsc_session_is_program (self->session);
}

/* The picture else stays as it is, and what is selected. */
static void
draw (RscLessonGuide *self, const char *object_ref)
{
  RscView *view = rsc_session_get_view (self->session);
  g_autoptr (GArray) nodes = rsc_object_ref_resolve (rsc_session_get_snapshot (self->session), object_ref, NULL, NULL);
  g_autoptr (RscView) drawn = NULL;
  RscViewParams params;

  if (view == NULL || nodes == NULL)
    return;

  params = *rsc_view_get_params (view);
  params.objects = (const RscNode *) (gconstpointer) nodes->data;
  params.n_objects = nodes->len;
  params.expansions = NULL;
  params.n_expansions = 0;
  drawn = rsc_view_new (&params);
  rsc_session_set_view (self->session, drawn);
}

static void
open_steps (RscLessonGuide *self, const char *word)
{
  RscNode selected = rsc_session_get_selected (self->session);

  if (strcmp (word, "steps") == 0)
    rsc_session_step_collection (self->session, 2);
  else if (strcmp (word, "steps1") == 0)
    rsc_session_step_collection (self->session, 1);
  else if (strcmp (word, "steps0") == 0)
    rsc_session_step_collection (self->session, 0);
  else if (g_str_has_prefix (word, NAMES_PREFIX))
    {
      g_auto (GStrv) names = g_strsplit (word + strlen (NAMES_PREFIX), ",", -1);

      rsc_session_step_drop_named (self->session, (const char *const *) names);
    }
  else if (strcmp (word, "mark") == 0 && selected != RSC_NODE_NONE)
    rsc_session_step_mark_sweep (self->session, &selected, 1);
  else if (strcmp (word, "drop") == 0 && selected != RSC_NODE_NONE)
    rsc_session_step_drop_object (self->session, selected);
}

/* Once: who ended the steps comes back to them by their button. */
static void
open_current (RscLessonGuide *self)
{
  RscLessonStep *step;

  if (self->current < 0 || self->opened[self->current])
    return;

  step = rsc_lesson_get_step (self->lesson, (guint) self->current);
  if (rsc_lesson_step_get_opens (step) == NULL || !is_drawn (self))
    return;

  self->opened[self->current] = TRUE;
  if (rsc_lesson_step_get_draws (step) != NULL)
    draw (self, rsc_lesson_step_get_draws (step));
  open_steps (self, rsc_lesson_step_get_opens (step));
}

static const char *
get_then (RscLessonGuide *self)
{
  RscReplayCursor *steps = rsc_session_get_steps (self->session);

  if (steps == NULL || self->current < 0 || rsc_session_get_state (self->session) != RSC_SESSION_HELD ||
      rsc_replay_cursor_get_position (steps) < rsc_replay_get_n_steps (rsc_replay_cursor_get_replay (steps)))
    return NULL;

  return rsc_lesson_step_get_then (rsc_lesson_get_step (self->lesson, (guint) self->current));
}

const char *
rsc_lesson_guide_get_hint (RscLessonGuide *self)
{
  const char *then = get_then (self);

  if (then == NULL)
    return NULL;
  if (strcmp (then, "collect") == 0)
    return _("Press the same key once more: the program really collects.");

  return _("Press the same key once more: the program goes on.");
}

void
rsc_lesson_guide_go_on (RscLessonGuide *self)
{
  const char *then = get_then (self);

  if (then == NULL || rsc_session_has_orders (self->session))
    return;
  if (strcmp (then, "collect") == 0)
    rsc_session_do_steps (self->session);
  else
    rsc_session_continue (self->session);
}

static void
update (RscLessonGuide *self)
{
  const char *place = find_place (self);
  int found = -1;

  if (place != NULL)
    {
      if (g_strcmp0 (place, self->place) != 0)
        {
          g_free (self->place);
          self->place = g_strdup (place);
          self->n_captures = g_list_model_get_n_items (rsc_session_get_captures (self->session));
        }
      for (guint i = 0; i < rsc_lesson_get_n_steps (self->lesson); i++)
        {
          RscLessonStep *step = rsc_lesson_get_step (self->lesson, i);
          const char *at = rsc_lesson_step_get_at (step);

          if (at != NULL && strcmp (at, place) != 0)
            continue;
          if (self->reached[i] || was_done (self, rsc_lesson_step_get_after (step)))
            {
              self->reached[i] = TRUE;
              found = (int) i;
            }
        }
      /* What no step is about belongs to the one before. */
      if (found >= 0)
        self->current = found;
    }

  g_signal_emit (self, signals[CHANGED], 0);
  if (place != NULL)
    open_current (self);
}

/* Texts. */

/* The memory at the last mark of this hint. */
static char *
dup_memory (RscLessonGuide *self, const char *hint)
{
  GArray *points = rsc_session_get_memory (self->session);

  for (guint i = points->len; i > 0; i--)
    {
      const RscMemoryPoint *point = &g_array_index (points, RscMemoryPoint, i - 1);

      if (point->uss > 0 && g_strcmp0 (point->hint, hint) == 0)
        return g_format_size_full (point->uss, G_FORMAT_SIZE_IEC_UNITS);
    }

  return g_strdup (UNKNOWN);
}

static char *
dup_printed (RscLessonGuide *self, gboolean last)
{
  const char *output = rsc_session_get_output (self->session);
  g_autofree char *printed = g_strchomp (g_strdup (output != NULL ? output : ""));
  g_auto (GStrv) lines = NULL;

  if (*printed == '\0')
    return g_strdup (UNKNOWN);
  if (last)
    {
      const char *newline = strrchr (printed, '\n');

      return g_strdup (newline != NULL ? newline + 1 : printed);
    }

  lines = g_strsplit (printed, "\n", -1);

  return g_strjoinv (", ", lines);
}

static char *
dup_measured (RscLessonGuide *self, const char *name)
{
  if (g_str_has_prefix (name, "uss:"))
    return dup_memory (self, name + strlen ("uss:"));
  if (strcmp (name, "printed") == 0)
    return dup_printed (self, FALSE);
  if (strcmp (name, "last") == 0)
    return dup_printed (self, TRUE);
  if (strcmp (name, "version") == 0)
    {
      const char *version = rsc_lesson_guide_get_version (self);

      return g_strdup (version != NULL ? version : UNKNOWN);
    }

  return g_strdup (UNKNOWN);
}

static char *
fill_in (RscLessonGuide *self, const char *text)
{
  GString *filled = g_string_new (NULL);
  const char *open, *close;

  while ((open = strchr (text, '{')) != NULL && (close = strchr (open, '}')) != NULL)
    {
      g_autofree char *name = g_strndup (open + 1, (gsize) (close - open - 1));
      g_autofree char *value = dup_measured (self, name);

      g_string_append_len (filled, text, open - text);
      g_string_append (filled, value);
      text = close + 1;
    }
  g_string_append (filled, text);

  return g_string_free (filled, FALSE);
}

char *
rsc_lesson_guide_dup_look (RscLessonGuide *self, guint step)
{
  const char *text = rsc_lesson_step_get_look (rsc_lesson_get_step (self->lesson, step));

  return fill_in (self, text != NULL ? text : "");
}

char *
rsc_lesson_guide_dup_press (RscLessonGuide *self, guint step)
{
  const char *text = rsc_lesson_step_get_press (rsc_lesson_get_step (self->lesson, step));

  return fill_in (self, text != NULL ? text : "");
}

char *
rsc_lesson_guide_dup_meaning (RscLessonGuide *self, guint step)
{
  g_autofree char *text = rsc_lesson_step_dup_meaning (rsc_lesson_get_step (self->lesson, step), rsc_lesson_guide_get_version (self));

  return fill_in (self, text);
}

/* The object. */

RscLesson *
rsc_lesson_guide_get_lesson (RscLessonGuide *self)
{
  return self->lesson;
}

int
rsc_lesson_guide_get_current (RscLessonGuide *self)
{
  return self->current;
}

gboolean
rsc_lesson_guide_is_reached (RscLessonGuide *self, guint step)
{
  g_return_val_if_fail (step < rsc_lesson_get_n_steps (self->lesson), FALSE);

  return self->reached[step];
}

const char *
rsc_lesson_guide_get_version (RscLessonGuide *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  const char *version = snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "version") : NULL;

  /* A drawing has none. */
  return version != NULL && *version != '\0' ? version : NULL;
}

static void
rsc_lesson_guide_finalize (GObject *object)
{
  RscLessonGuide *self = RSC_LESSON_GUIDE (object);

  g_clear_object (&self->session);
  g_clear_object (&self->lesson);
  g_free (self->reached);
  g_free (self->opened);
  g_free (self->place);

  G_OBJECT_CLASS (rsc_lesson_guide_parent_class)->finalize (object);
}

static void
rsc_lesson_guide_class_init (RscLessonGuideClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_lesson_guide_finalize;

  signals[CHANGED] = g_signal_new ("changed", RSC_TYPE_LESSON_GUIDE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rsc_lesson_guide_init (RscLessonGuide *self)
{
  self->current = -1;
}

RscLessonGuide *
rsc_lesson_guide_new (RscSession *session)
{
  static const char *const news[] = { "notify::state", "notify::capture", "notify::view", "notify::overlay", "output" };
  RscLessonGuide *self = g_object_new (RSC_TYPE_LESSON_GUIDE, NULL);

  self->session = g_object_ref (session);
  self->lesson = g_object_ref (rsc_session_get_lesson (session));
  self->reached = g_new0 (gboolean, rsc_lesson_get_n_steps (self->lesson) + 1);
  self->opened = g_new0 (gboolean, rsc_lesson_get_n_steps (self->lesson) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (news); i++)
    g_signal_connect_object (session, news[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);

  return self;
}
