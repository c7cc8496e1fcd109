/* The commands, one a file: rsc-cmd-NAME.c. */
#pragma once

#include "rsc-cli-objects.h"
#include "rsc-cli-output.h"
#include "rsc-cli-rows.h"
#include "rsc-cli-source.h"
#include "rsc-cli.h"

G_BEGIN_DECLS

extern const RscCliCommand rsc_cmd_ps;
extern const RscCliCommand rsc_cmd_capture;
extern const RscCliCommand rsc_cmd_verify;
extern const RscCliCommand rsc_cmd_info;
extern const RscCliCommand rsc_cmd_refs;
extern const RscCliCommand rsc_cmd_backrefs;
extern const RscCliCommand rsc_cmd_chain;
extern const RscCliCommand rsc_cmd_types;
extern const RscCliCommand rsc_cmd_growth;
extern const RscCliCommand rsc_cmd_find;
extern const RscCliCommand rsc_cmd_cycles;
extern const RscCliCommand rsc_cmd_unreachable;
extern const RscCliCommand rsc_cmd_collect;
extern const RscCliCommand rsc_cmd_step;
extern const RscCliCommand rsc_cmd_what_if;
extern const RscCliCommand rsc_cmd_thresholds;
extern const RscCliCommand rsc_cmd_watch;
extern const RscCliCommand rsc_cmd_convert;

G_END_DECLS
