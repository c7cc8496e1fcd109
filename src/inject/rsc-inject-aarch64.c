/* The 64-bit ARM.
 *
 * Not tried on such a processor yet, and built in only if -Dinject_aarch64=true: it is compiled wherever a cross compiler is found
 * (tests/house/test_cross.py), and user-mode emulators have no ptrace().
 *
 * - A thread that is interrupted in a system call is before it again: the kernel has
 *   put the program counter back, and forgotten the call.  It is known by the instruction there.
 * - The way back from a handler is in the vDSO, not in the C library.
 * - Scalable vectors, the matrix state and guarded control stacks are more than a signal's plain frame gives back: where they are
 *   in use, there is no safe point.  In a system call none is.
 * - The stub's page has no landing pads and needs none (BTI guards only pages that are marked so), and it signs no
 *   addresses (PAC).  A thread that stopped between an indirect branch and its landing pad remembers that: it is not
 *   to be taken for the stub's. */
#include "rsc-inject-arch.h"

#include <asm/ptrace.h>
#include <asm/sigcontext.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "rsc-process-symbols.h"

#ifndef NT_ARM_SSVE
#define NT_ARM_SSVE 0x40b
#endif
#ifndef NT_ARM_ZA
#define NT_ARM_ZA 0x40c
#endif
#ifndef NT_ARM_GCS
#define NT_ARM_GCS 0x410
#endif

#define INSTRUCTION_CALL 0xd4000001u    /* svc #0 */
#define INSTRUCTION_RETURN 0xd65f03c0u  /* ret */
#define INSTRUCTION_SIGRETURN 0xd2801168u /* mov x8, #139 */

/* Of the processor's state: how the last branch was made, and a step of a debugger's. */
#define STATE_BRANCH 0xc00u
#define STATE_STEP 0x200000u

#define REGISTER_LINK 30
#define REGISTER_CALL 8

struct _RscThreadState
{
  struct user_pt_regs registers;
  struct user_fpsimd_state floating;
  guint64 tls;
  gboolean is_call;       /* before a system call that can be begun */
  gboolean is_plain;      /* all of its state is in here */
};

static gboolean
get_set (pid_t tid, guintptr set, void *data, gsize size)
{
  struct iovec vector = { data, size };

  return ptrace (PTRACE_GETREGSET, tid, set, &vector) == 0;
}

static gboolean
put_set (pid_t tid, guintptr set, const void *data, gsize size)
{
  struct iovec vector = { (void *) data, size };

  return ptrace (PTRACE_SETREGSET, tid, set, &vector) == 0;
}

/* No system call is to be begun again. */
static gboolean
forget_call (pid_t tid)
{
  static const int none = -1;

  return put_set (tid, NT_ARM_SYSTEM_CALL, &none, sizeof none);
}

static gboolean
put_registers (pid_t tid, const struct user_pt_regs *registers)
{
  return forget_call (tid) && put_set (tid, NT_PRSTATUS, registers, sizeof *registers);
}

/* Vectors longer than 128 bits that have something in them. */
static gboolean
has_long_vectors (pid_t tid, guintptr set)
{
  struct user_sve_header header = { 0 };

  return get_set (tid, set, &header, sizeof header) && (header.flags & SVE_PT_REGS_MASK) == SVE_PT_REGS_SVE;
}

static gboolean
is_plain (pid_t tid)
{
  struct user_sve_header matrix = { 0 };
  guint64 guarded[3] = { 0 };

  return !has_long_vectors (tid, NT_ARM_SVE) && !has_long_vectors (tid, NT_ARM_SSVE)
         && !(get_set (tid, NT_ARM_ZA, &matrix, sizeof matrix) && matrix.size > sizeof matrix)
         && !(get_set (tid, NT_ARM_GCS, guarded, sizeof guarded) && (guarded[0] & 1) != 0);
}

RscThreadState *
rsc_thread_state_read (pid_t tid)
{
  g_autoptr(RscThreadState) self = g_new0 (RscThreadState, 1);
  long word;

  if (!get_set (tid, NT_PRSTATUS, &self->registers, sizeof self->registers)
      || !get_set (tid, NT_PRFPREG, &self->floating, sizeof self->floating)
      || !get_set (tid, NT_ARM_TLS, &self->tls, sizeof self->tls))
    return NULL;
  word = ptrace (PTRACE_PEEKTEXT, tid, self->registers.pc, NULL);
  self->is_call = (guint32) word == INSTRUCTION_CALL;
  self->is_plain = is_plain (tid);

  return g_steal_pointer (&self);
}

void
rsc_thread_state_free (RscThreadState *self)
{
  g_free (self);
}

gboolean
rsc_thread_state_write (pid_t tid, const RscThreadState *self)
{
  return put_set (tid, NT_PRFPREG, &self->floating, sizeof self->floating) && put_registers (tid, &self->registers);
}

guint64
rsc_thread_state_get_pc (const RscThreadState *self)
{
  /* There is no code at 0. */
  return self->is_plain ? self->registers.pc : 0;
}

guint64
rsc_thread_state_get_sp (const RscThreadState *self)
{
  return self->registers.sp;
}

guint64
rsc_thread_state_get_tls (const RscThreadState *self)
{
  return self->tls;
}

gboolean
rsc_thread_state_get_call (const RscThreadState *self, long *number, guint64 *second)
{
  if (!self->is_call)
    return FALSE;
  *number = (long) self->registers.regs[REGISTER_CALL];
  *second = self->registers.regs[1];
  /* These would wait all of their time anew: only the kernel knows what is left of it. */
  if (*number == SYS_nanosleep || (*number == SYS_clock_nanosleep && (*second & 1) == 0))
    *number = -1;

  return TRUE;
}

gboolean
rsc_thread_state_is_whole (const RscThreadState *self)
{
  return self->registers.regs[0] == self->registers.regs[2];
}

/* Where @first and @second stand behind each other in a mapping's code, from @from on; 0: nowhere. */
static guint64
find_instructions (RscProcessMemory *memory, const RscMapping *code, guint64 from, gsize size, guint32 first, guint32 second)
{
  g_autofree guint32 *words = NULL;

  from &= ~UINT64_C (3);
  size = MIN (size, code->end - from);
  words = g_malloc (size);
  if (!rsc_process_memory_read (memory, from, words, size))
    return 0;
  for (gsize i = 0; i + 1 < size / sizeof *words; i++)
    if (words[i] == first && words[i + 1] == second)
      return from + i * sizeof *words;

  return 0;
}

gboolean
rsc_gadgets_find (RscProcessMemory *memory, guint64 libc, RscGadgets *gadgets)
{
  guint64 function = rsc_process_symbols_find (memory, libc, "getuid");
  const RscMapping *text = function != 0 ? rsc_process_memory_find (memory, function) : NULL;

  *gadgets = (RscGadgets) { 0 };
  if (text != NULL && text->executable)
    gadgets->call = find_instructions (memory, text, function, 32, INSTRUCTION_CALL, INSTRUCTION_RETURN);
  for (guint i = 0; i < memory->mappings->len; i++)
    {
      const RscMapping *mapping = &g_array_index (memory->mappings, RscMapping, i);

      if (strcmp (mapping->path, "[vdso]") == 0)
        gadgets->give_back = find_instructions (memory, mapping, mapping->start, mapping->end - mapping->start, INSTRUCTION_SIGRETURN,
                                                INSTRUCTION_CALL);
    }

  return gadgets->call != 0 && gadgets->give_back != 0;
}

/* As the kernel lays it out: struct rt_sigframe. */
typedef struct
{
  guint64 information[16];
  guint64 flags, link;
  guint64 stack_address;
  guint32 stack_flags, stack_padding;
  guint64 stack_size;
  guint64 signal_mask;
  guint64 unused[15];
  struct sigcontext machine __attribute__ ((aligned (16)));
} Frame;

G_STATIC_ASSERT (G_STRUCT_OFFSET (Frame, flags) == 128);
G_STATIC_ASSERT (G_STRUCT_OFFSET (Frame, machine) == 304);
G_STATIC_ASSERT (sizeof (struct fpsimd_context) == 528);

const gsize rsc_frame_mask_offset = G_STRUCT_OFFSET (Frame, signal_mask);
const gsize rsc_frame_return_size = 0;

/* No such flags exist: the alternative stack stays what it is. */
#define STACK_FLAGS_KEEP 0x7f

GBytes *
rsc_thread_state_make_frame (const RscThreadState *self, const RscGadgets *gadgets G_GNUC_UNUSED, guint64 top, guint64 *address)
{
  Frame *frame = g_new0 (Frame, 1);
  struct fpsimd_context *floating = (struct fpsimd_context *) frame->machine.__reserved;

  *address = (top - sizeof *frame) & ~UINT64_C (15);
  frame->stack_flags = STACK_FLAGS_KEEP;
  memcpy (frame->machine.regs, self->registers.regs, sizeof frame->machine.regs);
  frame->machine.sp = self->registers.sp;
  frame->machine.pc = self->registers.pc;
  frame->machine.pstate = self->registers.pstate;
  floating->head = (struct _aarch64_ctx) { FPSIMD_MAGIC, sizeof *floating };
  floating->fpsr = self->floating.fpsr;
  floating->fpcr = self->floating.fpcr;
  memcpy (floating->vregs, self->floating.vregs, sizeof floating->vregs);
  /* Behind it, nothing: zeros. */

  return g_bytes_new_take (frame, sizeof *frame);
}

gboolean
rsc_frame_get_pc (const RscGadgets *gadgets G_GNUC_UNUSED, const guint64 *words, gsize n_words, guint64 *pc, guint64 *mask)
{
  const Frame *frame = (const Frame *) words;
  struct _aarch64_ctx head;

  if (n_words < G_STRUCT_OFFSET (Frame, machine.__reserved) / sizeof *words + 1 || frame->flags != 0 || frame->link != 0
      || frame->stack_flags == STACK_FLAGS_KEEP)
    return FALSE;
  memcpy (&head, frame->machine.__reserved, sizeof head);
  *pc = frame->machine.pc;
  *mask = frame->signal_mask;

  return head.magic == FPSIMD_MAGIC && head.size == sizeof (struct fpsimd_context);
}

static struct user_pt_regs
prepare (const RscThreadState *self)
{
  struct user_pt_regs registers = self->registers;

  registers.pstate &= ~(guint64) (STATE_BRANCH | STATE_STEP);

  return registers;
}

gboolean
rsc_thread_end_call (pid_t tid, const RscThreadState *self)
{
  struct user_pt_regs registers = self->registers;

  registers.pc += sizeof (guint32);
  registers.regs[0] = (guint64) -EINTR;

  return put_registers (tid, &registers);
}

gboolean
rsc_thread_begin_call (pid_t tid, const RscThreadState *self, const RscGadgets *gadgets, guint64 frame, long number,
                       const guint64 arguments[6])
{
  struct user_pt_regs registers = prepare (self);

  registers.pc = gadgets->call;
  registers.sp = frame;
  registers.regs[REGISTER_LINK] = gadgets->give_back;
  registers.regs[REGISTER_CALL] = (guint64) number;
  memcpy (registers.regs, arguments, 6 * sizeof *arguments);

  return put_registers (tid, &registers);
}

gboolean
rsc_thread_is_in_call (pid_t tid, long number)
{
  struct __ptrace_syscall_info information;

  return ptrace (PTRACE_GET_SYSCALL_INFO, tid, sizeof information, &information) > 0
         && information.op == PTRACE_SYSCALL_INFO_ENTRY && information.entry.nr == (guint64) number;
}

gboolean
rsc_thread_get_result (pid_t tid, gint64 *result)
{
  struct user_pt_regs registers;

  if (!get_set (tid, NT_PRSTATUS, &registers, sizeof registers))
    return FALSE;
  *result = (gint64) registers.regs[0];

  return TRUE;
}

/* x19: the parameters.  errno is the program's; system calls are made directly, as the C library's functions
 * are places where a thread may be cancelled. */
__asm__ (".pushsection .rodata\n"
         ".balign 4\n"
         "rsc_stub_begin:\n"
         "  mov x19, x0\n"
         "  ldr x9, [x19]\n"           /* errno_location */
         "  blr x9\n"
         "  mov x20, x0\n"
         "  ldr w21, [x0]\n"
         "  ldr x0, [x19, #152]\n"    /* loader_lock */
         "  cbz x0, 0f\n"
         "  ldr x9, [x19, #160]\n"    /* trylock */
         "  blr x9\n"
         "  sxtw x0, w0\n"
         "  str x0, [x19, #144]\n"    /* busy */
         "  cbnz x0, 4f\n"
         "0:\n"
         "  ldr x22, [x19, #48]\n"     /* entry */
         "  cbnz x22, 1f\n"
         "  ldr x0, [x19, #32]\n"      /* library */
         "  mov w1, #2\n"              /* RTLD_NOW */
         "  ldr x9, [x19, #8]\n"       /* dlopen */
         "  blr x9\n"
         "  str x0, [x19, #112]\n"     /* handle */
         "  cbz x0, 2f\n"
         "  ldr x1, [x19, #40]\n"      /* symbol */
         "  ldr x9, [x19, #16]\n"      /* dlsym */
         "  blr x9\n"
         "  mov x22, x0\n"
         "  cbz x22, 2f\n"
         "1:\n"
         "  add x0, x19, #128\n"       /* ends */
         "  add x1, x19, #72\n"        /* room */
         "  blr x22\n"
         "  sxtw x0, w0\n"
         "  str x0, [x19, #136]\n"     /* result */
         "  b 3f\n"
         "2:\n"
         "  ldr x9, [x19, #24]\n"      /* dlerror */
         "  blr x9\n"
         "  str x0, [x19, #120]\n"     /* failure */
         "3:\n"
         "  ldr x0, [x19, #152]\n"
         "  cbz x0, 4f\n"
         "  ldr x9, [x19, #168]\n"    /* unlock */
         "  blr x9\n"
         "4:\n"
         "  ldr x0, [x19, #64]\n"      /* file */
         "  tbnz x0, #63, 5f\n"
         "  mov x8, #57\n"             /* close */
         "  svc #0\n"
         "5:\n"
         "  mov x9, #-1\n"            /* no handler is to be on this stack when it is taken away */
         "  stp x9, xzr, [sp, #-16]!\n"
         "  mov x8, #135\n"           /* rt_sigprocmask */
         "  mov x0, #2\n"             /* SIG_SETMASK */
         "  mov x1, sp\n"
         "  mov x2, #0\n"
         "  mov x3, #8\n"
         "  svc #0\n"
         "  str w21, [x20]\n"
         "  mov x9, #1\n"
         "  dmb ish\n"
         "  str x9, [x19, #104]\n"     /* room.done */
         "  mov x9, #0xc200\n"         /* RSC_STUB_WAIT_MS */
         "  movk x9, #0xbeb, lsl #16\n"
         "  stp xzr, x9, [sp, #-16]!\n"
         "  mov x8, #73\n"             /* ppoll */
         "  mov x0, #0\n"
         "  mov x1, #0\n"
         "  mov x2, sp\n"
         "  mov x3, #0\n"
         "  mov x4, #0\n"
         "  svc #0\n"
         "  ldr x9, [x19, #56]\n"      /* frame */
         "  mov sp, x9\n"
         "6:\n"
         "  mov x8, #139\n"            /* rt_sigreturn */
         "  svc #0\n"
         "  b 6b\n"
         "rsc_stub_end:\n"
         ".popsection\n");

extern const guint8 rsc_stub_begin[] __attribute__ ((visibility ("hidden")));
extern const guint8 rsc_stub_end[] __attribute__ ((visibility ("hidden")));

const guint8 *
rsc_stub_get (gsize *size)
{
  *size = (gsize) (rsc_stub_end - rsc_stub_begin);

  return rsc_stub_begin;
}

gboolean
rsc_thread_begin_stub (pid_t tid, const RscThreadState *self, guint64 stub, guint64 parameters, guint64 stack)
{
  struct user_pt_regs registers = prepare (self);

  registers.pc = stub;
  registers.sp = stack & ~UINT64_C (15);
  registers.regs[0] = parameters;

  return put_registers (tid, &registers);
}

gboolean
rsc_thread_skip_call (pid_t tid)
{
  return forget_call (tid);
}
