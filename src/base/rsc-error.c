#include "rsc-error.h"

G_DEFINE_QUARK (rsc-format-error-quark, rsc_format_error)
G_DEFINE_QUARK (rsc-capture-error-quark, rsc_capture_error)
G_DEFINE_QUARK (rsc-analysis-error-quark, rsc_analysis_error)
G_DEFINE_QUARK (rsc-layout-error-quark, rsc_layout_error)
G_DEFINE_QUARK (rsc-query-error-quark, rsc_query_error)
