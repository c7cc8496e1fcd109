/* For processors that the injector does not know yet. */
#include "rsc-inject-arch.h"

const gsize rsc_frame_mask_offset = 0;
const gsize rsc_frame_return_size = 0;

struct _RscThreadState
{
  int unused;
};

RscThreadState *
rsc_thread_state_read (pid_t tid)
{
  return NULL;
}

void
rsc_thread_state_free (RscThreadState *self)
{
}

gboolean
rsc_thread_state_write (pid_t tid, const RscThreadState *self)
{
  return FALSE;
}

guint64
rsc_thread_state_get_pc (const RscThreadState *self)
{
  return 0;
}

guint64
rsc_thread_state_get_sp (const RscThreadState *self)
{
  return 0;
}

guint64
rsc_thread_state_get_tls (const RscThreadState *self)
{
  return 0;
}

gboolean
rsc_thread_state_get_call (const RscThreadState *self, long *number, guint64 *second)
{
  return FALSE;
}

gboolean
rsc_thread_state_is_whole (const RscThreadState *self)
{
  return FALSE;
}

gboolean
rsc_gadgets_find (RscProcessMemory *memory, guint64 libc, RscGadgets *gadgets)
{
  return FALSE;
}

GBytes *
rsc_thread_state_make_frame (const RscThreadState *self, const RscGadgets *gadgets, guint64 top, guint64 *address)
{
  return NULL;
}

gboolean
rsc_frame_get_pc (const RscGadgets *gadgets, const guint64 *words, gsize n_words, guint64 *pc, guint64 *mask)
{
  return FALSE;
}

gboolean
rsc_thread_end_call (pid_t tid, const RscThreadState *self)
{
  return FALSE;
}

gboolean
rsc_thread_begin_call (pid_t tid, const RscThreadState *self, const RscGadgets *gadgets, guint64 frame, long number,
                       const guint64 arguments[6])
{
  return FALSE;
}

gboolean
rsc_thread_is_in_call (pid_t tid, long number)
{
  return FALSE;
}

gboolean
rsc_thread_get_result (pid_t tid, gint64 *result)
{
  return FALSE;
}

const guint8 *
rsc_stub_get (gsize *size)
{
  *size = 0;

  return NULL;
}

gboolean
rsc_thread_begin_stub (pid_t tid, const RscThreadState *self, guint64 stub, guint64 parameters, guint64 stack)
{
  return FALSE;
}

gboolean
rsc_thread_skip_call (pid_t tid)
{
  return FALSE;
}
