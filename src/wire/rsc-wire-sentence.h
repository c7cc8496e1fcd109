/* What the agent says to people: a sentence's number and its parameters, so that
 * Refscope can say it in the user's language.
 *
 * C11 only, no GLib: the writing side is compiled into the program that is
 * inspected, also into the child that captures and its handlers of signals: nothing
 * there allocates, or looks at a locale. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a written sentence, with its NUL. */
#define RSC_WIRE_SENTENCE_SIZE 384
#define RSC_WIRE_SENTENCE_PARAMETERS 2

typedef enum
{
  RSC_SENTENCE_NONE,
  RSC_SENTENCE_NO_MEMORY,
  RSC_SENTENCE_MEMORY_LIMIT,      /* the limit's name, MiB */
  RSC_SENTENCE_TOO_MANY_OBJECTS,
  RSC_SENTENCE_TOO_MANY_TEXTS,
  RSC_SENTENCE_WRITE_FILE_LIMIT,  /* bytes written */
  RSC_SENTENCE_WRITE_NO_MEMORY,   /* bytes written */
  RSC_SENTENCE_WRITE_NOTHING,     /* bytes written */
  RSC_SENTENCE_WRITE_ERROR,       /* bytes written, errno */
  RSC_SENTENCE_FAULT,             /* the signal's name */
  RSC_SENTENCE_FAULT_IN_TYPE,     /* the signal's name, the type's */
  RSC_SENTENCE_CHILD_KILLED,      /* the signal's number */
  RSC_SENTENCE_CHILD_LATE,        /* seconds */
  RSC_SENTENCE_CHILD_SILENT,
  RSC_SENTENCE_CLONE_PROCESSES,
  RSC_SENTENCE_CLONE_MEMORY,
  RSC_SENTENCE_CLONE_ERROR,       /* errno */
  RSC_SENTENCE_CANCELLED,
  RSC_SENTENCE_FREE_THREADED,     /* the version */
  RSC_SENTENCE_32_BIT,
  RSC_SENTENCE_UNKNOWN_VERSION,   /* the version */
  RSC_SENTENCE_INCREMENTAL_COLLECTOR, /* the version */
  RSC_SENTENCE_UNKNOWN_STRUCTURES, /* sys.version */
  RSC_SENTENCE_NOT_CAPTURED_INTERPRETERS, /* their number */
  RSC_SENTENCE_COLLECTION_RUNNING,
  RSC_SENTENCE_FRAMES_UNREADABLE,
  RSC_SENTENCE_NO_FILE,
  RSC_SENTENCE_BUSY,
  RSC_SENTENCE_UNKNOWN_REQUEST,
  RSC_SENTENCE_COLLECTOR_REFUSED, /* the exception's text */
  RSC_SENTENCE_NOT_LOADED,        /* the dynamic linker's text */
  RSC_SENTENCE_OLD_VERSION,       /* the version */
  RSC_SENTENCE_NO_HOOK,
  RSC_SENTENCE_NO_CALLBACKS,
  RSC_SENTENCE_NO_COLLECTION,
  RSC_SENTENCE_CALLBACK_GONE,
  RSC_SENTENCE_FILE_LOST,
  RSC_SENTENCE_OTHER_CHILDREN,
  RSC_N_SENTENCES
} RscSentence;

/* Async-signal-safe.  Parameters may be NULL; what does not fit is cut. */
void rsc_wire_sentence_write (char text[RSC_WIRE_SENTENCE_SIZE], RscSentence sentence, const char *a, const char *b);
/* As text, in @buffer; returns it. */
const char *rsc_wire_sentence_number (char buffer[24], uint64_t number);

/* Reads what was written.  RSC_SENTENCE_NONE if it was not, or is not known here.  The parameters are copied to
 * @parameters; missing ones are "". */
RscSentence rsc_wire_sentence_read (const char *text,
                                    char        parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE]);
/* Its English text with %s, or %1$s and %2$s, for the parameters: the message to be translated. */
const char *rsc_wire_sentence_get_message (RscSentence sentence);
/* Puts the parameters into a message or its translation; returns as snprintf() does. */
size_t rsc_wire_sentence_format (char *buffer, size_t size, const char *message,
                                 char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE]);
