#include "config.h"

#include "rsc-process-fd.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

int
rsc_process_copy_fd (pid_t pid, int number)
{
  int process = (int) syscall (SYS_pidfd_open, pid, 0);
  int copy = process >= 0 ? (int) syscall (SYS_pidfd_getfd, process, number, 0) : -1;
  int code = errno;

  if (process >= 0)
    close (process);
  errno = code;

  return copy;
}
