/* Starting the program: its environment, its process. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "wire/rsc-wire-folder.h"

gboolean
rsc_target_make_events (RscTarget *self, GError **error)
{
  self->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->event_fd >= 0 && self->wake_fd >= 0)
    return TRUE;
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_LIMIT,
               _("No descriptor is left to watch the program with: %s."), g_strerror (errno));

  return FALSE;
}

/* The file that @variable names, else @installed. */
static char *
find_file (const char *variable, const char *installed, GError **error)
{
  const char *file = g_getenv (variable) != NULL ? g_getenv (variable) : installed;
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);

  if (access (absolute, R_OK) == 0)
    return g_steal_pointer (&absolute);
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
               _("%s is missing, without which no program can be captured: install Refscope again."), absolute);

  return NULL;
}

char *
rsc_target_find_agent (GError **error)
{
  return find_file ("RSC_AGENT", RSC_PKGLIBDIR "/refscope-agent.so", error);
}

/* Links @name to the file that @variable names, else to @installed. */
static gboolean
link_file (RscTarget *self, const char *name, const char *variable, const char *installed, GError **error)
{
  g_autofree char *absolute = find_file (variable, installed, error);
  g_autofree char *path = g_build_filename (self->folder, name, NULL);

  if (absolute == NULL)
    return FALSE;
  if (symlink (absolute, path) == 0)
    return TRUE;
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("%s could not be made: %s."), path, g_strerror (errno));

  return FALSE;
}

/* The variables of the program: those given, and one more. */
static char **
make_environment (RscTarget *self, const RscLaunchOptions *options)
{
  g_auto(GStrv) variables = options->envp != NULL ? g_strdupv ((char **) options->envp) : g_get_environ ();
  const char *before = g_environ_getenv (variables, "LD_PRELOAD");
  /* The stub takes itself out again: "own" becomes unset, "own:rest" becomes "rest". */
  g_autofree char *value = g_strconcat (self->folder, "/" RSC_WIRE_PRELOAD_LINK,
                                        before != NULL ? ":" : NULL, before, NULL);

  return g_environ_setenv (g_steal_pointer (&variables), "LD_PRELOAD", value, TRUE);
}

/* The file to execute, as execvp() would find it, but in the program's own
 * environment and from its own directory. */
static char *
find_program (const char *name, char **variables, const char *cwd)
{
  const char *path = g_environ_getenv (variables, "PATH");
  g_auto(GStrv) folders = NULL;

  if (strchr (name, '/') != NULL)
    return g_strdup (name);

  folders = g_strsplit (path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", ":", -1);
  for (gsize i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *relative = g_build_filename (folders[i][0] != '\0' ? folders[i] : ".", name, NULL);
      g_autofree char *absolute = g_canonicalize_filename (relative, cwd);

      if (g_file_test (absolute, G_FILE_TEST_IS_REGULAR) && access (absolute, X_OK) == 0)
        return g_steal_pointer (&absolute);
    }

  return NULL;
}

static void
set_spawn_error (GError **error, int code, const char *program, const char *cwd)
{
  switch (code)
    {
    case ENOENT:
    case ENOTDIR:
      if (cwd != NULL && !g_file_test (cwd, G_FILE_TEST_IS_DIR))
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                     _("The folder %s, in which the program was to start, does not exist."), cwd);
      else if (strchr (program, '/') == NULL)
        {
          /* A name alone is looked up in PATH, not in the folder where it starts. */
          g_autofree char *path = g_canonicalize_filename (program, cwd);

          if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
            g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                         _("%s is a file, but no command: write ./%s, or give it to an interpreter, as in python3 %s."),
                         program, program, program);
          else
            g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                         _("There is no program %s: check its name, and PATH."), program);
        }
      else if (g_file_test (program, G_FILE_TEST_EXISTS))
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                     _("%s could not be started: the interpreter that its first line names does not exist."), program);
      else
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                     _("There is no program %s: check its name, and PATH."), program);
      break;
    case EACCES:
    case EPERM:
      if (g_file_test (program, G_FILE_TEST_IS_DIR))
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION, _("%s is a folder: name a program in it."), program);
      else
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                     _("%s may not be executed: it needs the permission (chmod +x), or has to be given to an interpreter."), program);
      break;
    case ENOEXEC:
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
                   _("%s is no program: a script needs a first line like #!/usr/bin/env python3."), program);
      break;
    default:
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
                   _("%s could not be started: %s."), program, g_strerror (code));
      break;
    }
}

/* Three pipes: ours close-on-exec, theirs for the program. */
static gboolean
make_pipes (RscTarget *self, int theirs[3], GError **error)
{
  for (int i = 0; i < 3; i++)
    {
      int ends[2];

      if (pipe2 (ends, O_CLOEXEC) != 0)
        {
          g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
                       _("No pipe could be made for the program's standard streams: %s."), g_strerror (errno));
          return FALSE;
        }
      theirs[i] = ends[i == 0 ? 0 : 1];
      self->streams[i] = ends[i == 0 ? 1 : 0];
      fcntl (self->streams[i], F_SETFL, O_NONBLOCK);
    }

  return TRUE;
}

static gboolean
start_process (RscTarget *self, const RscLaunchOptions *options, const int theirs[3], GError **error)
{
  g_auto(GStrv) variables = make_environment (self, options);
  g_autofree char *program = find_program (self->argv[0], variables, options->cwd);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;
  int code;

  if (program == NULL)
    {
      set_spawn_error (error, ENOENT, self->argv[0], options->cwd);
      return FALSE;
    }

  /* As a shell would start it: no signal is blocked, and none ignored because
   * GLib's programs ignore it. */
  sigemptyset (&none);
  sigemptyset (&defaults);
  sigaddset (&defaults, SIGPIPE);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &defaults);
  posix_spawn_file_actions_init (&actions);
  for (int i = 0; i < 3 && options->pipe_streams; i++)
    posix_spawn_file_actions_adddup2 (&actions, theirs[i], i);
  if (options->cwd != NULL)
    posix_spawn_file_actions_addchdir_np (&actions, options->cwd);

  self->launched = self->silent_since = g_get_monotonic_time ();
  code = posix_spawn (&self->pid, program, &actions, &attributes, self->argv, variables);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  if (code != 0)
    {
      self->pid = 0;
      set_spawn_error (error, code, program, options->cwd);
    }

  return code == 0;
}

gboolean
rsc_target_spawn (RscTarget *self, const RscLaunchOptions *options, GError **error)
{
  int theirs[3] = { -1, -1, -1 };
  gboolean started;

  self->folder = rsc_target_make_folder (error);
  if (self->folder == NULL
      || !link_file (self, RSC_WIRE_PRELOAD_LINK, "RSC_PRELOAD", RSC_PKGLIBDIR "/refscope-preload.so", error)
      || !link_file (self, RSC_WIRE_AGENT_LINK, "RSC_AGENT", RSC_PKGLIBDIR "/refscope-agent.so", error)
      || !link_file (self, RSC_WIRE_PACKAGE_LINK, "RSC_PYTHON_PACKAGE", RSC_PYTHONDIR, error)
      || !rsc_target_listen (self, error)
      || !rsc_target_make_events (self, error))
    return FALSE;

  started = (!options->pipe_streams || make_pipes (self, theirs, error))
            && start_process (self, options, theirs, error);
  for (int i = 0; i < 3; i++)
    if (theirs[i] >= 0)
      close (theirs[i]);
  if (started)
    self->pidfd = (int) syscall (SYS_pidfd_open, self->pid, 0);

  return started;
}
