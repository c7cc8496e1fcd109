/* How much memory the program uses, as psutil would say.  Needs none itself:
 * it is also asked when there is none left. */

#include "rsc-agent-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number of kilobytes in the line that begins with @name. */
static uint64_t
get_kilobytes (const char *text, const char *name)
{
  const char *at = strstr (text, name);
  uint64_t value = 0;

  if (at == NULL)
    return 0;
  for (at += strlen (name); *at == ' '; at++)
    ;
  for (; *at >= '0' && *at <= '9'; at++)
    value = value * 10 + (uint64_t) (*at - '0');

  return value;
}

bool
rsc_agent_read_memory (uint64_t *uss, uint64_t *rss)
{
  char text[4096];
  size_t length = 0;
  ssize_t got;
  RscAgentFd file;

  if (!rsc_agent_fd_take (&file, open ("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC), S_IFREG))
    return false;
  while (length < sizeof text - 1 && (got = read (file.fd, text + length, sizeof text - 1 - length)) > 0)
    length += (size_t) got;
  rsc_agent_fd_close (&file);
  text[length] = '\0';

  *rss = get_kilobytes (text, "\nRss:") * 1024;
  *uss = (get_kilobytes (text, "\nPrivate_Clean:") + get_kilobytes (text, "\nPrivate_Dirty:")
          + get_kilobytes (text, "\nPrivate_Hugetlb:")) * 1024;

  return *rss > 0;
}
