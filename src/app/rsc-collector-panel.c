#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <string.h>

#include "rsc-collector-panel.h"

#include "collect/rsc-thresholds.h"

#include "rsc-memory-plot.h"
#include "rsc-number.h"
#include "rsc-plot-swatch.h"
#include "rsc-template.h"
#include "rsc-wrap-box.h"

#define N_GENERATIONS RSC_N_GENERATIONS
/* Collections may come by the thousand: what is shown follows so often. */
#define UPDATE_INTERVAL_MS 200
#define RECORDS_SHOWN 8
/* How far the panel looks ahead, in allocations. */
#define OUTLOOK 100000

struct _RscCollectorPanel
{
  GtkWidget parent_instance;

  RscSession *session;
  gboolean filling;
  guint update_source; /* something was measured or recorded, and is not shown yet */
  guint64 n_recorded;  /* as shown */

  /* Template */
  GtkStack *stack;
  GtkSwitch *enabled_switch;
  GtkWidget *record_box;
  GtkSwitch *record_switch;
  GtkLabel *record_label;
  GtkListBox *records;
  GtkLabel *count_0, *count_1, *count_2;
  GtkSpinButton *threshold_0, *threshold_1, *threshold_2;
  GtkLabel *objects_label;
  GtkLabel *stats_label;
  GtkLabel *outlook_label;
  GtkWidget *apply_button;
  GtkLabel *origin_label;
  GtkWidget *memory_box;
  GtkWidget *memory_key;
  GtkLabel *uss_label, *rss_label;
  GtkWidget *unmeasured_label;
  RscMemoryPlot *plot;
  GtkWidget *collections_key;
  GtkWidget *unrecorded_key;
  GtkListBox *marks;
};

G_DEFINE_FINAL_TYPE (RscCollectorPanel, rsc_collector_panel, GTK_TYPE_WIDGET)

static GtkSpinButton *
get_threshold (RscCollectorPanel *self, guint generation)
{
  GtkSpinButton *buttons[] = { self->threshold_0, self->threshold_1, self->threshold_2 };

  return buttons[generation];
}

static GtkLabel *
get_count (RscCollectorPanel *self, guint generation)
{
  GtkLabel *labels[] = { self->count_0, self->count_1, self->count_2 };

  return labels[generation];
}

static void
read_numbers (GVariant *info, const char *key, guint32 numbers[N_GENERATIONS], gboolean *known)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (info, key, G_VARIANT_TYPE ("au"));

  *known = value != NULL && g_variant_n_children (value) >= N_GENERATIONS;
  for (guint i = 0; *known && i < N_GENERATIONS; i++)
    g_variant_get_child (value, i, "u", &numbers[i]);
}

/* "Generation 0: 512 objects" lines of the shown capture; where there are several interpreters, of each. */
static char *
dup_objects (GVariant *info)
{
  g_autoptr (GVariant) generations = g_variant_lookup_value (info, "generations", G_VARIANT_TYPE ("a(sut)"));
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *interpreter, *current = "main";
  guint32 generation;
  guint64 n;

  if (generations == NULL)
    return g_string_free (text, FALSE);

  g_variant_iter_init (&iter, generations);
  while (g_variant_iter_next (&iter, "(&sut)", &interpreter, &generation, &n))
    {
      g_autofree char *number = rsc_number_dup (n);

      if (text->len > 0)
        g_string_append_c (text, '\n');
      if (strcmp (interpreter, current) != 0)
        {
          g_string_append_c (text, '\n');
          /* Translators: a heading: %s is a sub-interpreter's number; what its lists have follows: "Generation 0: 512 objects" */
          g_string_append_printf (text, _("Interpreter %s"), interpreter);
          g_string_append_c (text, '\n');
          current = interpreter;
        }
      if (generation == RSC_GENERATION_PERMANENT)
        g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "Frozen: %s object", "Frozen: %s objects", RSC_PLURAL (n)), number);
      else
        g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "Generation %u: %s object", "Generation %u: %s objects", RSC_PLURAL (n)),
                                generation, number);
    }

  return g_string_free (text, FALSE);
}

static char *
dup_stats (GVariant *info)
{
  g_autoptr (GVariant) stats = g_variant_lookup_value (info, "gc-stats", G_VARIANT_TYPE ("a(ttt)"));
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  guint64 collections, collected, uncollectable;
  guint generation = 0;

  if (stats == NULL)
    return g_string_free (text, FALSE);

  g_variant_iter_init (&iter, stats);
  while (g_variant_iter_next (&iter, "(ttt)", &collections, &collected, &uncollectable))
    {
      g_autofree char *n_collections = rsc_number_dup (collections);
      g_autofree char *n_collected = rsc_number_dup (collected);

      if (text->len > 0)
        g_string_append_c (text, '\n');
      /* Translators: %1$u is the generation, then how often it was collected, and how many objects that freed */
      g_string_append_printf (text, _("Generation %1$u: %2$s collections, %3$s freed"), generation++, n_collections, n_collected);
    }

  return g_string_free (text, FALSE);
}

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), *text != '\0');
}

/* What the thresholds in the panel would do from the capture on; "" if that cannot be told. */
static char *
dup_outlook (RscCollectorPanel *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  g_autoptr(RscThresholdsOutcome) outcome = NULL;
  RscThresholdsStart start;
  gboolean known;
  g_autofree char *until = NULL;
  g_autofree char *ahead = NULL;
  g_autofree char *next = NULL;
  g_autofree char *all = NULL;
  char *collections[N_GENERATIONS];

  if (snapshot == NULL || !rsc_thresholds_read (snapshot, &start, &known, NULL))
    return g_strdup ("");

  start.allocations = OUTLOOK;
  for (guint i = 0; i < N_GENERATIONS; i++)
    {
      start.counter.thresholds[i] = (guint64) gtk_spin_button_get_value (get_threshold (self, i));
      start.survive[i] = 1;
    }
  outcome = rsc_thresholds_simulate (&start, NULL, NULL);
  if (outcome == NULL || outcome->until_next == 0)
    return g_strdup (_("With these thresholds no collection runs by itself."));

  for (guint i = 0; i < N_GENERATIONS; i++)
    collections[i] = rsc_number_dup (outcome->collections[i]);
  until = rsc_number_dup (rsc_gc_counter_get_until_next (&start.counter));
  ahead = rsc_number_dup (OUTLOOK);
  next = g_strdup_printf (_("With these thresholds: the next collection after %s more containers."), until);
  /* Translators: %1$s is a number of containers that are allocated, the others are numbers of collections */
  all = g_strdup_printf (_("With %1$s more, if all of them stay: %2$s collections of generation 0, %3$s of 1, %4$s of 2."),
                         ahead, collections[0], collections[1], collections[2]);
  for (guint i = 0; i < N_GENERATIONS; i++)
    g_free (collections[i]);

  return g_strconcat (gtk_switch_get_active (self->enabled_switch) ? "" : _("It does not collect by itself now. If it did:"),
                      gtk_switch_get_active (self->enabled_switch) ? "" : "\n", next, "\n", all, NULL);
}

static void
fill_outlook (RscCollectorPanel *self)
{
  g_autofree char *outlook = dup_outlook (self);

  set_text (self->outlook_label, outlook);
}

static void
fill_collector (RscCollectorPanel *self)
{
  GVariant *info = rsc_session_get_gc_info (self->session);
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  gboolean live = rsc_session_is_live (self->session) && rsc_session_get_no_python (self->session) == NULL;
  gboolean enabled = FALSE, counts_known, thresholds_known;
  guint32 counts[N_GENERATIONS] = { 0, }, thresholds[N_GENERATIONS] = { 0, };
  g_autofree char *objects = NULL;
  g_autofree char *stats = NULL;

  if (info == NULL)
    {
      gtk_stack_set_visible_child_name (self->stack, "nothing");
      return;
    }

  read_numbers (info, "gc-counts", counts, &counts_known);
  read_numbers (info, "gc-thresholds", thresholds, &thresholds_known);
  if (!counts_known && !thresholds_known)
    {
      gtk_stack_set_visible_child_name (self->stack, "nothing");
      return;
    }

  self->filling = TRUE;
  g_variant_lookup (info, "gc-enabled", "b", &enabled);
  gtk_switch_set_active (self->enabled_switch, enabled);
  gtk_widget_set_sensitive (GTK_WIDGET (self->enabled_switch), live);
  gtk_switch_set_active (self->record_switch, rsc_session_get_recording (self->session));
  gtk_widget_set_sensitive (self->record_box, live);
  gtk_widget_set_visible (self->record_box, rsc_session_is_program (self->session));
  for (guint i = 0; i < N_GENERATIONS; i++)
    {
      g_autofree char *count = rsc_number_dup (counts[i]);

      gtk_label_set_text (get_count (self, i), counts_known ? count : "–");
      gtk_spin_button_set_value (get_threshold (self, i), thresholds[i]);
      gtk_widget_set_sensitive (GTK_WIDGET (get_threshold (self, i)), live);
    }
  gtk_widget_set_visible (self->apply_button, live);
  gtk_widget_set_sensitive (self->apply_button, FALSE);
  self->filling = FALSE;

  objects = dup_objects (snapshot != NULL ? rsc_snapshot_get_info (snapshot) : info);
  set_text (self->objects_label, objects);
  stats = dup_stats (info);
  set_text (self->stats_label, stats);
  fill_outlook (self);
  set_text (self->origin_label, live ? "" : _("As they were when the heap was captured."));
  gtk_stack_set_visible_child_name (self->stack, "collector");
}

/* A row of two lines; @tooltip may be NULL. */
static GtkWidget *
row_new (const char *title, const char *text, const char *tooltip)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  const char *texts[] = { title, text };

  gtk_widget_add_css_class (box, "object-row");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      GtkWidget *label = gtk_label_new (texts[i]);

      gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
      gtk_widget_set_tooltip_text (label, tooltip);
      if (tooltip != NULL)
        gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, tooltip, -1);
      gtk_widget_add_css_class (label, "numeric");
      if (i > 0)
        gtk_widget_add_css_class (label, "object-value");
      gtk_box_append (GTK_BOX (box), label);
    }

  return box;
}

/* The marks as numbers, for whom the plot says nothing. */
static void
fill_marks (RscCollectorPanel *self)
{
  GArray *points = rsc_session_get_memory (self->session);
  guint n_marks = 0, n_shown = 0;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->marks)); row != NULL; row = gtk_widget_get_next_sibling (row))
    n_shown++;

  for (guint i = 0; i < points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (points, RscMemoryPoint, i);
      g_autofree char *hint = NULL;
      g_autofree char *uss = NULL;
      g_autofree char *rss = NULL;
      g_autofree char *text = NULL;

      if (point->hint == NULL || n_marks++ < n_shown)
        continue;

      hint = g_strdup_printf ("%u  %s", n_marks, point->hint);
      uss = point->uss > 0 ? g_format_size_full (point->uss, G_FORMAT_SIZE_IEC_UNITS) : g_strdup ("–");
      rss = point->rss > 0 ? g_format_size_full (point->rss, G_FORMAT_SIZE_IEC_UNITS) : g_strdup ("–");
      text = g_strdup_printf (_("USS %s, RSS %s"), uss, rss);
      gtk_list_box_append (self->marks, row_new (hint, text, NULL));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->marks), n_marks > 0);
}

static void
fill_records (RscCollectorPanel *self)
{
  const RscRecordTotals *totals = rsc_session_get_record_totals (self->session);
  GArray *recorded = rsc_session_get_recorded (self->session);
  g_autofree char *number = rsc_number_dup (totals->collections);
  g_autofree char *text = NULL;

  if (self->n_recorded == totals->collections + totals->missed)
    return;
  self->n_recorded = totals->collections + totals->missed;

  text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%1$s recorded: %2$.1f ms together, the longest %3$.1f ms.",
                                       "%1$s recorded: %2$.1f ms together, the longest %3$.1f ms.", RSC_PLURAL (totals->collections)),
                          number, totals->seconds * 1000, totals->longest * 1000);
  if (totals->missed > 0)
    {
      g_autofree char *missed = rsc_number_dup (totals->missed);
      g_autofree char *more = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s could not be recorded.", "%s could not be recorded.",
                                                            RSC_PLURAL (totals->missed)), missed);
      g_autofree char *both = g_strconcat (text, " ", more, NULL);

      g_free (text);
      text = g_steal_pointer (&both);
    }
  set_text (self->record_label, text);

  for (GtkWidget *row; (row = gtk_widget_get_first_child (GTK_WIDGET (self->records))) != NULL;)
    gtk_list_box_remove (self->records, row);
  for (guint i = recorded->len; i > 0 && i + RECORDS_SHOWN > recorded->len; i--)
    {
      const RscRecordedCollection *item = &g_array_index (recorded, RscRecordedCollection, i - 1);
      g_autofree char *title = rsc_recorded_dup_title (item);
      g_autofree char *counts = rsc_recorded_dup_counts (item);
      g_autofree char *details = rsc_recorded_dup_details (item);

      gtk_list_box_append (self->records, row_new (title, counts, details));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->records), recorded->len > 0);
}

/* The key of the plot, with the numbers of now. */
static void
fill_key (RscCollectorPanel *self)
{
  GArray *points = rsc_session_get_memory (self->session);
  gboolean measured = FALSE, unrecorded = FALSE;

  for (guint i = points->len; i > 0; i--)
    {
      const RscMemoryPoint *point = &g_array_index (points, RscMemoryPoint, i - 1);

      unrecorded |= point->hint == NULL && point->generation >= 0;
      if (point->uss > 0 && !measured)
        {
          g_autofree char *uss = g_format_size_full (point->uss, G_FORMAT_SIZE_IEC_UNITS);
          g_autofree char *rss = g_format_size_full (point->rss, G_FORMAT_SIZE_IEC_UNITS);
          g_autofree char *uss_text = g_strdup_printf (_("USS %s"), uss);
          g_autofree char *rss_text = g_strdup_printf (_("RSS %s"), rss);

          gtk_label_set_text (self->uss_label, uss_text);
          gtk_label_set_text (self->rss_label, rss_text);
          measured = TRUE;
        }
    }
  gtk_widget_set_visible (self->memory_key, measured);
  gtk_widget_set_visible (self->unmeasured_label, !measured);
  gtk_widget_set_visible (self->collections_key, rsc_session_get_recorded (self->session)->len > 0);
  gtk_widget_set_visible (self->unrecorded_key, unrecorded);
}

static void
show_memory (RscCollectorPanel *self)
{
  fill_key (self);
  fill_marks (self);
  fill_records (self);
  rsc_memory_plot_changed (self->plot);
}

static gboolean
on_update_time (gpointer user_data)
{
  RscCollectorPanel *self = user_data;

  self->update_source = 0;
  show_memory (self);

  return G_SOURCE_REMOVE;
}

static void
on_memory_sampled (RscCollectorPanel *self)
{
  if (self->update_source == 0)
    self->update_source = g_timeout_add (UPDATE_INTERVAL_MS, on_update_time, self);
}

static void
on_threshold_changed (RscCollectorPanel *self)
{
  if (self->filling)
    return;

  gtk_widget_set_sensitive (self->apply_button, TRUE);
  fill_outlook (self);
}

static void
on_apply_clicked (RscCollectorPanel *self)
{
  guint thresholds[N_GENERATIONS];

  for (guint i = 0; i < N_GENERATIONS; i++)
    {
      gtk_spin_button_update (get_threshold (self, i));
      thresholds[i] = (guint) gtk_spin_button_get_value_as_int (get_threshold (self, i));
    }
  gtk_widget_set_sensitive (self->apply_button, FALSE);
  rsc_session_set_thresholds (self->session, thresholds);
}

static void
on_enabled_changed (RscCollectorPanel *self)
{
  if (!self->filling && self->session != NULL)
    rsc_session_set_gc_enabled (self->session, gtk_switch_get_active (self->enabled_switch));
}

static void
on_record_changed (RscCollectorPanel *self)
{
  if (!self->filling && self->session != NULL)
    rsc_session_set_recording (self->session, gtk_switch_get_active (self->record_switch));
}

void
rsc_collector_panel_set_session (RscCollectorPanel *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  rsc_memory_plot_set_points (self->plot, rsc_session_get_memory (session), rsc_session_get_recorded (session));
  gtk_widget_set_visible (self->memory_box, rsc_session_is_program (session));
  g_signal_connect_object (session, "notify::gc-info", G_CALLBACK (fill_collector), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (fill_collector), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (fill_collector), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "memory-sampled", G_CALLBACK (on_memory_sampled), self, G_CONNECT_SWAPPED);
  fill_collector (self);
  show_memory (self);
}

static void
rsc_collector_panel_dispose (GObject *object)
{
  RscCollectorPanel *self = RSC_COLLECTOR_PANEL (object);

  g_clear_handle_id (&self->update_source, g_source_remove);
  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_COLLECTOR_PANEL);

  G_OBJECT_CLASS (rsc_collector_panel_parent_class)->dispose (object);
}

static void
rsc_collector_panel_class_init (RscCollectorPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_collector_panel_dispose;

  g_type_ensure (RSC_TYPE_MEMORY_PLOT);
  g_type_ensure (RSC_TYPE_PLOT_SWATCH);
  g_type_ensure (RSC_TYPE_WRAP_BOX);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-collector-panel.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, stack);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, enabled_switch);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, record_box);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, record_switch);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, record_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, records);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, count_0);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, count_1);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, count_2);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, threshold_0);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, threshold_1);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, threshold_2);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, objects_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, stats_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, outlook_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, apply_button);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, origin_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, memory_box);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, memory_key);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, uss_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, rss_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, unmeasured_label);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, plot);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, collections_key);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, unrecorded_key);
  gtk_widget_class_bind_template_child (widget_class, RscCollectorPanel, marks);
  gtk_widget_class_bind_template_callback (widget_class, on_threshold_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_apply_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_enabled_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_record_changed);
}

static void
rsc_collector_panel_init (RscCollectorPanel *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
