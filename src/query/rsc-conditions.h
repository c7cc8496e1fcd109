/* A filter as rows, "column / operator / value", and the SQL expression that
 * they write.  The other way round, an expression that rows can say becomes
 * rows again. */
#pragma once

#include "rsc-node-table.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_CONDITION_TEXT,
  RSC_CONDITION_NUMBER,
  RSC_CONDITION_FLAG
} RscConditionKind;

typedef enum
{
  /* of text; "contains" and "begins with" know no upper and lower case */
  RSC_CONDITION_IS,
  RSC_CONDITION_IS_NOT,
  RSC_CONDITION_CONTAINS,
  RSC_CONDITION_CONTAINS_NOT,
  RSC_CONDITION_BEGINS,
  /* of numbers */
  RSC_CONDITION_EQUAL,
  RSC_CONDITION_UNEQUAL,
  RSC_CONDITION_LESS,
  RSC_CONDITION_AT_MOST,
  RSC_CONDITION_GREATER,
  RSC_CONDITION_AT_LEAST,
  /* of flags */
  RSC_CONDITION_YES,
  RSC_CONDITION_NO,
  RSC_N_CONDITION_OPERATORS
} RscConditionOperator;

typedef struct
{
  RscNodeColumn column;
  RscConditionOperator operator;
  char *value; /* as it was typed; not used by flags */
} RscCondition;

typedef enum
{
  RSC_MATCH_ALL,
  RSC_MATCH_ANY,
  RSC_MATCH_NONE
} RscMatch;

#define RSC_CONDITIONS_MAX 100

RscCondition *rsc_condition_new  (RscNodeColumn column, RscConditionOperator operator, const char *value);
void          rsc_condition_free (RscCondition *self);

RscConditionKind rsc_condition_column_get_kind   (RscNodeColumn column);
RscConditionKind rsc_condition_operator_get_kind (RscConditionOperator operator);
/* There is something to compare with. */
gboolean         rsc_condition_is_complete       (const RscCondition *self);
/* FALSE, with RSC_QUERY_ERROR, SYNTAX, if the value is not one of the column. */
gboolean         rsc_condition_check             (const RscCondition *self, GError **error);

/* @conditions: of RscCondition; what is not complete is left out.  "" if there
 * is nothing.  The values must have been checked.  Free with g_free(). */
char *rsc_conditions_to_expression (GPtrArray *conditions, RscMatch match);

/* The rows that say @expression, to be unref'd, or NULL if rows cannot.  An
 * empty expression is no rows. */
GPtrArray *rsc_conditions_from_expression (const char *expression, RscMatch *match);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscCondition, rsc_condition_free)

G_END_DECLS
