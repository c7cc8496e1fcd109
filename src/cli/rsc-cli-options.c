#include "rsc-cli-options.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "config.h"

/* Where the shared entries write to; copied to the RscCli after parsing. */
static RscCliOptions parsed;

static const GOptionEntry general_entries[] = {
  { "help", 'h', 0, G_OPTION_ARG_NONE, &parsed.help, N_("Show this help"), NULL },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &parsed.quiet, N_("No progress and no notes on standard error"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry json_entries[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &parsed.json, N_("Print JSON"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry rows_entries[] = {
  { "csv", 0, 0, G_OPTION_ARG_NONE, &parsed.csv, N_("Print CSV with a header line"), NULL },
  { "limit", 'n', 0, G_OPTION_ARG_INT64, &parsed.limit,
    N_("Rows to print; 0: all (default: 20 in a table, all in JSON and CSV)"), N_("N") },
  { "wrap", 0, 0, G_OPTION_ARG_NONE, &parsed.wrap,
    N_("With --json, in place of a list: {\"total\", \"rows\", \"exit_status\"}"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry condition_entries[] = {
  { "fail-if", 0, 0, G_OPTION_ARG_STRING, &parsed.fail_if,
    N_("Exit with status 1 if this SQL condition over the rows' columns holds for one of them, or for all together with count(*), sum(…)"),
    N_("SQL") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry output_entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &parsed.output,
    N_("Write the result to FILE; its ending says the format"), N_("FILE") },
  { "force", 'f', 0, G_OPTION_ARG_NONE, &parsed.force, N_("Overwrite FILE if it exists"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry capture_entries[] = {
  { "at-exit", 0, 0, G_OPTION_ARG_NONE, &parsed.at_exit,
    N_("Capture when the program is done, before its modules are torn down (default)"), NULL },
  { "after", 0, 0, G_OPTION_ARG_DOUBLE, &parsed.after, N_("Capture this many seconds after the launch"), N_("SECONDS") },
  { "on-mark", 0, 0, G_OPTION_ARG_STRING, &parsed.on_mark,
    N_("Capture at refscope.mark(\"NAME\") in the program; * and ? are wildcards"), N_("NAME") },
  { "collect-before", 0, 0, G_OPTION_ARG_NONE, &parsed.collect, N_("Run gc.collect() in the program before the capture"), NULL },
  { "agent-thread", 0, 0, G_OPTION_ARG_NONE, &parsed.agent_thread,
    N_("Collect on the agent's thread, for a program whose main thread is blocked: finalizers then run on a thread they may not expect"), NULL },
  { "in-place", 0, 0, G_OPTION_ARG_NONE, &parsed.in_place,
    N_("Walk the heap in the program itself, which stands still meanwhile, and not in a cloned child"), NULL },
  { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &parsed.timeout,
    N_("How long to wait for the program to answer a request (default: 10)"), N_("SECONDS") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry program_entries[] = {
  { "stop", 0, 0, G_OPTION_ARG_NONE, &parsed.stop, N_("End the program (SIGTERM) when its part is done"), NULL },
  { "no-wait", 0, 0, G_OPTION_ARG_NONE, &parsed.no_wait, N_("Do not wait for the program to end"), NULL },
  { "program-output", 0, 0, G_OPTION_ARG_FILENAME, &parsed.program_output,
    N_("Where the program's standard output goes: inherit, stderr, null or a file (default: inherit; stderr if the result is written to standard output and that is no terminal)"),
    N_("WHERE") },
  G_OPTION_ENTRY_NULL
};

const RscCliCommand *
rsc_options_find_command (const char *name)
{
  for (gsize i = 0; rsc_cli_commands[i] != NULL; i++)
    if (strcmp (rsc_cli_commands[i]->name, name) == 0)
      return rsc_cli_commands[i];

  return NULL;
}

/* The number of edits between two words, for "did you mean". */
static guint
distance (const char *a,
          const char *b)
{
  gsize length = strlen (b);
  g_autofree guint *row = g_new (guint, length + 1);

  for (gsize j = 0; j <= length; j++)
    row[j] = (guint) j;

  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = (guint) i + 1;
      for (gsize j = 0; j < length; j++)
        {
          guint above = row[j + 1];

          row[j + 1] = MIN (MIN (above, row[j]) + 1, diagonal + (a[i] != b[j]));
          diagonal = above;
        }
    }

  return row[length];
}

void
rsc_options_set_unknown_command (const char  *name,
                                 GError     **error)
{
  const char *nearest = NULL;
  guint least = 3;

  for (gsize i = 0; *name != '\0' && strlen (name) < 32 && rsc_cli_commands[i] != NULL; i++)
    {
      const char *candidate = rsc_cli_commands[i]->name;
      guint edits = g_str_has_prefix (candidate, name) ? 1 : distance (name, candidate);

      if (edits < least)
        {
          least = edits;
          nearest = candidate;
        }
    }

  if (nearest != NULL)
    g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                 _("There is no command “%s”. Did you mean “%s”?"), name, nearest);
  else
    g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                 _("There is no command “%s”. “refscope-cli --help” lists the commands."), name);
}

static void
add_group (GOptionContext     *context,
           const char         *name,
           const char         *heading,
           const GOptionEntry *entries)
{
  GOptionGroup *group = g_option_group_new (name, heading, heading, NULL, NULL);

  g_option_group_set_translation_domain (group, RSC_GETTEXT_DOMAIN);
  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

static GOptionContext *
create_context (const RscCliCommand *command)
{
  GOptionContext *context = g_option_context_new (_(command->parameters));
  g_autofree char *description = g_strdup_printf ("%s\n%s\n\n%s", _("Examples:"), command->examples,
                                                  _("refscope-cli(1) explains SOURCE, OBJECT, the filters' columns and the exit statuses."));

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, _(command->description));
  g_option_context_set_description (context, description);

  if (command->entries != NULL)
    add_group (context, "command", _("Options of this command:"), command->entries);
  if (command->flags & RSC_COMMAND_LIVE)
    add_group (context, "capture", _("When and how a program is captured:"), capture_entries);
  if (command->flags & (RSC_COMMAND_LIVE | RSC_COMMAND_PROGRAM_ONLY))
    add_group (context, "program", _("The program that is launched (-- PROGRAM ARGS…):"), program_entries);

  add_group (context, "result", _("Result:"), json_entries);
  if (command->flags & RSC_COMMAND_ROWS)
    add_group (context, "rows", _("Rows:"), rows_entries);
  if (command->flags & (RSC_COMMAND_ROWS | RSC_COMMAND_CONDITION))
    add_group (context, "condition", _("Condition:"), condition_entries);
  if (command->flags & RSC_COMMAND_OUTPUT)
    add_group (context, "output", _("Output:"), output_entries);
  add_group (context, "general", _("General:"), general_entries);

  return context;
}

char *
rsc_options_get_help (const RscCliCommand *command)
{
  g_autoptr (GOptionContext) context = create_context (command);
  g_autofree char *name = g_strdup_printf ("refscope-cli %s", command->name);

  g_set_prgname (name);
  name = (g_free (name), g_option_context_get_help (context, FALSE, NULL));
  g_set_prgname ("refscope-cli");

  return g_steal_pointer (&name);
}

char *
rsc_options_get_overview (void)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s\n  refscope-cli %s\n\n%s\n\n%s\n", _("Usage:"),
                          _("COMMAND [OPTIONS] [SOURCE] [OBJECT…] [-- PROGRAM ARGS…]"),
                          _("Shows who refers to whom in the heap of a program: from a heap file (“-”: standard input), or from a program that is launched and captured."),
                          _("Commands:"));

  for (gsize i = 0; rsc_cli_commands[i] != NULL; i++)
    g_string_append_printf (text, "  %-12s %s\n", rsc_cli_commands[i]->name, _(rsc_cli_commands[i]->summary));

  g_string_append_printf (text, "\n%s\n%s\n\n%s\n",
                          _("Examples:"),
                          "  refscope-cli capture -o heap.refscope -- python3 script.py\n"
                          "  refscope-cli types heap.refscope\n"
                          "  refscope-cli backrefs heap.refscope name:__main__.a -o a.svg",
                          _("“refscope-cli COMMAND --help” explains a command; “refscope-cli --version” shows the version."));

  return g_string_free (text, FALSE);
}

/* The index of the "--" before the program, or -1. */
static gssize
find_program (char **arguments)
{
  for (gssize i = 0; arguments[i] != NULL; i++)
    if (strcmp (arguments[i], "--") == 0)
      return i;

  return -1;
}

static gboolean
set_usage_error (GError     **error,
                 const char  *message)
{
  g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
  return FALSE;
}

/* The entry that says what @letter means for @command, or NULL. */
static const GOptionEntry *
find_short (const RscCliCommand *command,
            char                 letter)
{
  const GOptionEntry *const groups[] = { command->entries, rows_entries, output_entries, general_entries };

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const GOptionEntry *entry = groups[i]; entry != NULL && entry->long_name != NULL; entry++)
      if (entry->short_name == letter)
        return entry;

  return NULL;
}

/* "-n5" is what everybody writes, but GOption knows only "-n 5". */
static void
add_argument (GStrvBuilder        *builder,
              const RscCliCommand *command,
              const char          *argument)
{
  const GOptionEntry *entry = NULL;

  if (argument[0] == '-' && argument[1] != '-' && argument[1] != '\0' && argument[2] != '\0')
    entry = find_short (command, argument[1]);

  if (entry != NULL && entry->arg != G_OPTION_ARG_NONE)
    {
      const char option[] = { '-', argument[1], '\0' };

      g_strv_builder_add (builder, option);
      g_strv_builder_add (builder, argument + 2);
    }
  else
    {
      g_strv_builder_add (builder, argument);
    }
}

static gboolean
check_counts (RscCli  *self,
              GError **error)
{
  const RscCliCommand *command = self->command;

  if (command->flags & RSC_COMMAND_NO_SOURCE)
    {
      const char *first = self->source != NULL ? self->source : self->program != NULL ? "--" : NULL;

      if (first != NULL)
        g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("“%s” is one argument too many."), first);
      return first == NULL;
    }

  if (self->program != NULL && !(command->flags & (RSC_COMMAND_LIVE | RSC_COMMAND_PROGRAM_ONLY)))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” reads a heap file and takes no program after “--”."), command->name);
      return FALSE;
    }

  if (self->program != NULL && self->program[0] == NULL)
    return set_usage_error (error, _("After “--” the program to be launched is missing."));

  if (self->source == NULL && self->program == NULL && !(command->flags & RSC_COMMAND_SOURCE_OPTIONAL))
    return set_usage_error (error, command->flags & RSC_COMMAND_LIVE
                                     ? _("SOURCE is missing: name a heap file (“-”: standard input), pid:N, or a program after “--”.")
                                   : command->flags & RSC_COMMAND_PROGRAM_ONLY
                                     ? _("The program is missing: name pid:N, or one after “--”.")
                                     : _("SOURCE is missing: name a heap file (“-”: standard input)."));

  if (command->flags & RSC_COMMAND_PROGRAM_ONLY && self->program == NULL && !g_str_has_prefix (self->source, "pid:"))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” needs a running program, not a file: name pid:N, or one after “--”."), command->name);
      return FALSE;
    }

  if (!(command->flags & RSC_COMMAND_OBJECTS) && self->objects[0] != NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” is one argument too many."), self->objects[0]);
      return FALSE;
    }

  return TRUE;
}

gboolean
rsc_options_output_ends (const RscCliOptions *options,
                         const char          *ending)
{
  g_autofree char *lower = options->output != NULL ? g_ascii_strdown (options->output, -1) : NULL;

  return lower != NULL && g_str_has_suffix (lower, ending);
}

static gboolean
check_values (RscCli  *self,
              GError **error)
{
  RscCliOptions *options = &self->options;

  if (options->json && options->csv)
    return set_usage_error (error, _("--json and --csv exclude each other."));
  if (self->command->flags & (RSC_COMMAND_ROWS | RSC_COMMAND_PROGRAM_ONLY)
      && ((options->json && rsc_options_output_ends (options, ".csv"))
          || (options->csv && rsc_options_output_ends (options, ".json"))))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s and the ending of “%s” say different formats."), options->json ? "--json" : "--csv", options->output);
      return FALSE;
    }
  if (options->output != NULL && options->output[0] == '\0')
    return set_usage_error (error, _("--output takes the name of a file, or “-” for standard output."));
  if (options->limit < -1)
    return set_usage_error (error, _("--limit takes a number of rows, or 0 for all."));
  if (options->wrap && !options->json)
    return set_usage_error (error, _("--wrap changes what --json prints; give both."));

  return TRUE;
}

gboolean
rsc_options_parse (RscCli   *self,
                   char    **arguments,
                   GError  **error)
{
  g_autoptr (GOptionContext) context = create_context (self->command);
  g_auto (GStrv) own = NULL;
  static const char *const none[] = { NULL };
  gssize dashes = find_program (arguments);
  GError *local_error = NULL;
  GStrvBuilder *builder = g_strv_builder_new ();
  gsize n;

  parsed = (RscCliOptions) { .limit = -1, .after = RSC_SECONDS_UNSET, .timeout = 0 };

  /* GOption wants the program's name first. */
  g_strv_builder_add (builder, "refscope-cli");
  for (gssize i = 0; arguments[i] != NULL && i != dashes; i++)
    add_argument (builder, self->command, arguments[i]);
  own = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);

  self->arguments = arguments;
  if (dashes >= 0)
    self->program = (const char *const *) arguments + dashes + 1;

  if (!g_option_context_parse_strv (context, &own, &local_error))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("%s."), local_error->message);
      g_error_free (local_error);
      return FALSE;
    }

  self->options = parsed;
  if (self->options.help)
    return TRUE;

  /* What is left: the name, SOURCE unless there is a program, OBJECTs. */
  n = g_strv_length (own);
  self->objects = none;
  if (n > 1 && self->program == NULL)
    self->source = g_intern_string (own[1]);
  if (n > (self->program == NULL ? 2 : 1))
    {
      gsize first = self->program == NULL ? 2 : 1;
      const char **objects = g_new0 (const char *, n - first + 1);

      for (gsize i = first; i < n; i++)
        objects[i - first] = g_intern_string (own[i]);
      self->objects = objects;
      self->owned_objects = objects;
    }

  return check_counts (self, error) && check_values (self, error);
}
