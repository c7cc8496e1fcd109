/* Messages of the control protocol: whatever comes, a parsed message can be
 * looked up without a look past its end, and is the same when it is built again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/rsc-wire-message.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define check(condition) do { if (!(condition)) abort (); } while (0)

/* The first of each field, in another message. */
static void
rebuild (const RscWireMessage *message)
{
  static RscWireMessage copy, parsed;

  rsc_wire_message_init (&copy, rsc_wire_message_get_type (message), rsc_wire_message_get_number (message));
  for (unsigned field = 0; field < 64; field++)
    {
      uint64_t values[RSC_WIRE_LIST_MAX] = { 0 };
      size_t n_values = rsc_wire_message_list (message, field, values, RSC_WIRE_LIST_MAX);
      const char *text = rsc_wire_message_string (message, field);
      uint64_t number = rsc_wire_message_number (message, field, 7);

      check (n_values <= RSC_WIRE_LIST_MAX);
      if (number != 7)
        check (rsc_wire_message_has (message, field) && rsc_wire_message_add_number (&copy, field, number));
      if (text != NULL)
        check (strlen (text) <= RSC_WIRE_STRING_MAX && rsc_wire_message_add_string (&copy, field, text));
      if (n_values > 0)
        check (rsc_wire_message_add_list (&copy, field, values, n_values));
      for (unsigned nth = 0; rsc_wire_message_nth_string (message, field, nth) != NULL; nth++)
        check (strlen (rsc_wire_message_nth_string (message, field, nth)) <= RSC_WIRE_STRING_MAX);
    }

  check (rsc_wire_message_parse (&parsed, copy.data, copy.size) == RSC_WIRE_OK);
  check (rsc_wire_message_get_type (&parsed) == rsc_wire_message_get_type (message));
  check (rsc_wire_message_get_number (&parsed) == rsc_wire_message_get_number (message));
  for (unsigned field = 0; field < 64; field++)
    {
      const char *a = rsc_wire_message_string (message, field), *b = rsc_wire_message_string (&parsed, field);

      check (rsc_wire_message_number (message, field, 7) == rsc_wire_message_number (&parsed, field, 7));
      check ((a == NULL) == (b == NULL) && (a == NULL || strcmp (a, b) == 0));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static RscWireMessage message;

  if (rsc_wire_message_parse (&message, data, size) == RSC_WIRE_OK)
    rebuild (&message);

  return 0;
}
