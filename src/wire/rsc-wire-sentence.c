/* Written: 0x1f, the number in decimal, and for each parameter 0x1f and its text. */
#include "rsc-wire-sentence.h"

#include <string.h>

#define SEPARATOR '\x1f'
/* For xgettext: who reads it translates it. */
#define N_(message) message

static const char *const messages[RSC_N_SENTENCES] = {
  [RSC_SENTENCE_NONE] = "",
  [RSC_SENTENCE_NO_MEMORY] =
    N_("There is not enough memory for the capture: the machine has none left, or the program's control group. Free some, and try again."),
  /* Translators: %1$s is the name of the limit and how a shell sets it, "RLIMIT_AS, ulimit -v". */
  [RSC_SENTENCE_MEMORY_LIMIT] =
    N_("The program's own limit on its memory (%1$s: %2$s MiB) leaves too little for the capture. Raise the hard limit, or run Refscope with the right to lift it (as root, or with CAP_SYS_RESOURCE), or capture earlier, at a mark."),
  [RSC_SENTENCE_TOO_MANY_OBJECTS] =
    N_("The heap has more than 4 thousand million objects, more than a snapshot can hold."),
  [RSC_SENTENCE_TOO_MANY_TEXTS] =
    N_("The heap has more than 4 thousand million texts, more than a snapshot can hold."),
  [RSC_SENTENCE_WRITE_FILE_LIMIT] =
    N_("Writing the heap failed after %s bytes: the program's limit on the size of files (RLIMIT_FSIZE, ulimit -f) is too low for its heap. Raise it, or run Refscope as root, which may lift it."),
  [RSC_SENTENCE_WRITE_NO_MEMORY] =
    N_("Writing the heap failed after %s bytes: there is not enough memory for it (the machine's, or the program's control group's). Free some, and try again."),
  [RSC_SENTENCE_WRITE_NOTHING] = N_("Writing the heap failed after %s bytes: no byte more was taken."),
  [RSC_SENTENCE_WRITE_ERROR] = N_("Writing the heap failed after %1$s bytes: system error %2$s."),
  /* Translators: %s is the name of a signal, "SIGSEGV". */
  [RSC_SENTENCE_FAULT] = N_("The capture's child got %s. The program itself was not touched."),
  [RSC_SENTENCE_FAULT_IN_TYPE] =
    N_("The capture's child got %1$s while it read an object of the type '%2$s'. The program itself was not touched."),
  [RSC_SENTENCE_CHILD_KILLED] = N_("The capture's child was killed by signal %s. The program itself was not touched: try again."),
  [RSC_SENTENCE_CHILD_LATE] =
    N_("The process that captures was ended after %s s: the heap is too big for that, or the machine too busy."),
  [RSC_SENTENCE_CHILD_SILENT] = N_("The process that captures ended without a word: try again."),
  [RSC_SENTENCE_CLONE_PROCESSES] =
    N_("The system did not let the program make the process that captures (EAGAIN): its limit on processes is reached. Raise it (ulimit -u), or capture in place."),
  [RSC_SENTENCE_CLONE_MEMORY] =
    N_("The system did not let the program make the process that captures (ENOMEM): there is not enough memory for a second view of the heap. Free some, or capture in place."),
  [RSC_SENTENCE_CLONE_ERROR] =
    N_("The system did not let the program make the process that captures (system error %s): capture in place, which needs no second process."),
  [RSC_SENTENCE_CANCELLED] = N_("The capture was cancelled."),
  [RSC_SENTENCE_FREE_THREADED] =
    N_("The program runs a free-threaded build of CPython %s, whose collector keeps no lists, and which Refscope does not capture yet: run it with a build that has the GIL."),
  [RSC_SENTENCE_32_BIT] = N_("The program runs a 32-bit CPython: Refscope captures 64-bit ones only."),
  [RSC_SENTENCE_UNKNOWN_VERSION] =
    N_("The program runs CPython %s, which this version of Refscope does not know: it captures 3.10 to 3.15."),
  [RSC_SENTENCE_INCREMENTAL_COLLECTOR] =
    N_("The program runs CPython %s, whose collector works in increments, which Refscope does not capture: run it with another release. 3.10 to 3.13, 3.14 from 3.14.5 on, and 3.15 collect in generations."),
  /* Translators: %s is what Python says of itself, "3.11.2 (main, ...) [GCC 12.2.0]". */
  [RSC_SENTENCE_UNKNOWN_STRUCTURES] =
    N_("The structures of this CPython (%s) are not those of its version: it may be a debug build, or patched. Refscope does not read what it does not know: run the program with the usual build."),
  [RSC_SENTENCE_NOT_CAPTURED_INTERPRETERS] = N_("Sub-interpreters that were not captured: %s. They have a GIL of their own, and were busy with something that could not be interrupted, or ran on while a collection was looked at; or there are more than 62 of all."),
  [RSC_SENTENCE_COLLECTION_RUNNING] = N_("A collection was running: what it was looking at stands as untracked."),
  [RSC_SENTENCE_FRAMES_UNREADABLE] = N_("The running functions of a thread could not be read to the end."),
  [RSC_SENTENCE_NO_FILE] =
    N_("No file for the heap came to the program with the request: it may have no descriptor left (RLIMIT_NOFILE, ulimit -n)."),
  [RSC_SENTENCE_BUSY] = N_("The agent is busy with another request: try again when it is done."),
  [RSC_SENTENCE_UNKNOWN_REQUEST] =
    N_("The agent does not know this request: Refscope and its agent differ. Install Refscope again."),
  [RSC_SENTENCE_COLLECTOR_REFUSED] = N_("The program's collector refused: %s."),
  [RSC_SENTENCE_NOT_LOADED] = N_("The agent could not be loaded into the program: %s."),
  [RSC_SENTENCE_OLD_VERSION] = N_("The program runs CPython %s; Refscope captures CPython 3.10 and later."),
  [RSC_SENTENCE_NO_HOOK] = N_("CPython did not accept Refscope's audit hook: it is out of memory."),
  [RSC_SENTENCE_NO_CALLBACKS] = N_("The program's collections cannot be recorded: gc.callbacks is no list, or the program is out of memory."),
  [RSC_SENTENCE_NO_COLLECTION] = N_("The program came to its end, and made no such collection before."),
  [RSC_SENTENCE_CALLBACK_GONE] = N_("The program has taken Refscope's callback out of gc.callbacks, and its collection was missed: wait for it again."),
  [RSC_SENTENCE_OTHER_CHILDREN] =
    N_("The program's children are to be in another PID namespace (unshare, setns), where a capture would take the place of its first process: nothing was captured. Capture it before, or its children."),
  [RSC_SENTENCE_FILE_LOST] =
    N_("The program closed the descriptor of the file for the heap, or opened another of that number, just as it came: nothing was captured. Try again."),
};

static size_t
append (char *text, size_t at, char character)
{
  if (at < RSC_WIRE_SENTENCE_SIZE - 1)
    text[at++] = character;

  return at;
}

const char *
rsc_wire_sentence_number (char buffer[24], uint64_t number)
{
  char *at = buffer + 23;

  *at = '\0';
  do
    *--at = (char) ('0' + number % 10);
  while ((number /= 10) != 0);

  return at;
}

void
rsc_wire_sentence_write (char text[RSC_WIRE_SENTENCE_SIZE], RscSentence sentence, const char *a, const char *b)
{
  const char *const parameters[RSC_WIRE_SENTENCE_PARAMETERS] = { a, b };
  char buffer[24];
  size_t n = append (text, 0, SEPARATOR);

  for (const char *at = rsc_wire_sentence_number (buffer, sentence); *at != '\0'; at++)
    n = append (text, n, *at);
  for (size_t i = 0; i < RSC_WIRE_SENTENCE_PARAMETERS; i++)
    {
      n = append (text, n, SEPARATOR);
      for (const char *at = parameters[i] != NULL ? parameters[i] : ""; *at != '\0'; at++)
        n = append (text, n, (unsigned char) *at < 0x20 ? ' ' : *at);
    }
  text[n] = '\0';
}

RscSentence
rsc_wire_sentence_read (const char *text, char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE])
{
  unsigned sentence = 0;

  for (size_t i = 0; i < RSC_WIRE_SENTENCE_PARAMETERS; i++)
    parameters[i][0] = '\0';
  if (*text++ != SEPARATOR)
    return RSC_SENTENCE_NONE;
  for (; *text >= '0' && *text <= '9' && sentence < RSC_N_SENTENCES; text++)
    sentence = sentence * 10 + (unsigned) (*text - '0');
  if (sentence >= RSC_N_SENTENCES)
    return RSC_SENTENCE_NONE;
  for (size_t i = 0; i < RSC_WIRE_SENTENCE_PARAMETERS && *text == SEPARATOR; i++)
    {
      size_t n = 0;

      for (text++; *text != '\0' && *text != SEPARATOR; text++)
        n = append (parameters[i], n, *text);
      parameters[i][n] = '\0';
    }

  return (RscSentence) sentence;
}

const char *
rsc_wire_sentence_get_message (RscSentence sentence)
{
  return (unsigned) sentence < RSC_N_SENTENCES ? messages[sentence] : "";
}

size_t
rsc_wire_sentence_format (char *buffer, size_t size, const char *message,
                          char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE])
{
  size_t length = 0, next = 0;

  while (*message != '\0')
    {
      const char *from = message;
      size_t n = 1, skip = 1;

      if (message[0] == '%' && message[1] == '%')
        skip = 2;
      else if (message[0] == '%')
        {
          size_t which = next;

          if (message[1] >= '1' && message[1] <= '9' && message[2] == '$' && message[3] == 's')
            {
              which = (size_t) (message[1] - '1');
              skip = 4;
            }
          else if (message[1] == 's')
            {
              next++;
              skip = 2;
            }
          from = which < RSC_WIRE_SENTENCE_PARAMETERS ? parameters[which] : "";
          if (skip == 1)
            from = message;
          else
            n = strlen (from);
        }
      for (size_t i = 0; i < n; i++)
        if (length + i + 1 < size)
          buffer[length + i] = from[i];
      length += n;
      message += skip;
    }
  if (size > 0)
    buffer[length < size ? length : size - 1] = '\0';

  return length;
}
