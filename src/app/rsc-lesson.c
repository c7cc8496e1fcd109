#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-lesson.h"

#include <stdio.h>
#include <string.h>

#define INDEX_NAME "lessons.ini"

struct _RscLesson
{
  GObject parent_instance;

  char *id;
  guint number;
  char *chapter;
  char *title;
  char *look;
  char *path;
  gboolean is_program;
  char **arguments;
  char *mark;
  char *object;
  char *direction;
  guint depth;
  char *filter;
  gboolean lists;
  GPtrArray *steps; /* of RscLessonStep */
};

/* What is to be said for one version of CPython and those after it. */
typedef struct
{
  guint version; /* major * 100 + minor */
  char *text;
} Addition;

struct _RscLessonStep
{
  char *at;
  char *after;
  char *title;
  char *look;
  char *press;
  char **buttons;
  char *draws;
  char *opens;
  char *then;
  char *means;
  GArray *additions; /* of Addition, ascending by version */
};

#define ADDITION_PREFIX "Means-"

G_DEFINE_FINAL_TYPE (RscLesson, rsc_lesson, G_TYPE_OBJECT)

static void
rsc_lesson_finalize (GObject *object)
{
  RscLesson *self = RSC_LESSON (object);

  g_free (self->id);
  g_free (self->title);
  g_free (self->look);
  g_free (self->chapter);
  g_ptr_array_unref (self->steps);
  g_free (self->path);
  g_strfreev (self->arguments);
  g_free (self->mark);
  g_free (self->object);
  g_free (self->direction);
  g_free (self->filter);

  G_OBJECT_CLASS (rsc_lesson_parent_class)->finalize (object);
}

static void
rsc_lesson_class_init (RscLessonClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_lesson_finalize;
}

static void
addition_clear (gpointer data)
{
  Addition *addition = data;

  g_free (addition->text);
}

static void
step_free (gpointer data)
{
  RscLessonStep *step = data;

  g_free (step->at);
  g_free (step->after);
  g_free (step->title);
  g_free (step->look);
  g_free (step->press);
  g_strfreev (step->buttons);
  g_free (step->draws);
  g_free (step->opens);
  g_free (step->then);
  g_free (step->means);
  g_array_unref (step->additions);
  g_free (step);
}

static void
rsc_lesson_init (RscLesson *self)
{
  self->steps = g_ptr_array_new_with_free_func (step_free);
}

static char *
find_examples (void)
{
  const char *folder = g_getenv ("RSC_EXAMPLES");

  if (folder != NULL)
    return g_strdup (folder);

  return g_build_filename (RSC_PKGDATADIR, "examples", NULL);
}

/* "A -> B" in one line: its spaces do not break, and a word joiner is within the arrow, which breaks as a hyphen does. */
static char *
join_arrows (const char *text)
{
  GString *joined = g_string_new (text);

  g_string_replace (joined, " -> ", "\302\240-\342\201\240>\302\240", 0);
  return g_string_free (joined, FALSE);
}

/* The index holds the English text, which is the message id. */
static char *
dup_text (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  if (text == NULL || *text == '\0')
    return g_steal_pointer (&text);

  return join_arrows (_(text));
}

static int
compare_additions (gconstpointer a, gconstpointer b)
{
  return (int) ((const Addition *) a)->version - (int) ((const Addition *) b)->version;
}

static GArray *
load_additions (GKeyFile *file, const char *group)
{
  GArray *additions = g_array_new (FALSE, FALSE, sizeof (Addition));
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  g_array_set_clear_func (additions, addition_clear);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (g_str_has_prefix (keys[i], ADDITION_PREFIX))
      {
        Addition addition = {
          .version = (guint) g_ascii_strtoull (keys[i] + strlen (ADDITION_PREFIX), NULL, 10),
          .text = dup_text (file, group, keys[i])
        };

        g_array_append_val (additions, addition);
      }
  g_array_sort (additions, compare_additions);

  return additions;
}

static RscLessonStep *
load_step (GKeyFile *file, const char *group)
{
  RscLessonStep *step = g_new0 (RscLessonStep, 1);

  step->at = g_key_file_get_string (file, group, "At", NULL);
  step->after = g_key_file_get_string (file, group, "After", NULL);
  step->title = dup_text (file, group, "Title");
  step->look = dup_text (file, group, "Look");
  step->press = dup_text (file, group, "Press");
  step->buttons = g_key_file_get_string_list (file, group, "Do", NULL, NULL);
  step->draws = g_key_file_get_string (file, group, "Draws", NULL);
  step->opens = g_key_file_get_string (file, group, "Opens", NULL);
  step->then = g_key_file_get_string (file, group, "Then", NULL);
  step->means = dup_text (file, group, "Means");
  step->additions = load_additions (file, group);

  return step;
}

static void
load_steps (RscLesson *self, GKeyFile *file)
{
  for (guint i = 1;; i++)
    {
      g_autofree char *group = g_strdup_printf ("%s.%u", self->id, i);

      if (!g_key_file_has_group (file, group))
        return;
      g_ptr_array_add (self->steps, load_step (file, group));
    }
}

static RscLesson *
load_lesson (GKeyFile *file, const char *group, const char *folder)
{
  g_autoptr (RscLesson) self = g_object_new (RSC_TYPE_LESSON, NULL);
  g_autofree char *program = g_key_file_get_string (file, group, "Program", NULL);
  g_autofree char *heap = g_key_file_get_string (file, group, "File", NULL);
  g_autofree char *arguments = g_key_file_get_string (file, group, "Arguments", NULL);

  self->id = g_strdup (group);
  self->number = (guint) MAX (g_key_file_get_integer (file, group, "Lesson", NULL), 0);
  self->title = dup_text (file, group, "Title");
  self->look = dup_text (file, group, "LookFor");
  self->chapter = dup_text (file, group, "Chapter");
  if ((program == NULL && heap == NULL) || self->title == NULL || self->look == NULL)
    return NULL;
  self->is_program = program != NULL;
  self->path = g_build_filename (folder, program != NULL ? program : heap, NULL);
  if (arguments != NULL)
    g_shell_parse_argv (arguments, NULL, &self->arguments, NULL);
  self->mark = g_key_file_get_string (file, group, "Mark", NULL);
  self->object = g_key_file_get_string (file, group, "Object", NULL);
  self->direction = g_key_file_get_string (file, group, "Direction", NULL);
  self->depth = (guint) MAX (g_key_file_get_integer (file, group, "Depth", NULL), 0);
  self->filter = g_key_file_get_string (file, group, "Filter", NULL);
  self->lists = g_key_file_get_boolean (file, group, "Lists", NULL);
  load_steps (self, file);

  return g_steal_pointer (&self);
}

GListModel *
rsc_lesson_load_all (GError **error)
{
  g_autofree char *folder = find_examples ();
  g_autofree char *path = g_build_filename (folder, INDEX_NAME, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GListStore) lessons = g_list_store_new (RSC_TYPE_LESSON);
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, _("The lessons could not be read from “%s”: "), path);
      return G_LIST_MODEL (g_steal_pointer (&lessons));
    }

  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_autoptr (RscLesson) lesson = NULL;

      if (strchr (groups[i], '.') != NULL)
        continue; /* a step */
      lesson = load_lesson (file, groups[i], folder);
      if (lesson != NULL)
        g_list_store_append (lessons, lesson);
    }

  return G_LIST_MODEL (g_steal_pointer (&lessons));
}

const char *
rsc_lesson_get_id (RscLesson *self)
{
  return self->id;
}

const char *
rsc_lesson_get_title (RscLesson *self)
{
  return self->title;
}

const char *
rsc_lesson_get_look (RscLesson *self)
{
  return self->look;
}

const char *
rsc_lesson_get_path (RscLesson *self)
{
  return self->path;
}

gboolean
rsc_lesson_is_program (RscLesson *self)
{
  return self->is_program;
}

guint
rsc_lesson_get_number (RscLesson *self)
{
  return self->number;
}

const char *
rsc_lesson_get_chapter (RscLesson *self)
{
  return self->chapter;
}

guint
rsc_lesson_get_n_steps (RscLesson *self)
{
  return self->steps->len;
}

RscLessonStep *
rsc_lesson_get_step (RscLesson *self, guint index)
{
  g_return_val_if_fail (index < self->steps->len, NULL);

  return g_ptr_array_index (self->steps, index);
}

const char *
rsc_lesson_step_get_at (RscLessonStep *self)
{
  return self->at;
}

const char *
rsc_lesson_step_get_after (RscLessonStep *self)
{
  return self->after;
}

const char *
rsc_lesson_step_get_title (RscLessonStep *self)
{
  return self->title;
}

const char *
rsc_lesson_step_get_look (RscLessonStep *self)
{
  return self->look;
}

const char *
rsc_lesson_step_get_press (RscLessonStep *self)
{
  return self->press;
}

const char *const *
rsc_lesson_step_get_buttons (RscLessonStep *self)
{
  return (const char *const *) self->buttons;
}

const char *
rsc_lesson_step_get_draws (RscLessonStep *self)
{
  return self->draws;
}

const char *
rsc_lesson_step_get_opens (RscLessonStep *self)
{
  return self->opens;
}

const char *
rsc_lesson_step_get_then (RscLessonStep *self)
{
  return self->then;
}

char *
rsc_lesson_step_dup_meaning (RscLessonStep *self, const char *version)
{
  const char *addition = NULL;
  guint at_hand = G_MAXUINT, major, minor;

  if (version != NULL && sscanf (version, "%u.%u", &major, &minor) == 2 && major < 1000 && minor < 100)
    at_hand = major * 100 + minor;

  for (guint i = 0; i < self->additions->len; i++)
    {
      const Addition *candidate = &g_array_index (self->additions, Addition, i);

      if (addition == NULL || candidate->version <= at_hand)
        addition = candidate->text;
    }

  if (self->means == NULL)
    return g_strdup (addition != NULL ? addition : "");
  if (addition == NULL)
    return g_strdup (self->means);

  return g_strconcat (self->means, " ", addition, NULL);
}

char **
rsc_lesson_dup_argv (RscLesson *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, "python3", self->path, NULL);
  if (self->arguments != NULL)
    g_strv_builder_addv (builder, (const char **) self->arguments);

  return g_strv_builder_end (builder);
}

const char *
rsc_lesson_get_mark (RscLesson *self)
{
  return self->mark;
}

const char *
rsc_lesson_get_object (RscLesson *self)
{
  return self->object;
}

const char *
rsc_lesson_get_direction (RscLesson *self)
{
  return self->direction;
}

guint
rsc_lesson_get_depth (RscLesson *self)
{
  return self->depth;
}

const char *
rsc_lesson_get_filter (RscLesson *self)
{
  return self->filter;
}

gboolean
rsc_lesson_opens_steps (RscLesson *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    if (((RscLessonStep *) g_ptr_array_index (self->steps, i))->opens != NULL)
      return TRUE;

  return FALSE;
}

gboolean
rsc_lesson_shows_lists (RscLesson *self)
{
  return self->lists;
}
