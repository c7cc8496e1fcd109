/* Cells of rows, see rsc-cli-rows.h. */

#include "rsc-cli-rows.h"

#include <string.h>

void
rsc_cell_set_text (RscCell    *self,
                   const char *text)
{
  self->known = text != NULL;
  self->text = g_strdup (text);
}

void
rsc_cell_take_text (RscCell *self,
                    char    *text)
{
  self->known = text != NULL;
  self->text = text;
}

void
rsc_cell_set_number (RscCell *self,
                     guint64  number)
{
  self->known = TRUE;
  self->number = number;
}

void
rsc_cell_set_real (RscCell *self,
                   double   real)
{
  self->known = TRUE;
  self->real = real;
}

void
rsc_cells_clear (RscCell *cells,
                 gsize    n_cells)
{
  for (gsize i = 0; i < n_cells; i++)
    g_free (cells[i].text);

  memset (cells, 0, n_cells * sizeof *cells);
}

void
rsc_rows_fill (const RscRows *self,
               gsize          row,
               guint32        wanted,
               RscCell       *cells)
{
  if (self->fill_some != NULL)
    self->fill_some (row, wanted, cells, self->data);
  else
    self->fill (row, cells, self->data);
}
