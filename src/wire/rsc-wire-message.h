/* The control protocol between Refscope and the agent, over a private Unix
 * socket (SOCK_SEQPACKET: one packet is one message).
 *
 * C11 only, no GLib: this file is compiled into the program that is inspected.
 * Nothing here allocates, and nothing trusts the other side: a message is
 * checked as a whole by rsc_wire_message_parse(), after which its fields can be
 * looked up.
 *
 *   [RscWireMessageHeader] [RscWireField][value, padded to 8] ...
 *
 * A receiver ignores fields that it does not know, so that fields can be added
 * without a new version.  Numbers are in the machine's own byte order: both ends
 * are one machine. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RSC_WIRE_MESSAGE_MAGIC 0x31435352u /* "RSC1", little-endian */
#define RSC_WIRE_MESSAGE_VERSION 1u

/* Ceilings: of a whole message, of a string without its NUL (longer ones are
 * cut by the sender), of a list, and of the descriptors that travel along. */
#define RSC_WIRE_MESSAGE_MAX 16384u
#define RSC_WIRE_STRING_MAX 2048u
#define RSC_WIRE_LIST_MAX 512u
#define RSC_WIRE_FDS_MAX 2u

typedef struct
{
  uint32_t magic;
  uint16_t version;
  uint16_t type;   /* RscWireMessageType */
  uint32_t number; /* the request's; 0 for what is no answer */
  uint32_t size;   /* of the fields, in bytes */
} RscWireMessageHeader;
static_assert (sizeof (RscWireMessageHeader) == 16, "wire layout");

typedef struct
{
  uint16_t field; /* RscWireFieldId */
  uint16_t kind;  /* RscWireFieldKind */
  uint32_t size;  /* of the value, without its padding */
} RscWireField;
static_assert (sizeof (RscWireField) == 8, "wire layout");

typedef enum
{
  RSC_WIRE_FIELD_NUMBER = 1, /* uint64_t */
  RSC_WIRE_FIELD_STRING = 2, /* bytes and a NUL */
  RSC_WIRE_FIELD_LIST = 3    /* uint64_t [] */
} RscWireFieldKind;

typedef enum
{
  /* from the agent */
  RSC_WIRE_HELLO = 1,      /* PID, VERSION_HEX, TEXT (of sys.version), EXECUTABLE */
  RSC_WIRE_REFUSED = 2,    /* PID, TEXT: why this interpreter cannot be captured */
  RSC_WIRE_MARK = 3,       /* HINT, FILE, LINE, USS, RSS, TIME */
  RSC_WIRE_HELD = 4,       /* HOLD, HINT, FILE, LINE */
  RSC_WIRE_RESUMED = 5,
  RSC_WIRE_CHILD = 6,      /* PID, PAUSE: the child that captures exists */
  RSC_WIRE_REPLY = 7,      /* STATUS, TEXT and what the request asks for */
  RSC_WIRE_GOODBYE = 8,    /* the interpreter ends */
  RSC_WIRE_EXEC = 9,       /* TEXT: the program that replaces this one, FOLLOWED */
  RSC_WIRE_BEGUN = 10,     /* the program has come to the request, and may take long */
  RSC_WIRE_COLLECTED = 11, /* TIME, GENERATION, COLLECTIONS, FREED, UNCOLLECTABLE: since the last such message */
  RSC_WIRE_EXEC_FAILED = 12, /* the program that EXEC told of did not replace this one */
  RSC_WIRE_RECORDED = 13,  /* RECORDS */
  RSC_WIRE_UNRECORDED = 14, /* COLLECTIONS that ran while they were recorded, and were missed */
  /* from Refscope */
  RSC_WIRE_WELCOME = 32,   /* HOLD_ALL, HOLD_NAME ..., ENABLED: whether to record collections */
  RSC_WIRE_TURNED_AWAY = 33, /* another interpreter is the program */
  RSC_WIRE_CONTINUE = 34,
  RSC_WIRE_SET_HOLD = 35,  /* HOLD_ALL */
  RSC_WIRE_CAPTURE = 36,   /* DEADLINE, FLAGS; a memfd */
  RSC_WIRE_COLLECT = 37,   /* DEADLINE, FLAGS, GENERATION; two memfds with FLAG_CAPTURE */
  RSC_WIRE_GC_INFO = 38,   /* DEADLINE */
  RSC_WIRE_SET_THRESHOLDS = 39, /* DEADLINE, THRESHOLDS */
  RSC_WIRE_SET_ENABLED = 40, /* DEADLINE, ENABLED */
  RSC_WIRE_CANCEL = 41,    /* number: of the request that nobody waits for any more */
  RSC_WIRE_SET_RECORDING = 42, /* DEADLINE, ENABLED */
  RSC_WIRE_AWAIT_COLLECTION = 43 /* GENERATION, at least; two memfds: captures around the next one that runs by itself */
} RscWireMessageType;

typedef enum
{
  RSC_WIRE_PID = 1,
  RSC_WIRE_VERSION_HEX = 2,
  RSC_WIRE_TEXT = 3,
  RSC_WIRE_EXECUTABLE = 4,
  RSC_WIRE_HINT = 5,
  RSC_WIRE_FILE = 6,
  RSC_WIRE_LINE = 7,
  RSC_WIRE_USS = 8,        /* bytes; missing if it could not be told */
  RSC_WIRE_RSS = 9,
  RSC_WIRE_TIME = 10,      /* CLOCK_MONOTONIC of the program, nanoseconds */
  RSC_WIRE_HOLD = 11,      /* RscWireHold */
  RSC_WIRE_PAUSE = 12,     /* nanoseconds */
  RSC_WIRE_STATUS = 13,    /* RscWireStatus */
  RSC_WIRE_HOLD_ALL = 14,  /* whether to hold at marks and before the end */
  RSC_WIRE_HOLD_NAME = 15, /* a mark's name at which to hold in any case; may be repeated */
  RSC_WIRE_DEADLINE = 16,  /* CLOCK_MONOTONIC of the program, nanoseconds: later, nothing is begun */
  RSC_WIRE_FLAGS = 17,     /* RscWireRequestFlags */
  RSC_WIRE_GENERATION = 18,
  RSC_WIRE_THRESHOLDS = 19, /* 3 */
  RSC_WIRE_COUNTS = 20,    /* 3 */
  RSC_WIRE_STATISTICS = 21, /* collections, collected, uncollectable for each generation */
  RSC_WIRE_FROZEN = 22,
  RSC_WIRE_ENABLED = 23,
  RSC_WIRE_RETURNED = 24,  /* what gc.collect() returned, an int64_t */
  RSC_WIRE_ON_MAIN_THREAD = 25,
  RSC_WIRE_OTHERS_RAN = 26,
  RSC_WIRE_OBJECTS = 27,   /* per generation */
  RSC_WIRE_COLLECTIONS = 28, /* how many */
  RSC_WIRE_FREED = 29,     /* objects */
  RSC_WIRE_UNCOLLECTABLE = 30, /* objects */
  RSC_WIRE_FOLLOWED = 31,  /* whether it is a Python that is to say hello */
  RSC_WIRE_RECORDS = 32,   /* RscWireRecord, one after the other */
  RSC_WIRE_FILES = 33      /* st_dev and st_ino of each descriptor that travels along */
} RscWireFieldId;

/* A collection that was recorded: what RECORDS is made of. */
typedef struct
{
  uint64_t began;    /* CLOCK_MONOTONIC of the program, nanoseconds */
  uint64_t duration; /* nanoseconds, with the program's finalizers and callbacks */
  uint64_t generation;
  uint64_t collected, uncollectable; /* objects */
  uint64_t counts_before[3], counts_after[3]; /* gc.get_count () */
  uint64_t thresholds[3];
  uint64_t request;  /* the number of the AWAIT_COLLECTION that it was captured for; 0: of none */
} RscWireRecord;
#define RSC_WIRE_RECORD_VALUES 15u
#define RSC_WIRE_RECORDS_MAX (RSC_WIRE_LIST_MAX / RSC_WIRE_RECORD_VALUES)
static_assert (sizeof (RscWireRecord) == RSC_WIRE_RECORD_VALUES * sizeof (uint64_t), "wire layout");

typedef enum
{
  RSC_WIRE_HOLD_NONE = 0,
  RSC_WIRE_HOLD_MARK = 1,
  RSC_WIRE_HOLD_AT_EXIT = 2,
  RSC_WIRE_HOLD_UNCAUGHT = 3
} RscWireHold;

typedef enum
{
  RSC_WIRE_IN_PLACE = 1 << 0,      /* walk in the program itself */
  RSC_WIRE_COLLECT_BEFORE = 1 << 1, /* gc.collect() first */
  RSC_WIRE_RELEASE = 1 << 2,       /* a held program goes on as soon as the child exists */
  RSC_WIRE_WITH_CAPTURES = 1 << 3, /* capture before and after the collection */
  RSC_WIRE_AGENT_THREAD = 1 << 4,  /* collect on the agent's thread */
  RSC_WIRE_VALUES_SHIFT = 8        /* from this bit on RSC_WIRE_VALUES_... of a capture */
} RscWireRequestFlags;

typedef enum
{
  RSC_WIRE_DONE = 0,
  RSC_WIRE_FAILED = 1,
  RSC_WIRE_LATE = 2,        /* the deadline had passed: nothing was done */
  RSC_WIRE_NOT_RUN = 3,     /* the main thread did not come to it */
  RSC_WIRE_UNSUPPORTED = 4,
  RSC_WIRE_BUSY = 5,
  RSC_WIRE_ENDING = 6       /* the interpreter ends */
} RscWireStatus;

typedef struct
{
  size_t size;
  _Alignas (8) unsigned char data[RSC_WIRE_MESSAGE_MAX];
} RscWireMessage;

typedef enum
{
  RSC_WIRE_OK = 0,
  RSC_WIRE_BAD_SIZE,    /* shorter or longer than it says, or above the ceiling */
  RSC_WIRE_BAD_MAGIC,
  RSC_WIRE_BAD_VERSION,
  RSC_WIRE_BAD_FIELD    /* a field passes the end, or is not what its kind says */
} RscWireResult;

/* Building.  The adders return false, and add nothing, if there is no room. */
void rsc_wire_message_init (RscWireMessage *self, RscWireMessageType type, uint32_t number);
bool rsc_wire_message_add_number (RscWireMessage *self, RscWireFieldId field, uint64_t value);
/* NULL is taken as "". */
bool rsc_wire_message_add_string (RscWireMessage *self, RscWireFieldId field, const char *text);
bool rsc_wire_message_add_list (RscWireMessage *self, RscWireFieldId field, const uint64_t *values, size_t n_values);

/* Takes @size untrusted bytes; on success they are in @self. */
RscWireResult rsc_wire_message_parse (RscWireMessage *self, const void *data, size_t size);

/* Looking up, in a message that was built or parsed. */
RscWireMessageType rsc_wire_message_get_type   (const RscWireMessage *self);
uint32_t           rsc_wire_message_get_number (const RscWireMessage *self);
bool rsc_wire_message_has (const RscWireMessage *self, RscWireFieldId field);
/* @fallback if it is missing. */
uint64_t rsc_wire_message_number (const RscWireMessage *self, RscWireFieldId field, uint64_t fallback);
/* Borrowed; NULL if it is missing. */
const char *rsc_wire_message_string (const RscWireMessage *self, RscWireFieldId field);
/* The @nth string of that field, counted from 0. */
const char *rsc_wire_message_nth_string (const RscWireMessage *self, RscWireFieldId field, unsigned nth);
/* Copies at most @max values and returns how many there were. */
size_t rsc_wire_message_list (const RscWireMessage *self, RscWireFieldId field, uint64_t *values, size_t max);

/* Which file the @nth descriptor was that came along; false: that was not said. */
bool rsc_wire_message_get_file (const RscWireMessage *self, size_t nth, uint64_t *device, uint64_t *inode);

/* One packet; SIGPIPE is not raised.  0, or an errno.  It says which files they are: where it is received, others may close
 * and open at the same time what has the same numbers. */
int rsc_wire_message_send (const RscWireMessage *self, int socket, const int *fds, size_t n_fds);

/* The same without waiting for room: EAGAIN if there is none. */
int rsc_wire_message_send_now (const RscWireMessage *self, int socket);

/* One packet.  0, or an errno: EPIPE if the other side has hung up, EBADMSG if
 * what came is no message (@result says why).  Descriptors that came along are
 * close-on-exec and the caller's; *n_fds says how many there is room for, and then
 * how many came: more than that are closed and make it EBADMSG. */
int rsc_wire_message_receive (RscWireMessage *self, int socket, int *fds, size_t *n_fds, RscWireResult *result);
