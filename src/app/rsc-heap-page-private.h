/* Shared by the files of RscHeapPage only. */
#pragma once

#include "rsc-heap-page.h"

#include <adwaita.h>

#include "rsc-capture-strip.h"
#include "rsc-collect-bar.h"
#include "rsc-collector-panel.h"
#include "rsc-cycles-panel.h"
#include "rsc-details-panel.h"
#include "rsc-find-panel.h"
#include "rsc-graph-list.h"
#include "rsc-job.h"
#include "rsc-lesson-bar.h"
#include "rsc-lesson-pane.h"
#include "rsc-output-pane.h"
#include "rsc-program-bar.h"
#include "rsc-step-bar.h"
#include "rsc-step-lanes.h"
#include "rsc-view-controls.h"

G_BEGIN_DECLS

struct _RscHeapPage
{
  GtkWidget parent_instance;

  /* Owned */
  RscSession *session;
  GSimpleActionGroup *actions;
  GSettings *settings;        /* NULL where the schema is not installed */
  RscJob *shown_job;          /* whose progress is shown */
  guint progress_source;
  gboolean selecting;         /* the canvas is being told, not asked */
  gboolean controls_called;   /* although there are steps and little room */
  gboolean lists_were_shown;  /* by themselves, with a lesson's first steps */
  gboolean output_was_shown;  /* by itself, when the program first wrote */
  GHashTable *export_paths;   /* a format -> what was last written in it; NULL: nothing yet */

  /* Template */
  GtkWidget *box;
  AdwWindowTitle *title;
  RscProgramBar *program_bar;
  RscCaptureStrip *capture_strip;
  RscLessonBar *lesson_bar;
  GtkWidget *lesson_button;
  RscLessonPane *lesson_pane;
  AdwFlap *lesson_flap;
  AdwFlap *find_flap;
  AdwFlap *details_flap;
  AdwViewStack *side_stack;
  RscFindPanel *find_panel;
  RscGraphList *graph_list;
  RscCyclesPanel *cycles_panel;
  RscCollectorPanel *collector_panel;
  RscDetailsPanel *details_panel;
  RscViewControls *controls;
  RscCollectBar *collect_bar;
  RscStepBar *step_bar;
  AdwViewStackPage *steps_page;
  RscStepLanes *step_lanes;
  GtkStack *center_stack;
  RscCanvas *canvas;
  AdwStatusPage *status_page;
  GtkButton *status_button;
  GtkSpinner *status_spinner;
  GtkWidget *canvas_bar;
  GtkLabel *info_label;
  GtkRevealer *progress_revealer;
  GtkLabel *progress_label;
  GtkProgressBar *progress_bar;
  GtkWidget *output_box;
  RscOutputPane *output_pane;
  GtkPopover *node_popover;
  GtkPopover *edge_popover;
  GtkMenuButton *menu_button;
  GtkMenuButton *export_button;
};

/* Shows @error in a dialog with @title. */
void rsc_heap_page_show_error (RscHeapPage *self, const char *title, const GError *error);
void rsc_heap_page_toast      (RscHeapPage *self, const char *text);
/* The actions group, filled, with its keys on the page. */
void rsc_heap_page_init_actions   (RscHeapPage *self);
void rsc_heap_page_update_actions (RscHeapPage *self);
/* Shows the view's controls also where steps have their room. */
void rsc_heap_page_call_controls (RscHeapPage *self);
/* "png", "png2", "svg", "pdf", "dot": asks for a file and writes the picture. */
void rsc_heap_page_export         (RscHeapPage *self, const char *format);
/* "run-html", "run-svg", "run-frames": the same for all steps that are gone through. */
void rsc_heap_page_export_run     (RscHeapPage *self, const char *format);
void rsc_heap_page_save_heap      (RscHeapPage *self);
void rsc_heap_page_copy_picture   (RscHeapPage *self);
void rsc_heap_page_copy_command   (RscHeapPage *self);

G_END_DECLS
