/* The preload stub: what brings the agent into a program that Refscope launches.
 *
 * LD_PRELOAD names it by way of a private folder, which also has the control
 * socket and links to the agent and to the Python package: so that one
 * variable, which the loader itself drops for set-user-ID programs, is all that
 * is added to the environment.
 *
 * It refers to no symbol of Python.  In a program without Python (env, a
 * shell, a shim) it does nothing, so that the variable reaches whatever that
 * executes.  In CPython it puts the environment back before main() runs, and
 * asks for something that may be asked for before the interpreter exists and
 * that no Python code sees: an audit hook.  It tells when the program proper is
 * about to begin, when the program imports the package, and when an exception is about
 * to end it.
 *
 * A program of another kind that embeds Python has no such beginning: there it is the
 * first code that it runs itself, under no Python function.
 *
 * It also stands in for the C library's _exit(), which nothing tells of, and for
 * execv() and execve(), so that it goes along where the program becomes another Python, and
 * fexecve(), so that it tells when that has failed: in every process that has the stub, where
 * all that is added is a look at a pointer. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "rsc-agent.h"
#include "wire/rsc-wire-message.h"
#include "wire/rsc-wire-sentence.h"

typedef int (*AuditHook) (const char *event, void *args, void *data);

static struct
{
  char folder[PATH_MAX];
  char own[PATH_MAX + sizeof "/" RSC_WIRE_PRELOAD_LINK]; /* as LD_PRELOAD had it */
  bool loaded; /* it was tried; agent functions are NULL if that failed */
  RscAgentBeginFunc begin;
  RscAgentAuditFunc audit;
  RscAgentLeaveFunc leave;
  RscAgentFollowsFunc follows;
  RscAgentStayFunc stay;
  /* those that the program would have called */
  void (*next_exit) (int status);
  int (*next_execve) (const char *path, char *const arguments[], char *const variables[]);
  int (*next_fexecve) (int fd, char *const arguments[], char *const variables[]);
  int (*is_initialized) (void);
  void *(*get_globals) (void);
  void *(*get_interpreter) (void);
  void *(*get_main_interpreter) (void);
} stub;

RSC_AGENT_EXPORT void _exit (int status);
RSC_AGENT_EXPORT int  execv (const char *path, char *const arguments[]);
RSC_AGENT_EXPORT int  execve (const char *path, char *const arguments[], char *const variables[]);
RSC_AGENT_EXPORT int  fexecve (int fd, char *const arguments[], char *const variables[]);

void
_exit (int status)
{
  if (stub.leave != NULL)
    stub.leave ();
  if (stub.next_exit != NULL)
    stub.next_exit (status);
  for (;;)
    syscall (SYS_exit_group, status);
}

static int
execute (const char *path, char *const arguments[], char *const variables[])
{
  if (stub.next_execve != NULL)
    return stub.next_execve (path, arguments, variables);

  return (int) syscall (SYS_execve, path, arguments, variables);
}

/* As execute(), with this object in LD_PRELOAD, before what is there.  Comes back if that fails. */
static void
execute_followed (const char *path, char *const arguments[], char *const variables[])
{
  static const char name[] = "LD_PRELOAD=";
  const char *rest = NULL;
  char **copy, *value, *end;
  size_t n = 0, n_copied = 0, size;
  void *memory;

  for (; variables[n] != NULL; n++)
    if (rest == NULL && strncmp (variables[n], name, sizeof name - 1) == 0)
      rest = variables[n] + sizeof name - 1;

  /* Not from malloc(): a handler of a signal may execute a program. */
  size = (n + 2) * sizeof copy[0] + sizeof name + strlen (stub.own) + (rest != NULL ? strlen (rest) + 1 : 0);
  memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return;
  copy = memory;
  value = memory;
  value += (n + 2) * sizeof copy[0];
  end = stpcpy (stpcpy (value, name), stub.own);
  if (rest != NULL)
    stpcpy (stpcpy (end, ":"), rest);
  for (size_t i = 0; i < n; i++)
    if (strncmp (variables[i], name, sizeof name - 1) != 0)
      copy[n_copied++] = variables[i];
  copy[n_copied++] = value;
  copy[n_copied] = NULL;

  execute (path, arguments, copy);
  munmap (memory, size);
}

int
execve (const char *path, char *const arguments[], char *const variables[])
{
  int result;

  if (stub.follows != NULL && variables != NULL && stub.follows (path))
    execute_followed (path, arguments, variables);

  /* Also where the other was too large an environment, or failed: then this fails alike. */
  result = execute (path, arguments, variables);
  if (stub.stay != NULL)
    stub.stay ();

  return result;
}

int
execv (const char *path, char *const arguments[])
{
  return execve (path, arguments, environ);
}

int
fexecve (int fd, char *const arguments[], char *const variables[])
{
  int result;

  if (stub.next_fexecve != NULL)
    result = stub.next_fexecve (fd, arguments, variables);
  else
    result = (int) syscall (SYS_execveat, fd, "", arguments, variables, AT_EMPTY_PATH);
  if (stub.stay != NULL)
    stub.stay ();

  return result;
}

/* Says why this interpreter cannot be captured.  Nobody may be listening any
 * more; the program does not care. */
static void
refuse (RscSentence sentence, const char *parameter)
{
  char reason[RSC_WIRE_SENTENCE_SIZE];
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval limit = { .tv_sec = 2 };
  static RscWireMessage message;
  int fd;

  if (snprintf (address.sun_path, sizeof address.sun_path, "%s/" RSC_WIRE_SOCKET, stub.folder)
      >= (int) sizeof address.sun_path)
    return;
  fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect (fd, (const struct sockaddr *) &address, sizeof address) == 0)
    {
      rsc_wire_message_init (&message, RSC_WIRE_REFUSED, 0);
      rsc_wire_message_add_number (&message, RSC_WIRE_PID, (uint64_t) getpid ());
      rsc_wire_sentence_write (reason, sentence, parameter, NULL);
      rsc_wire_message_add_string (&message, RSC_WIRE_TEXT, reason);
      rsc_wire_message_send (&message, fd, NULL, 0);
    }
  close (fd);
}

static void
load_agent (void)
{
  char path[PATH_MAX + sizeof "/" RSC_WIRE_AGENT_LINK];
  void *agent;

  if (stub.loaded)
    return;
  stub.loaded = true;

  snprintf (path, sizeof path, "%s/" RSC_WIRE_AGENT_LINK, stub.folder);
  agent = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (agent != NULL)
    {
      stub.begin = (RscAgentBeginFunc) dlsym (agent, "rsc_agent_begin");
      stub.audit = (RscAgentAuditFunc) dlsym (agent, "rsc_agent_audit");
      stub.leave = (RscAgentLeaveFunc) dlsym (agent, "rsc_agent_leave");
      stub.follows = (RscAgentFollowsFunc) dlsym (agent, "rsc_agent_follows");
      stub.stay = (RscAgentStayFunc) dlsym (agent, "rsc_agent_stay");
    }
  /* The folder goes when Refscope ends: then there is nothing to say, nor
   * anybody to say it to. */
  else if (access (stub.folder, F_OK) == 0)
    {
      const char *error = dlerror ();

      refuse (RSC_SENTENCE_NOT_LOADED, error != NULL ? error : "?");
    }
}

/* Whether code is executed that no Python function asks for: while the interpreter
 * is being made, all is imported by functions of importlib. */
static bool
is_outermost (void)
{
  return stub.is_initialized != NULL && stub.get_globals != NULL && stub.is_initialized () != 0
         && stub.get_globals () == NULL;
}

/* A program that embeds Python may run its first code in a sub-interpreter, which ends before it does. */
static bool
is_in_main_interpreter (void)
{
  return stub.get_interpreter == NULL || stub.get_main_interpreter == NULL
         || stub.get_interpreter () == stub.get_main_interpreter ();
}

/* Every audit event of the interpreter passes here: most are told by their
 * first letters. */
static int
on_audit_event (const char *event, void *args, void *data)
{
  static bool begun;

  if (!begun
      && ((event[0] == 'c' && strncmp (event, "cpython.run_", 12) == 0)
          || (event[0] == 'e' && strcmp (event, "exec") == 0 && is_outermost ()))
      && is_in_main_interpreter ())
    {
      begun = true;
      load_agent ();
      if (stub.begin != NULL)
        stub.begin (stub.folder, event);
    }
  else if (begun && stub.audit != NULL && (event[0] == 'i' || event[0] == 'o' || event[0] == 'r' || event[0] == 's'))
    return stub.audit (event, args);

  return 0;
}

/* The words of /proc/self/stat that prctl() takes. */
enum
{
  STAT_STARTCODE = 26,
  STAT_ENDCODE = 27,
  STAT_STARTSTACK = 28,
  STAT_START_DATA = 45,
  STAT_END_DATA = 46,
  STAT_START_BRK = 47,
  STAT_ARG_START = 48,
  STAT_ARG_END = 49,
  STAT_ENV_START = 50,
  STAT_ENV_END = 51,
  N_STATS
};

static bool
read_stat (uint64_t words[N_STATS])
{
  char text[2048];
  int fd = open ("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;
  const char *at;

  if (fd >= 0)
    close (fd);
  if (length <= 0)
    return false;
  text[length] = '\0';
  at = strrchr (text, ')');
  if (at == NULL)
    return false;
  at += 2;
  for (int i = 3; i < N_STATS; i++) /* the third word is the one behind the name */
    {
      words[i] = strtoull (at, NULL, 10);
      at = strchr (at, ' ');
      if (at++ == NULL)
        return false;
    }

  return words[STAT_ENV_START] != 0 && words[STAT_ENV_END] > words[STAT_ENV_START];
}

/* The block that the process was started with, which /proc/PID/environ shows, is to
 * be as without Refscope: what is behind @end of a variable moves down to @begin, the
 * pointers to it too, and the block becomes shorter. */
static void
close_gap (char *begin, char *end)
{
  uint64_t words[N_STATS];
  size_t gap = (size_t) (end - begin);
  struct prctl_mm_map map;
  char *block_end;

  if (!read_stat (words)
      || (uint64_t) (uintptr_t) begin < words[STAT_ENV_START] || (uint64_t) (uintptr_t) end > words[STAT_ENV_END])
    return;
  block_end = (char *) (uintptr_t) words[STAT_ENV_END];
  for (char **variable = environ; *variable != NULL; variable++)
    if (*variable >= end && *variable < block_end)
      *variable -= gap;
  memmove (begin, end, (size_t) (block_end - end));
  memset (block_end - gap, 0, gap);

  /* Kernels that cannot do this show the zeros behind the last variable. */
  map = (struct prctl_mm_map) {
    .start_code = words[STAT_STARTCODE], .end_code = words[STAT_ENDCODE],
    .start_data = words[STAT_START_DATA], .end_data = words[STAT_END_DATA],
    .start_brk = words[STAT_START_BRK], .brk = (uint64_t) (uintptr_t) sbrk (0),
    .start_stack = words[STAT_STARTSTACK],
    .arg_start = words[STAT_ARG_START], .arg_end = words[STAT_ARG_END],
    .env_start = words[STAT_ENV_START], .env_end = words[STAT_ENV_END] - gap,
    .exe_fd = (uint32_t) -1,
  };
  prctl (PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

/* Takes this object out of LD_PRELOAD, which becomes what it was: "own" was
 * not set, "own:rest" was "rest". */
static void
restore_environment (const char *own)
{
  static const char name[] = "LD_PRELOAD=";
  size_t own_length = strlen (own);

  if (environ == NULL)
    return;
  for (char **variable = environ; *variable != NULL; variable++)
    {
      char *text = *variable;
      char *value = text + sizeof name - 1;

      if (strncmp (text, name, sizeof name - 1) != 0 || strncmp (value, own, own_length) != 0)
        continue;
      if (value[own_length] == ':')
        {
          size_t rest = strlen (value + own_length + 1) + 1;

          memmove (value, value + own_length + 1, rest);
          close_gap (value + rest, value + own_length + 1 + rest);
        }
      else if (value[own_length] == '\0')
        {
          unsetenv ("LD_PRELOAD");
          close_gap (text, value + own_length + 1);
        }
      return;
    }
}

static void __attribute__((constructor))
start (void)
{
  const char *(*get_version) (void);
  int (*add_audit_hook) (AuditHook hook, void *data);
  const char *version, *slash;
  char number[32];
  Dl_info own;
  int major = 0, minor = 0;

  stub.next_exit = (void (*) (int)) dlsym (RTLD_NEXT, "_exit");
  stub.next_execve = (int (*) (const char *, char *const *, char *const *)) dlsym (RTLD_NEXT, "execve");
  stub.next_fexecve = (int (*) (int, char *const *, char *const *)) dlsym (RTLD_NEXT, "fexecve");
  stub.is_initialized = (int (*) (void)) dlsym (RTLD_DEFAULT, "Py_IsInitialized");
  if (stub.is_initialized == NULL)
    return;
  stub.get_globals = (void *(*) (void)) dlsym (RTLD_DEFAULT, "PyEval_GetGlobals");
  stub.get_interpreter = (void *(*) (void)) dlsym (RTLD_DEFAULT, "PyInterpreterState_Get");
  stub.get_main_interpreter = (void *(*) (void)) dlsym (RTLD_DEFAULT, "PyInterpreterState_Main");
  if (dladdr (start, &own) == 0 || own.dli_fname == NULL)
    return;
  restore_environment (own.dli_fname);

  slash = strrchr (own.dli_fname, '/');
  if (slash == NULL || (size_t) (slash - own.dli_fname) >= sizeof stub.folder)
    return;
  memcpy (stub.folder, own.dli_fname, (size_t) (slash - own.dli_fname));
  snprintf (stub.own, sizeof stub.own, "%s", own.dli_fname);

  get_version = (const char *(*) (void)) dlsym (RTLD_DEFAULT, "Py_GetVersion");
  add_audit_hook = (int (*) (AuditHook, void *)) dlsym (RTLD_DEFAULT, "PySys_AddAuditHook");
  version = get_version != NULL ? get_version () : "";
  snprintf (number, sizeof number, "%.*s", (int) strcspn (version, " "), version);
  if (sscanf (version, "%d.%d", &major, &minor) != 2
      || major < 3 || (major == 3 && minor < 10)
      || add_audit_hook == NULL)
    {
      refuse (RSC_SENTENCE_OLD_VERSION, number);
      return;
    }
  if (strstr (version, "free-threading") != NULL)
    {
      refuse (RSC_SENTENCE_FREE_THREADED, number);
      return;
    }

  if (add_audit_hook (on_audit_event, NULL) != 0)
    refuse (RSC_SENTENCE_NO_HOOK, NULL);
}
