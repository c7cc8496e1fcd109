/* Processor time, which a busy machine does not stretch as it does the clock's. */
#pragma once

#include <glib.h>
#include <time.h>

/* What the calling thread has used, in microseconds. */
static inline gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
