#include "rsc-inject-arch.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "rsc-process-symbols.h"

/* Below the stack pointer, functions may use so much without saying so. */
#define RED_ZONE 128
#define MAX_XSTATE (64 * 1024)
#define PAGE 4096

/* Errors that the kernel gives to itself only: the call is to be made again, as it was,
 * or (the last) with the time that is left. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400

struct _RscThreadState
{
  struct user_regs_struct registers;
  guint8 *xstate; /* floating point and vectors, as XSAVE has it */
  gsize xstate_size;
};

RscThreadState *
rsc_thread_state_read (pid_t tid)
{
  g_autoptr(RscThreadState) self = g_new0 (RscThreadState, 1);
  struct iovec vector = { g_malloc (MAX_XSTATE), MAX_XSTATE };

  self->xstate = vector.iov_base;
  if (ptrace (PTRACE_GETREGS, tid, NULL, &self->registers) != 0
      || ptrace (PTRACE_GETREGSET, tid, NT_X86_XSTATE, &vector) != 0)
    return NULL;
  self->xstate_size = vector.iov_len;

  return g_steal_pointer (&self);
}

void
rsc_thread_state_free (RscThreadState *self)
{
  if (self == NULL)
    return;
  g_free (self->xstate);
  g_free (self);
}

gboolean
rsc_thread_state_write (pid_t tid, const RscThreadState *self)
{
  struct iovec vector = { self->xstate, self->xstate_size };

  return ptrace (PTRACE_SETREGSET, tid, NT_X86_XSTATE, &vector) == 0
         && ptrace (PTRACE_SETREGS, tid, NULL, &self->registers) == 0;
}

guint64
rsc_thread_state_get_pc (const RscThreadState *self)
{
  return self->registers.rip;
}

guint64
rsc_thread_state_get_sp (const RscThreadState *self)
{
  return self->registers.rsp;
}

guint64
rsc_thread_state_get_tls (const RscThreadState *self)
{
  return self->registers.fs_base;
}

gboolean
rsc_thread_state_get_call (const RscThreadState *self, long *number, guint64 *second)
{
  if ((long) self->registers.orig_rax < 0)
    return FALSE;
  *number = (long) self->registers.orig_rax;
  *second = self->registers.rsi;

  return TRUE;
}

gboolean
rsc_thread_state_is_whole (const RscThreadState *self)
{
  return self->registers.rax == self->registers.rdx;
}

gboolean
rsc_gadgets_find (RscProcessMemory *memory, guint64 libc, RscGadgets *gadgets)
{
  /* syscall; ret */
  static const guint8 call[] = { 0x0f, 0x05, 0xc3 };
  /* mov $15, %rax; syscall */
  static const guint8 give_back[] = { 0x48, 0xc7, 0xc0, SYS_rt_sigreturn, 0, 0, 0, 0x0f, 0x05 };
  guint64 function = rsc_process_symbols_find (memory, libc, "getuid");
  const RscMapping *text = function != 0 ? rsc_process_memory_find (memory, function) : NULL;
  g_autofree guint8 *bytes = NULL;
  const guint8 *at;
  gsize size;

  if (text == NULL || !text->executable || text->end - text->start > 64 * 1024 * 1024)
    return FALSE;
  size = text->end - text->start;
  bytes = g_malloc (size);
  if (!rsc_process_memory_read (memory, text->start, bytes, size))
    return FALSE;
  at = memmem (bytes + (function - text->start), MIN (32, text->end - function), call, sizeof call);
  if (at == NULL)
    return FALSE;
  gadgets->call = text->start + (guint64) (at - bytes);
  at = memmem (bytes, size, give_back, sizeof give_back);
  if (at == NULL)
    return FALSE;
  gadgets->give_back = text->start + (guint64) (at - bytes);

  return TRUE;
}

/* As the kernel lays it out: struct rt_sigframe, without what rt_sigreturn does not read. */
typedef struct
{
  guint64 return_address;
  guint64 flags, link;
  guint64 stack_address;
  guint32 stack_flags, stack_padding;
  guint64 stack_size;
  guint64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  guint16 cs, gs, fs, ss;
  guint64 error, trap, old_mask, fault_address;
  guint64 floating;
  guint64 reserved[8];
  guint64 signal_mask;
} Frame;

const gsize rsc_frame_mask_offset = G_STRUCT_OFFSET (Frame, signal_mask);
const gsize rsc_frame_return_size = sizeof (guint64);

#define FLAG_XSTATE 1
#define FLAG_SS 2
#define FLAG_STRICT_SS 4
/* No such flags exist: the alternative stack stays what it is. */
#define STACK_FLAGS_KEEP 0x7f

/* At this place of the state, the kernel wants to be told what is there. */
#define SOFTWARE_OFFSET 464
#define SOFTWARE_MAGIC_1 0x46505853u
#define SOFTWARE_MAGIC_2 0x46505845u
#define XSTATE_HEADER 512
/* Tiles, which a thread must have asked for: without, its state ends before them. */
#define FEATURE_TILES (UINT64_C (1) << 18)

typedef struct
{
  guint32 magic;
  guint32 extended_size;
  guint64 features;
  guint32 size;
  guint32 padding[7];
} Software;

static gsize
get_xstate_size (const RscThreadState *self, guint64 *features)
{
  guint64 used;
  gsize size = XSTATE_HEADER + 64;

  memcpy (features, self->xstate + SOFTWARE_OFFSET, sizeof *features);
  memcpy (&used, self->xstate + XSTATE_HEADER, sizeof used);
  if ((used & FEATURE_TILES) == 0)
    *features &= ~FEATURE_TILES;
  for (guint i = 2; i < 63; i++)
    {
      guint32 length, offset, c, d;

      if ((*features >> i & 1) != 0 && __get_cpuid_count (0xd, i, &length, &offset, &c, &d) != 0)
        size = MAX (size, (gsize) offset + length);
    }

  return MIN (size, self->xstate_size);
}

GBytes *
rsc_thread_state_make_frame (const RscThreadState *self, const RscGadgets *gadgets, guint64 top, guint64 *address)
{
  const struct user_regs_struct *r = &self->registers;
  guint32 magic = SOFTWARE_MAGIC_2;
  guint64 features, floating;
  gsize xstate_size = get_xstate_size (self, &features);
  Software software = { SOFTWARE_MAGIC_1, (guint32) (xstate_size + sizeof magic), features, (guint32) xstate_size, { 0 } };
  Frame frame;
  guint8 *bytes;
  gsize size;

  floating = (top - RED_ZONE - xstate_size - sizeof magic) & ~UINT64_C (63);
  /* As a call leaves it: a multiple of 16, less the return address. */
  *address = ((floating - sizeof frame) & ~UINT64_C (15)) - 8;
  size = (gsize) (floating - *address) + xstate_size + sizeof magic;
  frame = (Frame) {
    .return_address = gadgets->give_back,
    .flags = FLAG_XSTATE | FLAG_SS | FLAG_STRICT_SS,
    .stack_flags = STACK_FLAGS_KEEP,
    .r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
    .rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rax = r->rax, .rcx = r->rcx,
    .rsp = r->rsp, .rip = r->rip, .eflags = r->eflags,
    .cs = (guint16) r->cs, .ss = (guint16) r->ss,
    .floating = floating,
  };
  if ((long) r->orig_rax >= 0)
    switch (-(long) r->rax)
      {
      case ERESTARTSYS:
      case ERESTARTNOINTR:
      case ERESTARTNOHAND:
        frame.rax = r->orig_rax;
        frame.rip -= 2; /* syscall */
        break;
      case ERESTART_RESTARTBLOCK:
        /* What is left of its time only the kernel knew: as after a handler that came between. */
        frame.rax = (guint64) -EINTR;
        break;
      default:
        break;
      }

  bytes = g_malloc0 (size);
  memcpy (bytes, &frame, sizeof frame);
  memcpy (bytes + (floating - *address), self->xstate, xstate_size);
  memcpy (bytes + (floating - *address) + SOFTWARE_OFFSET, &software, sizeof software);
  memcpy (bytes + (floating - *address) + xstate_size, &magic, sizeof magic);

  return g_bytes_new_take (bytes, size);
}

gboolean
rsc_frame_get_pc (const RscGadgets *gadgets, const guint64 *words, gsize n_words, guint64 *pc, guint64 *mask)
{
  Frame frame;

  if (n_words < sizeof frame / sizeof *words || words[0] != gadgets->give_back)
    return FALSE;
  memcpy (&frame, words, sizeof frame);
  *pc = frame.rip;
  *mask = frame.signal_mask;

  /* Ours may have been left, by a Refscope that had no time to take it away. */
  return frame.stack_flags != STACK_FLAGS_KEEP && frame.flags <= (FLAG_XSTATE | FLAG_SS | FLAG_STRICT_SS) && frame.link == 0;
}

gboolean
rsc_thread_end_call (pid_t tid, const RscThreadState *self)
{
  struct user_regs_struct registers = self->registers;

  registers.rax = (guint64) -EINTR;
  registers.orig_rax = (guint64) -1;

  return ptrace (PTRACE_SETREGS, tid, NULL, &registers) == 0;
}

gboolean
rsc_thread_begin_call (pid_t tid, const RscThreadState *self, const RscGadgets *gadgets, guint64 frame, long number,
                       const guint64 arguments[6])
{
  struct user_regs_struct registers = self->registers;

  registers.rip = gadgets->call;
  registers.rsp = frame;
  registers.rax = (guint64) number;
  registers.orig_rax = (guint64) -1;
  registers.rdi = arguments[0];
  registers.rsi = arguments[1];
  registers.rdx = arguments[2];
  registers.r10 = arguments[3];
  registers.r8 = arguments[4];
  registers.r9 = arguments[5];
  registers.eflags &= ~(guint64) (FLAG_TRAP | FLAG_DIRECTION);

  return ptrace (PTRACE_SETREGS, tid, NULL, &registers) == 0;
}

gboolean
rsc_thread_is_in_call (pid_t tid, long number)
{
  struct user_regs_struct registers;

  return ptrace (PTRACE_GETREGS, tid, NULL, &registers) == 0 && (long) registers.orig_rax == number
         && (long) registers.rax == -ENOSYS;
}

gboolean
rsc_thread_get_result (pid_t tid, gint64 *result)
{
  struct user_regs_struct registers;

  if (ptrace (PTRACE_GETREGS, tid, NULL, &registers) != 0)
    return FALSE;
  *result = (gint64) registers.rax;

  return TRUE;
}

/* %rbx: the parameters.  errno is the program's; system calls are made directly, as the C library's functions
 * are places where a thread may be cancelled. */
__asm__ (".pushsection .rodata\n"
         "rsc_stub_begin:\n"
         "  mov %rdi, %rbx\n"
         "  call *0(%rbx)\n"           /* errno_location */
         "  mov %rax, %r12\n"
         "  mov (%rax), %r13d\n"
         "  mov 152(%rbx), %rdi\n"     /* loader_lock */
         "  test %rdi, %rdi\n"
         "  jz 0f\n"
         "  call *160(%rbx)\n"         /* trylock */
         "  cltq\n"
         "  mov %rax, 144(%rbx)\n"     /* busy */
         "  test %rax, %rax\n"
         "  jnz 4f\n"
         "0:\n"
         "  mov 48(%rbx), %r14\n"      /* entry */
         "  test %r14, %r14\n"
         "  jnz 1f\n"
         "  mov 32(%rbx), %rdi\n"      /* library */
         "  mov $2, %esi\n"            /* RTLD_NOW */
         "  call *8(%rbx)\n"           /* dlopen */
         "  mov %rax, 112(%rbx)\n"     /* handle */
         "  test %rax, %rax\n"
         "  jz 2f\n"
         "  mov %rax, %rdi\n"
         "  mov 40(%rbx), %rsi\n"      /* symbol */
         "  call *16(%rbx)\n"          /* dlsym */
         "  mov %rax, %r14\n"
         "  test %r14, %r14\n"
         "  jz 2f\n"
         "1:\n"
         "  lea 128(%rbx), %rdi\n"     /* ends */
         "  lea 72(%rbx), %rsi\n"      /* room */
         "  call *%r14\n"
         "  cltq\n"
         "  mov %rax, 136(%rbx)\n"     /* result */
         "  jmp 3f\n"
         "2:\n"
         "  call *24(%rbx)\n"          /* dlerror */
         "  mov %rax, 120(%rbx)\n"     /* failure */
         "3:\n"
         "  mov 152(%rbx), %rdi\n"
         "  test %rdi, %rdi\n"
         "  jz 4f\n"
         "  call *168(%rbx)\n"         /* unlock */
         "4:\n"
         "  mov 64(%rbx), %rdi\n"      /* file */
         "  test %rdi, %rdi\n"
         "  js 5f\n"
         "  mov $3, %eax\n"
         "  syscall\n"
         "5:\n"
         "  push $-1\n"               /* no handler is to be on this stack when it is taken away */
         "  mov $14, %eax\n"           /* rt_sigprocmask */
         "  mov $2, %edi\n"            /* SIG_SETMASK */
         "  mov %rsp, %rsi\n"
         "  xor %edx, %edx\n"
         "  mov $8, %r10d\n"
         "  syscall\n"
         "  mov %r13d, (%r12)\n"
         "  movq $1, 104(%rbx)\n"      /* room.done */
         "  push $200000000\n"         /* RSC_STUB_WAIT_MS; by a call that leaves no state of its own when it is interrupted */
         "  push $0\n"
         "  mov $271, %eax\n"          /* ppoll */
         "  xor %edi, %edi\n"
         "  xor %esi, %esi\n"
         "  mov %rsp, %rdx\n"
         "  xor %r10d, %r10d\n"
         "  syscall\n"
         "  mov 56(%rbx), %rsp\n"      /* frame */
         "6:\n"
         "  mov $15, %eax\n"           /* rt_sigreturn */
         "  syscall\n"
         "  jmp 6b\n"
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
  struct user_regs_struct registers = self->registers;

  registers.rip = stub;
  registers.rsp = stack & ~UINT64_C (15);
  registers.rdi = parameters;
  registers.rax = 0;
  registers.orig_rax = (guint64) -1;
  registers.eflags &= ~(guint64) (FLAG_TRAP | FLAG_DIRECTION);

  return ptrace (PTRACE_SETREGS, tid, NULL, &registers) == 0;
}

gboolean
rsc_thread_skip_call (pid_t tid)
{
  struct user_regs_struct registers;

  if (ptrace (PTRACE_GETREGS, tid, NULL, &registers) != 0)
    return FALSE;
  registers.orig_rax = (guint64) -1;

  return ptrace (PTRACE_SETREGS, tid, NULL, &registers) == 0;
}
