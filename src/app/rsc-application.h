/* The application: windows, and what belongs to none of them. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RSC_APPLICATION_ID "io.github.refscope.Refscope"

#define RSC_TYPE_APPLICATION (rsc_application_get_type ())
G_DECLARE_FINAL_TYPE (RscApplication, rsc_application, RSC, APPLICATION, AdwApplication)

/* @program: the command after "--", or NULL.  With one the application is an
 * instance of its own, the program has our standard streams, and
 * rsc_application_get_exit_status() is its status. */
RscApplication *rsc_application_new (const char *const *program);

/* For main(): the launched program's status as a shell would give it; 4 if the
 * process of --pid could not be attached to; else 0. */
int rsc_application_get_exit_status (RscApplication *self);

G_END_DECLS
