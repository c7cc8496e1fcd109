#include "rsc-commands.h"

const RscCliCommand *const rsc_cli_commands[] = {
  &rsc_cmd_ps,
  &rsc_cmd_capture,
  &rsc_cmd_verify,
  &rsc_cmd_info,
  &rsc_cmd_refs,
  &rsc_cmd_backrefs,
  &rsc_cmd_chain,
  &rsc_cmd_types,
  &rsc_cmd_growth,
  &rsc_cmd_find,
  &rsc_cmd_cycles,
  &rsc_cmd_unreachable,
  &rsc_cmd_collect,
  &rsc_cmd_step,
  &rsc_cmd_what_if,
  &rsc_cmd_thresholds,
  &rsc_cmd_watch,
  &rsc_cmd_convert,
  NULL
};
