#include "rsc-commands.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "graph/rsc-graph.h"
#include "rsc-cli-summary.h"

enum
{
  FIELD_RUNTIME,
  FIELD_VERSION,
  FIELD_PID,
  FIELD_PROGRAM,
  FIELD_EXECUTABLE,
  FIELD_CAPTURED_AT,
  FIELD_MOMENT,
  FIELD_HINT,
  FIELD_AT_EXIT,
  FIELD_COLLECTED_BEFORE,
  FIELD_IN_PLACE,
  FIELD_VALUES,
  FIELD_PAUSED,
  FIELD_TOTAL,
  FIELD_OBJECTS,
  FIELD_EDGES,
  FIELD_BYTES,
  FIELD_TYPES,
  FIELD_ROOTS,
  FIELD_THREADS,
  FIELD_USS,
  FIELD_RSS,
  FIELD_GENERATIONS,
  FIELD_THRESHOLDS,
  FIELD_ENABLED,
  FIELD_FROZEN,
  FIELD_MARKS,
  FIELD_NOTES,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_RUNTIME] = { "runtime", N_("Runtime"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_VERSION] = { "version", N_("Version"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_PID] = { "pid", N_("Process"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_PROGRAM] = { "program", N_("Program"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_EXECUTABLE] = { "executable", N_("Executable"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_CAPTURED_AT] = { "captured_at", N_("Captured at"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  /* Translators: when in the program's life the capture was taken. */
  [FIELD_MOMENT] = { "moment", N_("Moment"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_HINT] = { "hint", NULL, RSC_FIELD_TEXT, RSC_FIELD_HIDDEN },
  [FIELD_AT_EXIT] = { "at_exit", NULL, RSC_FIELD_BOOLEAN, RSC_FIELD_HIDDEN },
  [FIELD_COLLECTED_BEFORE] = { "collected_before", N_("Collected before"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
  [FIELD_IN_PLACE] = { "in_place", N_("Walked in place"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
  [FIELD_VALUES] = { "values", N_("Values kept"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_PAUSED] = { "paused_ms", N_("Stood still (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_TOTAL] = { "total_ms", N_("Capture took (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EDGES] = { "edges", N_("References"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_TYPES] = { "types", N_("Types"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_ROOTS] = { "roots", N_("Roots"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_THREADS] = { "threads", N_("Threads"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_USS] = { "uss", N_("USS"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_RSS] = { "rss", N_("RSS"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_GENERATIONS] = { "generations", N_("Generations"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_THRESHOLDS] = { "thresholds", N_("Thresholds"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_ENABLED] = { "enabled", N_("Collector enabled"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
  [FIELD_FROZEN] = { "frozen", N_("Frozen objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_MARKS] = { "marks", N_("Marks"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_NOTES] = { "notes", N_("Notes"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
};

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  RscSummary summary;
} Info;

/* Info keys whose value goes to a cell as it is. */
static const struct
{
  int field;
  const char *key;
} direct[] = {
  { FIELD_RUNTIME, "runtime" },
  { FIELD_VERSION, "version" },
  { FIELD_PID, "pid" },
  { FIELD_EXECUTABLE, "executable" },
  { FIELD_HINT, "hint" },
  { FIELD_AT_EXIT, "at-exit" },
  { FIELD_COLLECTED_BEFORE, "collected-before" },
  { FIELD_IN_PLACE, "in-place" },
  { FIELD_VALUES, "values" },
  { FIELD_ENABLED, "gc-enabled" },
  { FIELD_FROZEN, "gc-frozen" },
  { FIELD_USS, "uss" },
  { FIELD_RSS, "rss" },
};

static void
set_from_variant (RscCell  *cell,
                  GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    rsc_cell_set_text (cell, g_variant_get_string (value, NULL));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    rsc_cell_set_number (cell, g_variant_get_uint32 (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    rsc_cell_set_number (cell, g_variant_get_uint64 (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    rsc_cell_set_number (cell, g_variant_get_boolean (value));
}

static char *
format_time (gint64 microseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (microseconds / G_USEC_PER_SEC);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static const char *
generation_name (guint generation)
{
  static const char *const names[] = { "0", "1", "2", "permanent" };

  return generation < G_N_ELEMENTS (names) ? names[generation] : "none";
}

/* The values of an array in the info, each formatted by @format_item. */
static char *
join (RscSnapshot  *snapshot,
      const char   *key,
      const char   *type,
      char       *(*format_item) (GVariant *item))
{
  g_autoptr (GVariant) array = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), key, G_VARIANT_TYPE (type));
  GString *text;

  if (array == NULL || g_variant_n_children (array) == 0)
    return NULL;

  text = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (array, i);
      g_autofree char *formatted = format_item (item);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", formatted);
    }

  return g_string_free (text, FALSE);
}

static char *
format_string (GVariant *item)
{
  return g_variant_dup_string (item, NULL);
}

static char *
format_number (GVariant *item)
{
  return g_strdup_printf ("%u", g_variant_get_uint32 (item));
}

/* Those of the main interpreter, then each sub-interpreter's behind its number. */
static char *
join_generations (RscSnapshot *snapshot)
{
  g_autoptr (GVariant) array = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), "generations", G_VARIANT_TYPE ("a(sut)"));
  g_autofree char *last = NULL;
  GVariantIter iter;
  const char *interpreter;
  GString *text;
  guint generation;
  guint64 count;

  if (array == NULL || g_variant_n_children (array) == 0)
    return NULL;

  text = g_string_new (NULL);
  g_variant_iter_init (&iter, array);
  while (g_variant_iter_next (&iter, "(&sut)", &interpreter, &generation, &count))
    {
      gboolean is_next = last != NULL && strcmp (interpreter, last) != 0;

      if (is_next)
        /* Translators: %s is a sub-interpreter's number; its generations follow */
        g_string_append_printf (text, _("; interpreter %s: "), interpreter);
      g_string_append_printf (text, "%s%s: %" G_GUINT64_FORMAT, last != NULL && !is_next ? ", " : "", generation_name (generation), count);
      g_free (last);
      last = g_strdup (interpreter);
    }

  return g_string_free (text, FALSE);
}

static char *
format_mark (GVariant *item)
{
  const char *hint, *file;
  double seconds;
  guint line;
  guint64 uss;

  g_variant_get (item, "(&sd&sut)", &hint, &seconds, &file, &line, &uss);

  return g_strdup_printf ("“%s” (%.2f s)", hint, seconds);
}

static char *
join_arguments (RscSnapshot *snapshot)
{
  g_autoptr (GVariant) argv = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), "argv", G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **items = argv != NULL ? g_variant_get_strv (argv, NULL) : NULL;

  return items != NULL ? g_strjoinv (" ", (char **) items) : NULL;
}

static char *
describe_moment (RscSnapshot *snapshot)
{
  const char *hint = rsc_snapshot_get_info_string (snapshot, "hint");

  if (*hint != '\0')
    return g_strdup_printf (_("at the mark “%s”"), hint);
  if (rsc_snapshot_get_info_boolean (snapshot, "at-exit"))
    return g_strdup (_("at the program's end"));

  return NULL;
}

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Info *info = data;
  RscSnapshot *snapshot = info->snapshot;
  gint64 captured_at;

  for (gsize i = 0; i < G_N_ELEMENTS (direct); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), direct[i].key, NULL);

      if (value != NULL)
        set_from_variant (&cells[direct[i].field], value);
    }

  if (g_variant_lookup (rsc_snapshot_get_info (snapshot), "captured-at", "x", &captured_at))
    rsc_cell_take_text (&cells[FIELD_CAPTURED_AT], format_time (captured_at));

  rsc_cell_take_text (&cells[FIELD_PROGRAM], join_arguments (snapshot));
  rsc_cell_take_text (&cells[FIELD_MOMENT], describe_moment (snapshot));
  rsc_summary_set_milliseconds (&cells[FIELD_PAUSED], snapshot, "paused-us");
  rsc_summary_set_milliseconds (&cells[FIELD_TOTAL], snapshot, "total-us");
  rsc_cell_set_number (&cells[FIELD_OBJECTS], info->summary.objects);
  rsc_cell_set_number (&cells[FIELD_EDGES], info->summary.edges);
  rsc_cell_set_number (&cells[FIELD_BYTES], info->summary.bytes);
  rsc_cell_set_number (&cells[FIELD_TYPES], info->columns->n_types);
  rsc_cell_set_number (&cells[FIELD_ROOTS], info->columns->n_roots);
  rsc_cell_set_number (&cells[FIELD_THREADS], info->columns->n_threads);
  rsc_cell_take_text (&cells[FIELD_GENERATIONS], join_generations (snapshot));
  rsc_cell_take_text (&cells[FIELD_THRESHOLDS], join (snapshot, "gc-thresholds", "au", format_number));
  rsc_cell_take_text (&cells[FIELD_MARKS], join (snapshot, "marks", "a(sdsut)", format_mark));
  rsc_cell_take_text (&cells[FIELD_NOTES], join (snapshot, "notes", "as", format_string));
}

/* @array as a JSON list; NULL: []. */
static void
append_items (GString  *json,
              GVariant *array,
              void (*append_item) (GString *json, GVariant *item))
{
  g_string_append_c (json, '[');
  for (gsize i = 0; array != NULL && i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (array, i);

      g_string_append (json, i > 0 ? ", " : "");
      append_item (json, item);
    }
  g_string_append_c (json, ']');
}

/* An array of the info as a JSON list; [] where it is missing. */
static void
append_list (GString      *json,
             RscSnapshot  *snapshot,
             const char   *member,
             const char   *key,
             const char   *type,
             void        (*append_item) (GString *json, GVariant *item))
{
  g_autoptr (GVariant) array = g_variant_lookup_value (rsc_snapshot_get_info (snapshot), key, G_VARIANT_TYPE (type));

  g_string_append_printf (json, ",\n  \"%s\": ", member);
  append_items (json, array, append_item);
}

static void
append_string (GString  *json,
               GVariant *item)
{
  rsc_json_append_string (json, g_variant_get_string (item, NULL));
}

static void
append_number (GString  *json,
               GVariant *item)
{
  g_string_append_printf (json, "%u", g_variant_get_uint32 (item));
}

static void
append_generation (GString  *json,
                   GVariant *item)
{
  const char *interpreter;
  guint generation;
  guint64 count;

  g_variant_get (item, "(&sut)", &interpreter, &generation, &count);
  g_string_append (json, "{\"interpreter\": ");
  rsc_json_append_string (json, interpreter);
  g_string_append_printf (json, ", \"name\": \"%s\", \"count\": %" G_GUINT64_FORMAT "}", generation_name (generation), count);
}

static void
append_stats (GString  *json,
              GVariant *item)
{
  guint64 collections, collected, uncollectable;

  g_variant_get (item, "(ttt)", &collections, &collected, &uncollectable);
  g_string_append_printf (json, "{\"collections\": %" G_GUINT64_FORMAT ", \"collected\": %" G_GUINT64_FORMAT
                                ", \"uncollectable\": %" G_GUINT64_FORMAT "}",
                          collections, collected, uncollectable);
}

static void
append_interpreter (GString  *json,
                    GVariant *item)
{
  g_autoptr (GVariant) thresholds = NULL;
  g_autoptr (GVariant) counts = NULL;
  g_autoptr (GVariant) stats = NULL;
  gboolean enabled;
  gint64 id;

  g_variant_get (item, "(xb@au@au@a(ttt))", &id, &enabled, &thresholds, &counts, &stats);
  g_string_append_printf (json, "{\"id\": %" G_GINT64_FORMAT ", \"enabled\": %s, \"thresholds\": ", id, enabled ? "true" : "false");
  append_items (json, thresholds, append_number);
  g_string_append (json, ", \"counts\": ");
  append_items (json, counts, append_number);
  g_string_append (json, ", \"stats\": ");
  append_items (json, stats, append_stats);
  g_string_append_c (json, '}');
}

static void
append_mark (GString  *json,
             GVariant *item)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  const char *hint, *file;
  double seconds;
  guint line;
  guint64 uss;

  g_variant_get (item, "(&sd&sut)", &hint, &seconds, &file, &line, &uss);
  g_string_append (json, "{\"hint\": ");
  rsc_json_append_string (json, hint);
  g_string_append_printf (json, ", \"seconds\": %s, \"file\": ", g_ascii_formatd (buffer, sizeof buffer, "%.3f", seconds));
  rsc_json_append_string (json, file);
  g_string_append_printf (json, ", \"line\": %u, \"uss\": %" G_GUINT64_FORMAT "}", line, uss);
}

static void
append_more (GString *json,
             gpointer data)
{
  RscSnapshot *snapshot = ((Info *) data)->snapshot;

  append_list (json, snapshot, "argv", "argv", "as", append_string);
  append_list (json, snapshot, "generations", "generations", "a(sut)", append_generation);
  append_list (json, snapshot, "thresholds", "gc-thresholds", "au", append_number);
  append_list (json, snapshot, "counts", "gc-counts", "au", append_number);
  append_list (json, snapshot, "stats", "gc-stats", "a(ttt)", append_stats);
  append_list (json, snapshot, "interpreters", "interpreters", "a(xbauaua(ttt))", append_interpreter);
  append_list (json, snapshot, "marks", "marks", "a(sdsut)", append_mark);
  append_list (json, snapshot, "notes", "notes", "as", append_string);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  Info info = { 0 };
  RscRows rows = {
    .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .append_more = append_more, .data = &info
  };

  info.snapshot = rsc_source_open (cli, error);
  if (info.snapshot == NULL || !rsc_summary_compute (info.snapshot, &info.summary, error))
    return FALSE;

  info.columns = rsc_snapshot_get_columns (info.snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS | RSC_BLOCK_ROOTS, error);
  if (info.columns == NULL)
    return FALSE;

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_info = {
  .name = "info",
  .parameters = N_("SOURCE"),
  .summary = N_("What the heap is: runtime, objects, bytes, generations"),
  .description = N_("Tells where the heap comes from, how large it is, and what its collector said of itself."),
  .examples = "  refscope-cli info heap.refscope\n"
              "  ssh host refscope-cli capture pid:1234 -o - | refscope-cli info -\n"
              "  refscope-cli info --json -- python3 -m json.tool data.json\n"
              "  refscope-cli info --fail-if 'bytes > 100e6' -- python3 test.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION,
  .check = check,
  .run = run,
};
