#include "rsc-wire-message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t
padded (size_t size)
{
  return (size + 7) & ~(size_t) 7;
}

static RscWireMessageHeader
get_header (const RscWireMessage *self)
{
  RscWireMessageHeader header;

  memcpy (&header, self->data, sizeof header);

  return header;
}

void
rsc_wire_message_init (RscWireMessage *self, RscWireMessageType type, uint32_t number)
{
  RscWireMessageHeader header = {
    .magic = RSC_WIRE_MESSAGE_MAGIC,
    .version = RSC_WIRE_MESSAGE_VERSION,
    .type = (uint16_t) type,
    .number = number,
  };

  memcpy (self->data, &header, sizeof header);
  self->size = sizeof header;
}

/* Appends a field of @size bytes, of which the caller fills the value. */
static unsigned char *
append (RscWireMessage *self, RscWireFieldId id, RscWireFieldKind kind, size_t size)
{
  RscWireField field = { .field = (uint16_t) id, .kind = (uint16_t) kind, .size = (uint32_t) size };
  RscWireMessageHeader header = get_header (self);
  unsigned char *at = self->data + self->size;

  if (padded (size) > RSC_WIRE_MESSAGE_MAX - self->size
      || sizeof field > RSC_WIRE_MESSAGE_MAX - self->size - padded (size))
    return NULL;

  memcpy (at, &field, sizeof field);
  memset (at + sizeof field, 0, padded (size));
  self->size += sizeof field + padded (size);
  header.size = (uint32_t) (self->size - sizeof header);
  memcpy (self->data, &header, sizeof header);

  return at + sizeof field;
}

bool
rsc_wire_message_add_number (RscWireMessage *self, RscWireFieldId field, uint64_t value)
{
  unsigned char *at = append (self, field, RSC_WIRE_FIELD_NUMBER, sizeof value);

  if (at == NULL)
    return false;
  memcpy (at, &value, sizeof value);

  return true;
}

bool
rsc_wire_message_add_string (RscWireMessage *self, RscWireFieldId field, const char *text)
{
  size_t length = text != NULL ? strnlen (text, RSC_WIRE_STRING_MAX) : 0;
  unsigned char *at = append (self, field, RSC_WIRE_FIELD_STRING, length + 1);

  if (at == NULL)
    return false;
  if (length > 0)
    memcpy (at, text, length);

  return true;
}

bool
rsc_wire_message_add_list (RscWireMessage *self, RscWireFieldId field, const uint64_t *values, size_t n_values)
{
  unsigned char *at;

  if (n_values > RSC_WIRE_LIST_MAX)
    return false;
  at = append (self, field, RSC_WIRE_FIELD_LIST, n_values * sizeof values[0]);
  if (at == NULL)
    return false;
  if (n_values > 0)
    memcpy (at, values, n_values * sizeof values[0]);

  return true;
}

static bool
field_is_valid (const RscWireField *field, const unsigned char *value)
{
  switch (field->kind)
    {
    case RSC_WIRE_FIELD_NUMBER:
      return field->size == sizeof (uint64_t);
    case RSC_WIRE_FIELD_STRING:
      /* Just one NUL, and it is the last byte. */
      return field->size >= 1 && field->size <= RSC_WIRE_STRING_MAX + 1
             && memchr (value, 0, field->size) == value + field->size - 1;
    case RSC_WIRE_FIELD_LIST:
      return field->size % sizeof (uint64_t) == 0 && field->size <= RSC_WIRE_LIST_MAX * sizeof (uint64_t);
    default:
      /* A kind of a later minor change: its size is known, that is enough. */
      return true;
    }
}

RscWireResult
rsc_wire_message_parse (RscWireMessage *self, const void *data, size_t size)
{
  const unsigned char *bytes = data;
  RscWireMessageHeader header;
  size_t at = sizeof header;

  if (size < sizeof header || size > RSC_WIRE_MESSAGE_MAX)
    return RSC_WIRE_BAD_SIZE;
  memcpy (&header, bytes, sizeof header);
  if (header.magic != RSC_WIRE_MESSAGE_MAGIC)
    return RSC_WIRE_BAD_MAGIC;
  if (header.version != RSC_WIRE_MESSAGE_VERSION)
    return RSC_WIRE_BAD_VERSION;
  if (header.size != size - sizeof header)
    return RSC_WIRE_BAD_SIZE;

  /* All before @at is checked. */
  while (at < size)
    {
      RscWireField field;

      if (size - at < sizeof field)
        return RSC_WIRE_BAD_FIELD;
      memcpy (&field, bytes + at, sizeof field);
      at += sizeof field;
      if (field.size > size - at || padded (field.size) > size - at)
        return RSC_WIRE_BAD_FIELD;
      if (!field_is_valid (&field, bytes + at))
        return RSC_WIRE_BAD_FIELD;
      at += padded (field.size);
    }

  if (bytes != self->data)
    memcpy (self->data, bytes, size);
  self->size = size;

  return RSC_WIRE_OK;
}

RscWireMessageType
rsc_wire_message_get_type (const RscWireMessage *self)
{
  return (RscWireMessageType) get_header (self).type;
}

uint32_t
rsc_wire_message_get_number (const RscWireMessage *self)
{
  return get_header (self).number;
}

/* The value of the @nth field of that name and kind; its size in @size. */
static const unsigned char *
find (const RscWireMessage *self, RscWireFieldId id, RscWireFieldKind kind, unsigned nth, size_t *size)
{
  size_t at = sizeof (RscWireMessageHeader);

  while (at < self->size)
    {
      RscWireField field;

      memcpy (&field, self->data + at, sizeof field);
      at += sizeof field;
      if (field.field == id && field.kind == kind && nth-- == 0)
        {
          *size = field.size;
          return self->data + at;
        }
      at += padded (field.size);
    }

  return NULL;
}

bool
rsc_wire_message_has (const RscWireMessage *self, RscWireFieldId field)
{
  size_t size;

  return find (self, field, RSC_WIRE_FIELD_NUMBER, 0, &size) != NULL
         || find (self, field, RSC_WIRE_FIELD_STRING, 0, &size) != NULL
         || find (self, field, RSC_WIRE_FIELD_LIST, 0, &size) != NULL;
}

uint64_t
rsc_wire_message_number (const RscWireMessage *self, RscWireFieldId field, uint64_t fallback)
{
  size_t size;
  const unsigned char *at = find (self, field, RSC_WIRE_FIELD_NUMBER, 0, &size);
  uint64_t value;

  if (at == NULL)
    return fallback;
  memcpy (&value, at, sizeof value);

  return value;
}

const char *
rsc_wire_message_nth_string (const RscWireMessage *self, RscWireFieldId field, unsigned nth)
{
  size_t size;

  return (const char *) find (self, field, RSC_WIRE_FIELD_STRING, nth, &size);
}

const char *
rsc_wire_message_string (const RscWireMessage *self, RscWireFieldId field)
{
  return rsc_wire_message_nth_string (self, field, 0);
}

size_t
rsc_wire_message_list (const RscWireMessage *self, RscWireFieldId field, uint64_t *values, size_t max)
{
  size_t size;
  const unsigned char *at = find (self, field, RSC_WIRE_FIELD_LIST, 0, &size);
  size_t n_values;

  if (at == NULL)
    return 0;
  n_values = size / sizeof values[0];
  memcpy (values, at, (n_values < max ? n_values : max) * sizeof values[0]);

  return n_values;
}

bool
rsc_wire_message_get_file (const RscWireMessage *self, size_t nth, uint64_t *device, uint64_t *inode)
{
  uint64_t files[RSC_WIRE_FDS_MAX][2];

  if (nth >= RSC_WIRE_FDS_MAX || rsc_wire_message_list (self, RSC_WIRE_FILES, files[0], 2 * RSC_WIRE_FDS_MAX) < 2 * (nth + 1))
    return false;
  *device = files[nth][0];
  *inode = files[nth][1];

  return true;
}

static int
send_with (const RscWireMessage *self, int socket, const int *fds, size_t n_fds, int flags)
{
  union
  {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * RSC_WIRE_FDS_MAX)];
  } control;
  struct iovec iov = { .iov_base = (void *) self->data, .iov_len = self->size };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
  ssize_t sent;

  if (n_fds > 0)
    {
      struct cmsghdr *header;

      memset (&control, 0, sizeof control);
      msg.msg_control = control.bytes;
      msg.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
      header = CMSG_FIRSTHDR (&msg);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
      memcpy (CMSG_DATA (header), fds, sizeof (int) * n_fds);
    }

  do
    sent = sendmsg (socket, &msg, flags);
  while (sent < 0 && errno == EINTR);

  if (sent < 0)
    return errno;

  return (size_t) sent == self->size ? 0 : EMSGSIZE;
}

/* 0, or an errno. */
static int
add_files (RscWireMessage *self, const int *fds, size_t n_fds)
{
  uint64_t files[RSC_WIRE_FDS_MAX][2];

  for (size_t i = 0; i < n_fds; i++)
    {
      struct stat status;

      if (fstat (fds[i], &status) != 0)
        return errno;
      files[i][0] = status.st_dev;
      files[i][1] = status.st_ino;
    }

  return rsc_wire_message_add_list (self, RSC_WIRE_FILES, files[0], 2 * n_fds) ? 0 : EMSGSIZE;
}

/* Apart: a message is much for the stack of a program's thread, and those send no descriptors. */
static int __attribute__ ((noinline))
send_files (const RscWireMessage *self, int socket, const int *fds, size_t n_fds)
{
  RscWireMessage with_files = *self;
  int error = add_files (&with_files, fds, n_fds);

  return error != 0 ? error : send_with (&with_files, socket, fds, n_fds, MSG_NOSIGNAL);
}

int
rsc_wire_message_send (const RscWireMessage *self, int socket, const int *fds, size_t n_fds)
{
  if (n_fds > RSC_WIRE_FDS_MAX)
    return EINVAL;

  return n_fds > 0 ? send_files (self, socket, fds, n_fds) : send_with (self, socket, NULL, 0, MSG_NOSIGNAL);
}

int
rsc_wire_message_send_now (const RscWireMessage *self, int socket)
{
  return send_with (self, socket, NULL, 0, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Hands out at most *n_fds of the descriptors that came along and closes the
 * rest.  Returns false if there were more.  A process that has no number left for
 * them gets fewer than were sent (MSG_CTRUNC): the message is good all the same. */
static bool
take_fds (struct msghdr *msg, int *fds, size_t *n_fds)
{
  size_t room = *n_fds;
  bool fits = true;

  *n_fds = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (msg); header != NULL; header = CMSG_NXTHDR (msg, header))
    {
      size_t n;

      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        continue;
      n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (size_t i = 0; i < n; i++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
          if (*n_fds < room)
            fds[(*n_fds)++] = fd;
          else
            {
              close (fd);
              fits = false;
            }
        }
    }

  return fits;
}

int
rsc_wire_message_receive (RscWireMessage *self, int socket, int *fds, size_t *n_fds, RscWireResult *result)
{
  union
  {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * (RSC_WIRE_FDS_MAX + 2))];
  } control;
  struct iovec iov = { .iov_base = self->data, .iov_len = sizeof self->data };
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
  };
  size_t no_room = 0;
  ssize_t received;
  bool fits;

  *result = RSC_WIRE_OK;
  self->size = 0;
  if (n_fds == NULL)
    n_fds = &no_room;

  do
    received = recvmsg (socket, &msg, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);

  if (received < 0)
    {
      *n_fds = 0;
      return errno == ECONNRESET ? EPIPE : errno;
    }

  fits = take_fds (&msg, fds, n_fds);
  if (received == 0)
    return EPIPE;
  if (!fits || (msg.msg_flags & MSG_TRUNC) != 0)
    *result = RSC_WIRE_BAD_SIZE;
  else
    *result = rsc_wire_message_parse (self, self->data, (size_t) received);
  if (*result == RSC_WIRE_OK)
    return 0;

  for (size_t i = 0; i < *n_fds; i++)
    close (fds[i]);
  *n_fds = 0;

  return EBADMSG;
}
