/* From the argument vector to an RscCli; and the help texts. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

const RscCliCommand *rsc_options_find_command (const char *name);

/* Parses what follows the command's name.  The arguments after "--" are the
 * program.  @self->arguments are taken over and kept. */
gboolean rsc_options_parse (RscCli *self, char **arguments, GError **error);

/* Whether -o FILE was given and ends in @ending, in upper or lower case. */
gboolean rsc_options_output_ends (const RscCliOptions *options, const char *ending);

/* Translated text for standard output; free with g_free(). */
char *rsc_options_get_overview (void);
char *rsc_options_get_help     (const RscCliCommand *command);

/* RSC_CLI_ERROR, USAGE: names the commands that look like @name. */
void rsc_options_set_unknown_command (const char *name, GError **error);

G_END_DECLS
