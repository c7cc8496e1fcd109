/* os.exec*(): another program takes the place of this one.  Where that is a Python,
 * too, the preload stub goes along: in the environment of that one only, out of which it
 * takes itself again.  Other programs get the environment that was meant for them: also a
 * shell script that is called python3, out of which nothing would take it. */

#include "rsc-agent-private.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of a script's first line as Linux reads. */
#define SHEBANG_MAX 256

static char preload[PATH_MAX + sizeof "/" RSC_WIRE_PRELOAD_LINK];
/* That another program is executed was said, by this thread, and that it failed was not. */
static atomic_bool has_said;
static pthread_t said_by;

static bool
is_python_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return strncmp (slash != NULL ? slash + 1 : path, "python", strlen ("python")) == 0;
}

/* The file's first bytes, and a NUL.  How many they are, or -1. */
static ssize_t
read_beginning (const char *path, char bytes[SHEBANG_MAX + 1])
{
  /* Non-blocking: it may be anything. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  RscAgentFd file;
  ssize_t length = -1;

  if (fd < 0 || fstat (fd, &status) != 0 || !rsc_agent_fd_note (&file, fd, status.st_mode & S_IFMT))
    return -1;
  if (S_ISREG (status.st_mode) && rsc_agent_fd_move (&file))
    length = read (file.fd, bytes, SHEBANG_MAX);
  rsc_agent_fd_close (&file);
  if (length >= 0)
    bytes[length] = '\0';

  return length;
}

/* "#!/usr/bin/python3 -I", "#!/usr/bin/env -S A=b python3 -I" */
static bool
is_python_script (char *line)
{
  char *at, *word;

  if (line[0] != '#' || line[1] != '!')
    return false;
  line[strcspn (line, "\n")] = '\0';
  at = line + 2;
  word = strsep (&at, " \t");
  while (word != NULL && word[0] == '\0')
    word = strsep (&at, " \t");
  if (word == NULL)
    return false;
  if (strlen (word) >= strlen ("/env") && strcmp (word + strlen (word) - strlen ("/env"), "/env") == 0)
    while ((word = strsep (&at, " \t")) != NULL && (word[0] == '\0' || word[0] == '-' || strchr (word, '=') != NULL))
      ;

  return word != NULL && is_python_name (word);
}

static bool
is_python (const char *path)
{
  char bytes[SHEBANG_MAX + 1];
  struct stat own, other;
  ssize_t length;

  if (stat ("/proc/self/exe", &own) == 0 && stat (path, &other) == 0
      && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
    return true;
  length = read_beginning (path, bytes);
  if (length >= SELFMAG && memcmp (bytes, ELFMAG, SELFMAG) == 0)
    return is_python_name (path);

  return length > 2 && is_python_script (bytes);
}

/* The loader complains, on the program's standard error, of what it cannot open: after
 * setuid(), in another root, or when Refscope has ended.  It opens with these rights, too. */
static bool
can_load_preload (void)
{
  RscAgentFd file;

  if (!rsc_agent_fd_note (&file, open (preload, O_RDONLY | O_CLOEXEC), S_IFREG))
    return false;
  rsc_agent_fd_close (&file);

  return true;
}

void
rsc_agent_watch_exec (const char *folder)
{
  snprintf (preload, sizeof preload, "%s/" RSC_WIRE_PRELOAD_LINK, folder);
}

bool
rsc_agent_follows (const char *path)
{
  int saved_errno = errno;
  bool result = path != NULL && atomic_load (&rsc_agent.active) && getpid () == rsc_agent.pid
                && is_python (path) && can_load_preload ();

  errno = saved_errno;

  return result;
}

/* What os.exec*() was given: a path, or a descriptor. */
static bool
copy_path (PyObject *path, char name[PATH_MAX])
{
  PyObject *bytes = NULL;
  ssize_t length = 0;

  if (PyLong_Check (path))
    {
      char link[sizeof "/proc/self/fd/" + 3 * sizeof (long)];

      snprintf (link, sizeof link, "/proc/self/fd/%ld", PyLong_AsLong (path));
      length = readlink (link, name, PATH_MAX - 1);
      name[length > 0 ? length : 0] = '\0';
    }
  else if (PyUnicode_Check (path))
    bytes = PyUnicode_EncodeFSDefault (path);
  else if (PyBytes_Check (path))
    Py_INCREF (bytes = path);
  if (bytes != NULL)
    length = snprintf (name, PATH_MAX, "%s", PyBytes_AsString (bytes));
  Py_XDECREF (bytes);
  PyErr_Clear ();

  return length > 0 && length < PATH_MAX;
}

void
rsc_agent_say_exec (PyObject *args)
{
  static RscWireMessage message;
  PyObject *path = PyTuple_Check (args) && PyTuple_Size (args) > 0 ? PyTuple_GetItem (args, 0) : NULL; /* borrowed */
  char name[PATH_MAX];

  /* Otherwise it fails. */
  if (path == NULL || !copy_path (path, name))
    return;
  rsc_wire_message_init (&message, RSC_WIRE_EXEC, 0);
  rsc_wire_message_add_string (&message, RSC_WIRE_TEXT, name);
  /* Along with a descriptor the stub does not go. */
  rsc_wire_message_add_number (&message, RSC_WIRE_FOLLOWED, !PyLong_Check (path) && rsc_agent_follows (name));
  rsc_agent_send (&message);
  said_by = pthread_self ();
  atomic_store (&has_said, true);
}

void
rsc_agent_stay (void)
{
  static RscWireMessage message;
  int saved_errno = errno;

  if (atomic_load (&rsc_agent.active) && getpid () == rsc_agent.pid
      && atomic_load (&has_said) && pthread_equal (said_by, pthread_self ()))
    {
      atomic_store (&has_said, false);
      rsc_wire_message_init (&message, RSC_WIRE_EXEC_FAILED, 0);
      rsc_agent_send (&message);
    }
  errno = saved_errno;
}
