/* The programs that were launched last, as they were launched: with all their
 * arguments, in their folder, held or not.  A list model over the settings:
 * what one window launches is in the lists of all.  Newest first. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RSC_RECENT_PROGRAMS_MAX 10

/* A launch as a GVariant, for actions and the settings: its command, with the
 * interpreter; its folder; whether it is held at its marks. */
#define RSC_RECENT_PROGRAM_FORMAT "(assb)"

#define RSC_TYPE_RECENT_PROGRAM (rsc_recent_program_get_type ())
G_DECLARE_FINAL_TYPE (RscRecentProgram, rsc_recent_program, RSC, RECENT_PROGRAM, GObject)

/* NULL unless @variant is of the format and names a program.  A floating
 * @variant is taken over. */
RscRecentProgram  *rsc_recent_program_new_from_variant (GVariant *variant);
/* Borrowed; of the format. */
GVariant          *rsc_recent_program_get_variant (RscRecentProgram *self);
const char *const *rsc_recent_program_get_argv    (RscRecentProgram *self);
/* NULL: that of Refscope itself. */
const char        *rsc_recent_program_get_folder  (RscRecentProgram *self);
gboolean           rsc_recent_program_get_hold    (RscRecentProgram *self);
/* As in a terminal: "python3 'my script.py' --fast".  Free with g_free(). */
char              *rsc_recent_program_dup_command (RscRecentProgram *self);

/* The script rather than its interpreter: "python3 -X dev demo.py" is demo.py.
 * Free with g_free(). */
char *rsc_program_dup_title (const char *const *argv);
/* The arguments with quotation marks where a shell needs them.  Free with g_free(). */
char *rsc_program_dup_command (const char *const *argv);

#define RSC_TYPE_RECENT_PROGRAMS (rsc_recent_programs_get_type ())
G_DECLARE_FINAL_TYPE (RscRecentPrograms, rsc_recent_programs, RSC, RECENT_PROGRAMS, GObject)

/* A GListModel of RscRecentProgram.  @settings may be NULL: then nothing is kept. */
RscRecentPrograms *rsc_recent_programs_new   (GSettings *settings);
/* Puts it first.  @folder NULL: the current one, which is kept by its name. */
void               rsc_recent_programs_add   (RscRecentPrograms *self,
                                              const char *const *argv,
                                              const char        *folder,
                                              gboolean           hold);
void               rsc_recent_programs_clear (RscRecentPrograms *self);

G_END_DECLS
