/* os.exec*(): another program takes the place of this one.  Where that is a Python,
 * too, the preload stub goes along: in the environment of that one only, out of which it
 * takes itself again.  Other programs get the environment that was meant for them. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of a script's first line as Linux reads. */
#define SHEBANG_MAX 256

static bool
is_python_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return strncmp (slash != NULL ? slash + 1 : path, "python", strlen ("python")) == 0;
}

/* "#!/usr/bin/python3 -I", "#!/usr/bin/env -S A=b python3 -I" */
static bool
is_python_script (int fd)
{
  char line[SHEBANG_MAX + 1];
  ssize_t length = read (fd, line, SHEBANG_MAX);
  char *at, *word;

  if (length < 2 || line[0] != '#' || line[1] != '!')
    return false;
  line[length] = '\0';
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
  struct stat own, other;
  bool result;
  int fd;

  if (is_python_name (path)
      || (stat ("/proc/self/exe", &own) == 0 && stat (path, &other) == 0
          && own.st_dev == other.st_dev && own.st_ino == other.st_ino))
    return true;
  /* Non-blocking: it may be anything. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  result = is_python_script (fd);
  close (fd);

  return result;
}

bool
rsc_agent_follows (const char *path)
{
  int saved_errno = errno;
  bool result = path != NULL && atomic_load (&rsc_agent.active) && getpid () == rsc_agent.pid && is_python (path);

  errno = saved_errno;

  return result;
}

void
rsc_agent_say_exec (PyObject *args)
{
  static RscWireMessage message;
  PyObject *path = PyTuple_Check (args) && PyTuple_Size (args) > 0 ? PyTuple_GetItem (args, 0) : NULL; /* borrowed */
  const char *text = NULL;

  if (path != NULL && PyUnicode_Check (path))
    text = PyUnicode_AsUTF8AndSize (path, NULL);
  else if (path != NULL && PyBytes_Check (path))
    text = PyBytes_AsString (path);
  PyErr_Clear ();
  rsc_wire_message_init (&message, RSC_WIRE_EXEC, 0);
  rsc_wire_message_add_string (&message, RSC_WIRE_TEXT, text);
  rsc_wire_message_add_number (&message, RSC_WIRE_FOLLOWED, text != NULL && rsc_agent_follows (text));
  rsc_agent_send (&message);
}
