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
 * to end it. */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "rsc-agent.h"
#include "wire/rsc-wire-message.h"

typedef int (*AuditHook) (const char *event, void *args, void *data);

static struct
{
  char folder[PATH_MAX];
  bool loaded; /* it was tried; agent functions are NULL if that failed */
  RscAgentBeginFunc begin;
  RscAgentAuditFunc audit;
} stub;

/* Says why this interpreter cannot be captured.  Nobody may be listening any
 * more; the program does not care. */
static void
refuse (const char *reason)
{
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
    }
  /* The folder goes when Refscope ends: then there is nothing to say, nor
   * anybody to say it to. */
  else if (access (stub.folder, F_OK) == 0)
    {
      char reason[512];
      const char *error = dlerror ();

      snprintf (reason, sizeof reason, "The agent could not be loaded into the program: %s.",
                error != NULL ? error : "unknown error");
      refuse (reason);
    }
}

/* Every audit event of the interpreter passes here: most are told by their
 * first letters. */
static int
on_audit_event (const char *event, void *args, void *data)
{
  static bool begun;

  if (event[0] == 'c' && !begun && strncmp (event, "cpython.run_", 12) == 0)
    {
      begun = true;
      load_agent ();
      if (stub.begin != NULL)
        stub.begin (stub.folder, event);
    }
  else if (begun && stub.audit != NULL && (event[0] == 'i' || event[0] == 'o' || event[0] == 's'))
    return stub.audit (event, args);

  return 0;
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
      char *value = *variable + sizeof name - 1;

      if (strncmp (*variable, name, sizeof name - 1) != 0 || strncmp (value, own, own_length) != 0)
        continue;
      if (value[own_length] == ':')
        memmove (value, value + own_length + 1, strlen (value + own_length + 1) + 1);
      else if (value[own_length] == '\0')
        unsetenv ("LD_PRELOAD");
      return;
    }
}

static void __attribute__((constructor))
start (void)
{
  const char *(*get_version) (void);
  int (*add_audit_hook) (AuditHook hook, void *data);
  const char *version, *slash;
  char reason[256];
  Dl_info own;
  int major = 0, minor = 0;

  if (dlsym (RTLD_DEFAULT, "Py_IsInitialized") == NULL)
    return;
  if (dladdr (start, &own) == 0 || own.dli_fname == NULL)
    return;
  restore_environment (own.dli_fname);

  slash = strrchr (own.dli_fname, '/');
  if (slash == NULL || (size_t) (slash - own.dli_fname) >= sizeof stub.folder)
    return;
  memcpy (stub.folder, own.dli_fname, (size_t) (slash - own.dli_fname));

  get_version = (const char *(*) (void)) dlsym (RTLD_DEFAULT, "Py_GetVersion");
  add_audit_hook = (int (*) (AuditHook, void *)) dlsym (RTLD_DEFAULT, "PySys_AddAuditHook");
  version = get_version != NULL ? get_version () : "";
  if (sscanf (version, "%d.%d", &major, &minor) != 2
      || major < 3 || (major == 3 && minor < 10)
      || add_audit_hook == NULL)
    {
      snprintf (reason, sizeof reason,
                "The program runs CPython %d.%d; Refscope captures CPython 3.10 and later.", major, minor);
      refuse (reason);
      return;
    }
  if (strstr (version, "free-threading") != NULL)
    {
      snprintf (reason, sizeof reason,
                "The program runs a free-threaded build of CPython %d.%d, which Refscope does not capture yet: "
                "run it with a build that has the GIL.", major, minor);
      refuse (reason);
      return;
    }

  if (add_audit_hook (on_audit_event, NULL) != 0)
    refuse ("CPython did not accept Refscope's audit hook: it is out of memory.");
}
