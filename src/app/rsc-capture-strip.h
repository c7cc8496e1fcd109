/* The captures taken so far, to go back to. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_CAPTURE_STRIP (rsc_capture_strip_get_type ())
G_DECLARE_FINAL_TYPE (RscCaptureStrip, rsc_capture_strip, RSC, CAPTURE_STRIP, GtkWidget)

void rsc_capture_strip_set_session (RscCaptureStrip *self, RscSession *session);

G_END_DECLS
