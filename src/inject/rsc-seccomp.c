#include "config.h"

#include "rsc-seccomp.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "rsc-process-status.h"

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

#if defined (__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined (__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

#define MAX_FILTERS 64
#define MAX_INSTRUCTIONS 4096

/* What the injector, the loader, a new thread and the agent do.  That some of it fails is said; that the
 * process is ended for it must not be. */
static const int calls[] = {
  SYS_mmap, SYS_munmap, SYS_mprotect, SYS_memfd_create, SYS_socketpair, SYS_close, SYS_rt_sigreturn, SYS_openat, SYS_read, SYS_newfstatat,
  SYS_fstat, SYS_pread64, SYS_clone, SYS_rt_sigprocmask, SYS_eventfd2, SYS_fcntl, SYS_setsockopt, SYS_sendmsg, SYS_recvmsg, SYS_ppoll,
  SYS_futex, SYS_set_robust_list, SYS_gettid, SYS_write, SYS_exit, SYS_madvise, SYS_prctl, SYS_getrlimit, SYS_prlimit64, SYS_wait4,
  SYS_getpid, SYS_kill, SYS_readlinkat, SYS_getdents64, SYS_lseek, SYS_clock_gettime,
  SYS_rt_sigaction,
#ifdef SYS_poll
  SYS_poll, SYS_readlink,
#endif
#ifdef SYS_clone3
  SYS_clone3,
#endif
#ifdef SYS_close_range
  SYS_close_range,
#endif
#ifdef SYS_rseq
  SYS_rseq,
#endif
};

/* What the child that captures does besides, if it is a real-time program's. */
static const int real_time_calls[] = { SYS_sched_setscheduler };

guint32
rsc_seccomp_run (const struct sock_filter *filter, gsize n, guint32 number)
{
  struct seccomp_data data = { .nr = (int) number, .arch = ARCHITECTURE };
  guint32 memory[BPF_MEMWORDS] = { 0 };
  guint32 a = 0, x = 0;

  /* Jumps lead forward only: this ends. */
  for (gsize at = 0; at < n; at++)
    {
      const struct sock_filter *i = &filter[at];
      guint32 operand = BPF_SRC (i->code) == BPF_X ? x : i->k;
      gboolean holds;

      switch (BPF_CLASS (i->code))
        {
        case BPF_LD:
          if (BPF_MODE (i->code) == BPF_ABS && i->k <= sizeof data - sizeof a)
            memcpy (&a, (const char *) &data + i->k, sizeof a);
          else if (BPF_MODE (i->code) == BPF_IMM)
            a = i->k;
          else if (BPF_MODE (i->code) == BPF_LEN)
            a = sizeof data;
          else if (BPF_MODE (i->code) == BPF_MEM && i->k < BPF_MEMWORDS)
            a = memory[i->k];
          else
            return SECCOMP_RET_KILL_PROCESS;
          break;
        case BPF_LDX:
          if (BPF_MODE (i->code) == BPF_IMM)
            x = i->k;
          else if (BPF_MODE (i->code) == BPF_LEN)
            x = sizeof data;
          else if (BPF_MODE (i->code) == BPF_MEM && i->k < BPF_MEMWORDS)
            x = memory[i->k];
          else
            return SECCOMP_RET_KILL_PROCESS;
          break;
        case BPF_ST:
        case BPF_STX:
          if (i->k >= BPF_MEMWORDS)
            return SECCOMP_RET_KILL_PROCESS;
          memory[i->k] = BPF_CLASS (i->code) == BPF_ST ? a : x;
          break;
        case BPF_ALU:
          switch (BPF_OP (i->code))
            {
            case BPF_ADD: a += operand; break;
            case BPF_SUB: a -= operand; break;
            case BPF_MUL: a *= operand; break;
            case BPF_DIV: a = operand != 0 ? a / operand : 0; break;
            case BPF_OR: a |= operand; break;
            case BPF_AND: a &= operand; break;
            case BPF_XOR: a ^= operand; break;
            case BPF_LSH: a = operand < 32 ? a << operand : 0; break;
            case BPF_RSH: a = operand < 32 ? a >> operand : 0; break;
            case BPF_NEG: a = -a; break;
            default: return SECCOMP_RET_KILL_PROCESS;
            }
          break;
        case BPF_JMP:
          if (BPF_OP (i->code) == BPF_JA)
            {
              at += i->k;
              break;
            }
          switch (BPF_OP (i->code))
            {
            case BPF_JEQ: holds = a == operand; break;
            case BPF_JGT: holds = a > operand; break;
            case BPF_JGE: holds = a >= operand; break;
            case BPF_JSET: holds = (a & operand) != 0; break;
            default: return SECCOMP_RET_KILL_PROCESS;
            }
          at += holds ? i->jt : i->jf;
          break;
        case BPF_RET:
          return BPF_RVAL (i->code) == BPF_A ? a : i->k;
        case BPF_MISC:
          if (BPF_MISCOP (i->code) == BPF_TAX)
            x = a;
          else
            a = x;
          break;
        default:
          return SECCOMP_RET_KILL_PROCESS;
        }
    }

  return SECCOMP_RET_KILL_PROCESS;
}

static gboolean
is_harmless (const struct sock_filter *filter, gsize n, const int *numbers, gsize n_numbers)
{
  for (gsize i = 0; i < n_numbers; i++)
    switch (rsc_seccomp_run (filter, n, (guint32) numbers[i]) & SECCOMP_RET_ACTION_FULL)
      {
      case SECCOMP_RET_ALLOW:
      case SECCOMP_RET_LOG:
      case SECCOMP_RET_ERRNO:
        break;
      default:
        return FALSE;
      }

  return TRUE;
}

/* -1: not known.  Kernels that know no filters have no such line. */
static int
read_mode (pid_t tid)
{
  g_autofree char *status = rsc_process_status_read (tid);
  const char *field = rsc_process_status_find (status, "Seccomp");

  return field != NULL ? atoi (field) : status != NULL ? SECCOMP_MODE_DISABLED : -1;
}

gboolean
rsc_seccomp_check (pid_t pid, pid_t tid, GError **error)
{
  g_autofree struct sock_filter *filter = NULL;
  int mode = read_mode (tid);
  gboolean harmless = mode == SECCOMP_MODE_DISABLED, is_unknown = FALSE;

  if (mode == SECCOMP_MODE_FILTER)
    {
      gboolean is_real_time = rsc_process_is_real_time (tid);

      harmless = TRUE;
      filter = g_new (struct sock_filter, MAX_INSTRUCTIONS);
      for (guintptr i = 0; harmless && i < MAX_FILTERS; i++)
        {
          long n = ptrace (PTRACE_SECCOMP_GET_FILTER, tid, (void *) i, NULL);

          if (n < 0 && errno == ENOENT)
            break; /* that was the last */
          if (n < 0)
            {
              /* Only the system's administrator may read them.  In the same container, they are ours as well. */
              harmless = read_mode (getpid ()) == SECCOMP_MODE_FILTER;
              is_unknown = !harmless;
              break;
            }
          harmless = n <= MAX_INSTRUCTIONS && ptrace (PTRACE_SECCOMP_GET_FILTER, tid, (void *) i, filter) == n
                     && is_harmless (filter, (gsize) n, calls, G_N_ELEMENTS (calls))
                     && (!is_real_time || is_harmless (filter, (gsize) n, real_time_calls, G_N_ELEMENTS (real_time_calls)));
        }
    }
  if (is_unknown)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                 _("Process %d has a filter of system calls (seccomp), which only the system's administrator may read: it was left alone. Run "
                   "Refscope as root (sudo), outside of containers, or launch the program with Refscope."),
                 (int) pid);
  else if (!harmless)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                 _("Process %d has a filter of system calls (seccomp) that may end it for what attaching needs: it was left alone. Launch the "
                   "program with Refscope."),
                 (int) pid);

  return harmless;
}
