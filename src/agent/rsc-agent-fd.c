/* The agent's descriptors, among those of a program that may close or reuse any.
 *
 * What is made or comes has the lowest number that is free, which a thread of the program may be about to close or to put
 * another file at: for a moment there is no other way. */

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

/* A number above what programs use, close-on-exec; -1 if there is none. */
static int
duplicate (int fd)
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

  return moved;
}

bool
rsc_agent_fd_note (RscAgentFd *self, int fd, mode_t kind)
{
  struct stat status;

  self->fd = fd >= 0 && fstat (fd, &status) == 0 && (status.st_mode & S_IFMT) == kind ? fd : -1;
  if (self->fd < 0)
    return false;
  self->device = status.st_dev;
  self->inode = status.st_ino;

  return true;
}

bool
rsc_agent_fd_move (RscAgentFd *self)
{
  RscAgentFd low = *self;

  /* Not only behind it: closing a copy lets go of the locks that the program has on that file (fcntl()). */
  self->fd = rsc_agent_fd_is_ours (&low) ? duplicate (low.fd) : RSC_AGENT_FD_LOST;
  if (self->fd >= 0 && !rsc_agent_fd_is_ours (self))
    {
      rsc_agent_close (self->fd);
      self->fd = RSC_AGENT_FD_LOST;
    }
  rsc_agent_fd_close (&low);

  return self->fd >= 0;
}

bool
rsc_agent_fd_take (RscAgentFd *self, int fd, mode_t kind)
{
  return rsc_agent_fd_note (self, fd, kind) && rsc_agent_fd_move (self);
}

bool
rsc_agent_fd_receive (RscAgentFd *self, const RscWireMessage *message, size_t nth, int fd)
{
  uint64_t device, inode;

  /* An older Refscope. */
  if (!rsc_wire_message_get_file (message, nth, &device, &inode))
    return rsc_agent_fd_note (self, fd, S_IFREG);
  *self = (RscAgentFd) { .fd = fd, .device = (dev_t) device, .inode = (ino_t) inode };

  return true;
}

bool
rsc_agent_fd_is_ours (const RscAgentFd *self)
{
  struct stat status;

  return self->fd >= 0 && fstat (self->fd, &status) == 0
         && status.st_dev == self->device && status.st_ino == self->inode;
}

/* Between the look and the close there is nothing: that is as near as they get. */
void
rsc_agent_fd_close (RscAgentFd *self)
{
  if (rsc_agent_fd_is_ours (self))
    rsc_agent_close (self->fd);
  self->fd = -1;
}
