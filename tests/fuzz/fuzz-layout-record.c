/* The readers of the layout child's records, and of its parent's: byte 0 says
 * which.  What a reader accepts it must write again to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "layout/rsc-layout-wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_same (const GByteArray *written, const uint8_t *data, size_t size)
{
  g_assert_cmpmem (written->data + sizeof (RscLayoutHeader), written->len - sizeof (RscLayoutHeader), data, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr(GByteArray) written = g_byte_array_new ();
  g_autoptr(GError) error = NULL;
  int which;

  if (size < 1)
    return 0;
  which = data[0];
  data++;
  size--;
  switch (which)
    {
    case RSC_LAYOUT_RECORD_PLACE:
      {
        g_autoptr(RscLayoutPlace) place = rsc_layout_wire_read_place (data, size, &error);

        g_assert_true ((place == NULL) == (error != NULL));
        /* Booleans and reserved fields are not kept to the bit. */
        if (place != NULL)
          rsc_layout_wire_append_place (written, &place->request, &place->settings);
        if (place != NULL)
          g_assert_cmpuint (written->len - sizeof (RscLayoutHeader), ==, size);
        break;
      }
    case RSC_LAYOUT_RECORD_PLACES:
      {
        g_autoptr(RscLayoutResult) result = rsc_layout_wire_read_places (data, size, &error);

        g_assert_true ((result == NULL) == (error != NULL));
        if (result != NULL)
          {
            rsc_layout_wire_append_places (written, result);
            g_assert_cmpuint (written->len - sizeof (RscLayoutHeader), ==, size);
            /* All but the head, which has a reserved field. */
            g_assert_cmpmem (written->data + sizeof (RscLayoutHeader) + 16, size - 16, data + 16, size - 16);
          }
        break;
      }
    case RSC_LAYOUT_RECORD_DOT:
      {
        g_autoptr(RscDotGraph) graph = rsc_layout_wire_read_dot (data, size, &error);

        g_assert_true ((graph == NULL) == (error != NULL));
        if (graph != NULL)
          {
            g_assert_cmpuint (g_strv_length (graph->names), ==, graph->n_nodes);
            g_assert_cmpuint (g_strv_length (graph->labels), ==, graph->n_nodes);
            g_assert_cmpuint (g_strv_length (graph->edge_labels), ==, graph->n_edges);
            for (gsize e = 0; e < graph->n_edges; e++)
              g_assert_true (graph->sources[e] < graph->n_nodes && graph->targets[e] < graph->n_nodes);
          }
        break;
      }
    case RSC_LAYOUT_RECORD_ERROR:
      {
        g_autofree char *text = NULL;
        RscLayoutFault fault;

        if (rsc_layout_wire_read_error (data, size, &fault, &text, &error))
          {
            g_assert_true (g_utf8_validate (text, -1, NULL));
            if (memchr (data, 0, size) == NULL && g_utf8_validate ((const char *) data + sizeof fault, (gssize) (size - sizeof fault), NULL))
              {
                rsc_layout_wire_append_error (written, &fault, text);
                check_same (written, data, size);
              }
          }
        break;
      }
    default:
      {
        RscLayoutHeader header;

        if (size >= sizeof header)
          {
            memcpy (&header, data, sizeof header);
            rsc_layout_wire_check_header (&header, &error);
          }
      }
    }
  return 0;
}
