#include "config.h"

#include "rsc-recent-programs.h"

#include <string.h>

#include "rsc-settings.h"

#define SETTINGS_KEY "recent-programs"

/* A launch. */

struct _RscRecentProgram
{
  GObject parent_instance;

  GVariant *variant;
  const char **argv; /* its texts are the variant's */
  const char *folder;
  gboolean hold;
};

G_DEFINE_FINAL_TYPE (RscRecentProgram, rsc_recent_program, G_TYPE_OBJECT)

static void
rsc_recent_program_finalize (GObject *object)
{
  RscRecentProgram *self = RSC_RECENT_PROGRAM (object);

  g_free (self->argv);
  g_clear_pointer (&self->variant, g_variant_unref);

  G_OBJECT_CLASS (rsc_recent_program_parent_class)->finalize (object);
}

static void
rsc_recent_program_class_init (RscRecentProgramClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_recent_program_finalize;
}

static void
rsc_recent_program_init (RscRecentProgram *self)
{
}

RscRecentProgram *
rsc_recent_program_new_from_variant (GVariant *variant)
{
  g_autoptr (RscRecentProgram) self = g_object_new (RSC_TYPE_RECENT_PROGRAM, NULL);

  self->variant = g_variant_ref_sink (variant);
  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (RSC_RECENT_PROGRAM_FORMAT)))
    return NULL;

  g_variant_get (variant, "(^a&s&sb)", &self->argv, &self->folder, &self->hold);
  if (self->argv[0] == NULL || *self->argv[0] == '\0')
    return NULL;

  return g_steal_pointer (&self);
}

GVariant *
rsc_recent_program_get_variant (RscRecentProgram *self)
{
  return self->variant;
}

const char *const *
rsc_recent_program_get_argv (RscRecentProgram *self)
{
  return self->argv;
}

const char *
rsc_recent_program_get_folder (RscRecentProgram *self)
{
  return *self->folder != '\0' ? self->folder : NULL;
}

gboolean
rsc_recent_program_get_hold (RscRecentProgram *self)
{
  return self->hold;
}

char *
rsc_recent_program_dup_command (RscRecentProgram *self)
{
  return rsc_program_dup_command (rsc_recent_program_get_argv (self));
}

/* What a command is called. */

char *
rsc_program_dup_title (const char *const *argv)
{
  g_autofree char *program = g_path_get_basename (argv[0]);

  if (g_str_has_prefix (program, "python"))
    for (guint i = 1; argv[i] != NULL; i++)
      {
        if (strcmp (argv[i], "-m") == 0 && argv[i + 1] != NULL)
          return g_strdup (argv[i + 1]);
        if (strcmp (argv[i], "-X") == 0 || strcmp (argv[i], "-W") == 0)
          {
            if (argv[i + 1] == NULL)
              break;
            i++;
          }
        else if (argv[i][0] != '-')
          return g_path_get_basename (argv[i]);
        else if (strcmp (argv[i], "-c") == 0)
          return g_strdup ("python3 -c");
      }

  return g_steal_pointer (&program);
}

static gboolean
is_plain (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-./:=,+@%", *p) == NULL)
      return FALSE;

  return *text != '\0';
}

char *
rsc_program_dup_command (const char *const *argv)
{
  GString *command = g_string_new (NULL);

  for (guint i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *quoted = is_plain (argv[i]) ? g_strdup (argv[i]) : g_shell_quote (argv[i]);

      if (i > 0)
        g_string_append_c (command, ' ');
      g_string_append (command, quoted);
    }

  return g_string_free (command, FALSE);
}

/* The list. */

struct _RscRecentPrograms
{
  GObject parent_instance;

  GSettings *settings;
  GPtrArray *programs;
};

static GType
get_item_type (GListModel *model)
{
  return RSC_TYPE_RECENT_PROGRAM;
}

static guint
get_n_items (GListModel *model)
{
  return RSC_RECENT_PROGRAMS (model)->programs->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  RscRecentPrograms *self = RSC_RECENT_PROGRAMS (model);

  return position < self->programs->len ? g_object_ref (g_ptr_array_index (self->programs, position)) : NULL;
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (RscRecentPrograms, rsc_recent_programs, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
load (RscRecentPrograms *self)
{
  g_autoptr (GVariant) list = g_settings_get_value (self->settings, SETTINGS_KEY);
  guint n_before = self->programs->len;
  gsize n = g_variant_n_children (list);

  g_ptr_array_set_size (self->programs, 0);
  for (gsize i = 0; i < n && self->programs->len < RSC_RECENT_PROGRAMS_MAX; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (list, i);
      RscRecentProgram *program = rsc_recent_program_new_from_variant (child);

      if (program != NULL)
        g_ptr_array_add (self->programs, program);
    }
  g_list_model_items_changed (G_LIST_MODEL (self), 0, n_before, self->programs->len);
}

static void
rsc_recent_programs_dispose (GObject *object)
{
  RscRecentPrograms *self = RSC_RECENT_PROGRAMS (object);

  g_clear_object (&self->settings);
  g_ptr_array_set_size (self->programs, 0);

  G_OBJECT_CLASS (rsc_recent_programs_parent_class)->dispose (object);
}

static void
rsc_recent_programs_finalize (GObject *object)
{
  g_ptr_array_unref (RSC_RECENT_PROGRAMS (object)->programs);

  G_OBJECT_CLASS (rsc_recent_programs_parent_class)->finalize (object);
}

static void
rsc_recent_programs_class_init (RscRecentProgramsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rsc_recent_programs_dispose;
  G_OBJECT_CLASS (klass)->finalize = rsc_recent_programs_finalize;
}

static void
rsc_recent_programs_init (RscRecentPrograms *self)
{
  self->programs = g_ptr_array_new_with_free_func (g_object_unref);
}

RscRecentPrograms *
rsc_recent_programs_new (GSettings *settings)
{
  RscRecentPrograms *self = g_object_new (RSC_TYPE_RECENT_PROGRAMS, NULL);

  if (settings != NULL && rsc_settings_has_key (settings, SETTINGS_KEY))
    {
      self->settings = g_object_ref (settings);
      g_signal_connect_object (settings, "changed::" SETTINGS_KEY, G_CALLBACK (load), self, G_CONNECT_SWAPPED);
      load (self);
    }

  return self;
}

void
rsc_recent_programs_add (RscRecentPrograms *self, const char *const *argv, const char *folder, gboolean hold)
{
  g_autofree char *current = g_get_current_dir ();
  g_autoptr (GVariant) added = NULL;
  GVariantBuilder builder;
  guint n = 1;

  if (self->settings == NULL)
    return;
  /* Variants hold nothing but UTF-8, names of files on Unix anything. */
  folder = folder != NULL ? folder : current;
  for (guint i = 0; argv[i] != NULL; i++)
    if (!g_utf8_validate (argv[i], -1, NULL))
      return;
  if (!g_utf8_validate (folder, -1, NULL))
    return;

  added = g_variant_ref_sink (g_variant_new ("(^assb)", argv, folder, hold));
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a" RSC_RECENT_PROGRAM_FORMAT));
  g_variant_builder_add_value (&builder, added);
  for (guint i = 0; i < self->programs->len && n < RSC_RECENT_PROGRAMS_MAX; i++)
    {
      RscRecentProgram *old = g_ptr_array_index (self->programs, i);

      /* Launched again, it is one; whether it is held may have changed. */
      if (g_strv_equal (old->argv, argv) && strcmp (old->folder, folder) == 0)
        continue;
      g_variant_builder_add_value (&builder, old->variant);
      n++;
    }
  g_settings_set_value (self->settings, SETTINGS_KEY, g_variant_builder_end (&builder));
}

void
rsc_recent_programs_clear (RscRecentPrograms *self)
{
  if (self->settings != NULL)
    g_settings_reset (self->settings, SETTINGS_KEY);
}
