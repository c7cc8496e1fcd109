#include "config.h"

#include "rsc-thread-cost.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "rsc-process-fd.h"
#include "rsc-process-status.h"

/* A thread that runs is looked at so often, so many microseconds apart, before it is interrupted. */
#define N_LOOKS 40
#define LOOK_INTERVAL 250
/* One that writes more than this at once is in the middle of it for long; what Python's files write, they go on with themselves. */
#define MUCH_AT_ONCE (16 * 1024)
/* Of so many descriptors is asked where they are. */
#define MAX_FILES 4096
/* For so long, in microseconds, one that was seen in the middle of reading or writing is let be; each time for twice as long. */
#define QUIET_US 200000
#define MAX_TIMES 8

/* What the kernel begins again by itself when it was interrupted for nothing. */
static const long restarted_calls[] = {
  SYS_read, SYS_readv, SYS_ppoll, SYS_pselect6, SYS_nanosleep, SYS_clock_nanosleep, SYS_accept, SYS_accept4, SYS_wait4, SYS_waitid,
  SYS_rt_sigsuspend, SYS_restart_syscall,
#ifdef SYS_poll
  SYS_poll, SYS_select, SYS_pause,
#endif
};

/* What comes back with EINTR, as after a debugger or SIGSTOP: only where there is nothing else. */
static const long other_calls[] = {
  SYS_recvfrom, SYS_recvmsg, SYS_epoll_pwait, SYS_rt_sigtimedwait,
#ifdef SYS_epoll_wait
  SYS_epoll_wait,
#endif
};

/* What comes back with less than it would have. */
static const long counting_calls[] = {
  SYS_write, SYS_writev, SYS_pwrite64, SYS_pwritev, SYS_pwritev2, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_sendfile, SYS_splice,
  SYS_vmsplice, SYS_tee, SYS_copy_file_range, SYS_getrandom, SYS_recvmmsg,
};

/* What reads by a descriptor, its first argument. */
static const long reading_calls[] = { SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_accept, SYS_accept4 };

typedef struct
{
  gint64 again;       /* monotonic: not to be tried before */
  gboolean is_watched;
  gboolean is_left_out;
  guint n_times;      /* that it was put off */
} Looks;

struct _RscThreadLooks
{
  pid_t pid;
  GHashTable *threads; /* tid: Looks */
};

/* A system call as /proc shows it of a thread that waits in it. */
typedef struct
{
  long number;
  guint64 arguments[4];
} Call;

static gboolean
has_call (const long *calls, gsize n, long number)
{
  for (gsize i = 0; i < n; i++)
    if (calls[i] == number)
      return TRUE;

  return FALSE;
}

gboolean
rsc_system_call_is_restarted (long number, guint64 second)
{
  if (has_call (restarted_calls, G_N_ELEMENTS (restarted_calls), number))
    return TRUE;

  /* Conditions and semaphores.  A plain wait may be for malloc()'s lock. */
  return number == SYS_futex && (second & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

gboolean
rsc_system_call_is_safe (long number, guint64 second)
{
  return rsc_system_call_is_restarted (number, second) || has_call (other_calls, G_N_ELEMENTS (other_calls), number);
}

/* FALSE: it runs, and no numbers are told. */
static gboolean
read_call (pid_t tid, Call *call)
{
  g_autofree char *text = rsc_process_read_call (tid);

  return text != NULL
         && sscanf (text, "%ld %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x", &call->number,
                    &call->arguments[0], &call->arguments[1], &call->arguments[2], &call->arguments[3]) == 5;
}

/* The program's descriptor @fd as one of ours, if it is of a kind of which more is to be known; -1: it is not.
 * *is_unknown: it is, but cannot be had. */
static int
borrow (pid_t pid, int fd, gboolean *is_unknown)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", (int) pid, fd);
  g_autofree char *target = g_file_read_link (path, NULL);
  int ours;

  *is_unknown = FALSE;
  if (target == NULL
      || !(g_str_has_prefix (target, "socket:") || g_str_has_prefix (target, "/dev/pts/") || g_str_has_prefix (target, "/dev/tty")))
    return -1;
  ours = rsc_process_copy_fd (pid, fd);
  *is_unknown = ours < 0;

  return ours;
}

/* What else a call that reads depends on: it returns with less if it was to wait for a number of bytes, and with EINTR where it
 * waits for a time only. */
static RscThreadCost
get_reading_cost (pid_t pid, const Call *call)
{
  RscThreadCost cost = RSC_THREAD_COST_NOTHING;
  struct timeval timeout = { 0 };
  struct termios terminal;
  gboolean is_unknown;
  socklen_t size;
  int least = 1;
  int fd;

  if ((call->number == SYS_recvfrom && (call->arguments[3] & MSG_WAITALL) != 0)
      || (call->number == SYS_recvmsg && (call->arguments[2] & MSG_WAITALL) != 0))
    return RSC_THREAD_COST_TOO_MUCH;
  fd = borrow (pid, (int) call->arguments[0], &is_unknown);
  if (fd < 0)
    return is_unknown ? RSC_THREAD_COST_ERROR : RSC_THREAD_COST_NOTHING;

  size = sizeof timeout;
  if (getsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size) == 0 && (timeout.tv_sec != 0 || timeout.tv_usec != 0))
    cost = RSC_THREAD_COST_ERROR;
  size = sizeof least;
  if (call->number != SYS_accept && call->number != SYS_accept4
      && ((getsockopt (fd, SOL_SOCKET, SO_RCVLOWAT, &least, &size) == 0 && least > 1)
          || (tcgetattr (fd, &terminal) == 0 && (terminal.c_lflag & ICANON) == 0 && terminal.c_cc[VMIN] > 1)))
    cost = RSC_THREAD_COST_TOO_MUCH;
  close (fd);

  return cost;
}

static Looks *
get_looks (RscThreadLooks *self, pid_t tid)
{
  Looks *looks = g_hash_table_lookup (self->threads, GINT_TO_POINTER (tid));

  if (looks == NULL)
    {
      looks = g_new0 (Looks, 1);
      g_hash_table_insert (self->threads, GINT_TO_POINTER (tid), looks);
    }

  return looks;
}

RscThreadLooks *
rsc_thread_looks_new (pid_t pid)
{
  RscThreadLooks *self = g_new (RscThreadLooks, 1);

  *self = (RscThreadLooks) { pid, g_hash_table_new_full (NULL, NULL, NULL, g_free) };

  return self;
}

void
rsc_thread_looks_free (RscThreadLooks *self)
{
  g_hash_table_unref (self->threads);
  g_free (self);
}

static void
put_off (Looks *looks)
{
  gint64 now = g_get_monotonic_time ();

  looks->is_watched = FALSE;
  if (now < looks->again)
    return;
  looks->again = now + ((gint64) QUIET_US << MIN (looks->n_times, MAX_TIMES));
  looks->n_times++;
}

static RscThreadCost
get_call_cost (RscThreadLooks *self, pid_t tid, const Call *call)
{
  guint64 second = call->arguments[1];
  RscThreadCost cost;

  if (has_call (counting_calls, G_N_ELEMENTS (counting_calls), call->number))
    cost = RSC_THREAD_COST_TOO_MUCH;
  else if (has_call (reading_calls, G_N_ELEMENTS (reading_calls), call->number))
    cost = get_reading_cost (self->pid, call);
  else
    cost = RSC_THREAD_COST_NOTHING;
  if (cost == RSC_THREAD_COST_TOO_MUCH)
    put_off (get_looks (self, tid));

  if (!rsc_system_call_is_safe (call->number, second))
    cost = RSC_THREAD_COST_TOO_MUCH;
  else if (!rsc_system_call_is_restarted (call->number, second))
    cost = MAX (cost, RSC_THREAD_COST_ERROR);

  return cost;
}

RscThreadCost
rsc_thread_looks_get_cost (RscThreadLooks *self, pid_t tid)
{
  const Looks *looks = g_hash_table_lookup (self->threads, GINT_TO_POINTER (tid));
  gboolean is_main = tid == self->pid;
  RscThreadCost cost;
  Call call;

  if (!read_call (tid, &call))
    {
      if (looks != NULL && g_get_monotonic_time () < looks->again)
        return RSC_THREAD_COST_TOO_MUCH;
      return is_main ? RSC_THREAD_COST_MAIN_TIME : RSC_THREAD_COST_TIME;
    }
  if (looks != NULL && looks->is_left_out)
    return RSC_THREAD_COST_TOO_MUCH;
  cost = get_call_cost (self, tid, &call);
  /* The call of one that is stopped is interrupted already; that it is stopped is to be told. */
  if (cost == RSC_THREAD_COST_TOO_MUCH && rsc_process_get_state (tid) == 'T')
    return RSC_THREAD_COST_ERROR;

  return cost == RSC_THREAD_COST_NOTHING && is_main ? RSC_THREAD_COST_SIGNAL : cost;
}

/* Whether the program has what may have no room for all that is written to it; files have. */
static gboolean
has_pipes (pid_t pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr(GDir) numbers = g_dir_open (folder, 0, NULL);
  const char *name;

  while (numbers != NULL && (name = g_dir_read_name (numbers)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat status;

      if (stat (path, &status) == 0 && (S_ISFIFO (status.st_mode) || S_ISSOCK (status.st_mode)))
        return TRUE;
    }

  return numbers == NULL;
}

/* Where the program is in the files that it may write to, all together. */
static gint64
sum_positions (pid_t pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr(GDir) numbers = g_dir_open (folder, 0, NULL);
  gint64 sum = 0;
  const char *name;

  for (guint i = 0; numbers != NULL && i < MAX_FILES && (name = g_dir_read_name (numbers)) != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *about = g_strdup_printf ("/proc/%d/fdinfo/%s", (int) pid, name);
      g_autofree char *text = NULL;
      const char *position, *flags;
      struct stat status;

      if (stat (path, &status) == 0 && S_ISREG (status.st_mode) && g_file_get_contents (about, &text, NULL, NULL)
          && (position = rsc_process_status_find (text, "pos")) != NULL && (flags = rsc_process_status_find (text, "flags")) != NULL
          && (g_ascii_strtoull (flags, NULL, 8) & O_ACCMODE) != O_RDONLY)
        sum += g_ascii_strtoll (position, NULL, 10);
    }

  return sum;
}

/* Whether what the thread writes goes to files: these have room for it, and are not interrupted. */
static gboolean
writes_files (pid_t pid, pid_t tid)
{
  guint64 bytes, calls, written;
  gint64 position;

  if (!has_pipes (pid))
    return TRUE;
  position = sum_positions (pid);
  if (!rsc_process_read_written (tid, &bytes, &calls))
    return FALSE;
  g_usleep (N_LOOKS * LOOK_INTERVAL);
  if (!rsc_process_read_written (tid, &written, &calls))
    return FALSE;

  return sum_positions (pid) - position >= (gint64) (written - bytes);
}

gboolean
rsc_thread_looks_watch (RscThreadLooks *self, pid_t tid)
{
  Looks *looks = get_looks (self, tid);
  guint64 bytes_before, calls_before, bytes, calls;
  gboolean is_counted;
  Call call;

  if (looks->is_watched)
    return TRUE;
  is_counted = rsc_process_read_written (tid, &bytes_before, &calls_before);
  for (guint i = 0; i < N_LOOKS; i++)
    {
      if (read_call (tid, &call))
        get_call_cost (self, tid, &call);
      if (g_get_monotonic_time () < looks->again)
        return FALSE;
      g_usleep (LOOK_INTERVAL);
    }
  if (is_counted && rsc_process_read_written (tid, &bytes, &calls)
      && bytes - bytes_before > MUCH_AT_ONCE * MAX (calls - calls_before, 1) && !writes_files (self->pid, tid))
    {
      put_off (looks);
      return FALSE;
    }
  looks->is_watched = TRUE;

  return TRUE;
}

void
rsc_thread_looks_add_hit (RscThreadLooks *self, pid_t tid, long number)
{
  if (has_call (counting_calls, G_N_ELEMENTS (counting_calls), number))
    put_off (get_looks (self, tid));
}

void
rsc_thread_looks_leave_out (RscThreadLooks *self, pid_t tid)
{
  get_looks (self, tid)->is_left_out = TRUE;
}
