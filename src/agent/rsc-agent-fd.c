/* The agent's descriptors, among those of a program that may close or reuse any. */

#include "rsc-agent-private.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers that select() can still hold are the program's. */
#define HIGHEST_START 4096

void
rsc_agent_close (int fd)
{
  syscall (SYS_close, fd);
}

int
rsc_agent_fd_move (int fd)
{
  struct rlimit limit;
  int start = HIGHEST_START, moved = -1;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < HIGHEST_START + 64)
    start = (int) limit.rlim_cur - 64;

  /* If the highest are taken, or the limit is tiny: lower. */
  for (; start > 0 && moved < 0; start /= 2)
    moved = fcntl (fd, F_DUPFD_CLOEXEC, start);
  if (moved < 0)
    moved = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  rsc_agent_close (fd);

  return moved;
}

bool
rsc_agent_fd_take (RscAgentFd *self, int fd)
{
  int moved = rsc_agent_fd_move (fd);

  self->fd = -1;

  return moved >= 0 && rsc_agent_fd_keep (self, moved);
}

bool
rsc_agent_fd_keep (RscAgentFd *self, int fd)
{
  struct stat status;

  self->fd = fd;
  if (fstat (self->fd, &status) != 0)
    {
      rsc_agent_close (self->fd);
      self->fd = -1;
      return false;
    }
  self->device = status.st_dev;
  self->inode = status.st_ino;

  return true;
}

bool
rsc_agent_fd_is_ours (const RscAgentFd *self)
{
  struct stat status;

  return self->fd >= 0 && fstat (self->fd, &status) == 0
         && status.st_dev == self->device && status.st_ino == self->inode;
}

void
rsc_agent_fd_close (RscAgentFd *self)
{
  if (rsc_agent_fd_is_ours (self))
    rsc_agent_close (self->fd);
  self->fd = -1;
}
