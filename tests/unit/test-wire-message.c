/* The control protocol's messages, in memory and through a socket. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/rsc-wire-message.h"

static void
test_fields (void)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  g_autofree RscWireMessage *parsed = g_new (RscWireMessage, 1);
  const guint64 list[] = { 1, G_MAXUINT64, 3 };
  guint64 values[2] = { 0 };

  rsc_wire_message_init (message, RSC_WIRE_MARK, 42);
  g_assert_true (rsc_wire_message_add_number (message, RSC_WIRE_LINE, G_MAXUINT64));
  g_assert_true (rsc_wire_message_add_string (message, RSC_WIRE_HINT, "a"));
  g_assert_true (rsc_wire_message_add_string (message, RSC_WIRE_HINT, "second"));
  g_assert_true (rsc_wire_message_add_string (message, RSC_WIRE_FILE, NULL));
  g_assert_true (rsc_wire_message_add_list (message, RSC_WIRE_COUNTS, list, 3));

  g_assert_cmpint (rsc_wire_message_parse (parsed, message->data, message->size), ==, RSC_WIRE_OK);
  g_assert_cmpint (rsc_wire_message_get_type (parsed), ==, RSC_WIRE_MARK);
  g_assert_cmpuint (rsc_wire_message_get_number (parsed), ==, 42);
  g_assert_cmpuint (rsc_wire_message_number (parsed, RSC_WIRE_LINE, 0), ==, G_MAXUINT64);
  g_assert_cmpuint (rsc_wire_message_number (parsed, RSC_WIRE_USS, 5), ==, 5);
  g_assert_cmpstr (rsc_wire_message_string (parsed, RSC_WIRE_HINT), ==, "a");
  g_assert_cmpstr (rsc_wire_message_nth_string (parsed, RSC_WIRE_HINT, 1), ==, "second");
  g_assert_null (rsc_wire_message_nth_string (parsed, RSC_WIRE_HINT, 2));
  g_assert_cmpstr (rsc_wire_message_string (parsed, RSC_WIRE_FILE), ==, "");
  g_assert_true (rsc_wire_message_has (parsed, RSC_WIRE_COUNTS));
  g_assert_false (rsc_wire_message_has (parsed, RSC_WIRE_USS));
  g_assert_cmpuint (rsc_wire_message_list (parsed, RSC_WIRE_COUNTS, values, 2), ==, 3);
  g_assert_cmpuint (values[1], ==, G_MAXUINT64);
  /* A field is asked for by its kind as well. */
  g_assert_null (rsc_wire_message_string (parsed, RSC_WIRE_LINE));
}

static void
test_ceilings (void)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  g_autofree RscWireMessage *parsed = g_new (RscWireMessage, 1);
  g_autofree char *longer = g_strnfill (RSC_WIRE_STRING_MAX + 100, 'x');
  guint64 list[RSC_WIRE_LIST_MAX + 1] = { 0 };
  guint n = 0;

  rsc_wire_message_init (message, RSC_WIRE_MARK, 0);
  g_assert_false (rsc_wire_message_add_list (message, RSC_WIRE_COUNTS, list, RSC_WIRE_LIST_MAX + 1));
  while (rsc_wire_message_add_string (message, RSC_WIRE_HINT, longer))
    n++;
  g_assert_cmpuint (n, >, 3);
  g_assert_cmpuint (message->size, <=, RSC_WIRE_MESSAGE_MAX);
  while (rsc_wire_message_add_number (message, RSC_WIRE_LINE, 1))
    ;
  g_assert_cmpint (rsc_wire_message_parse (parsed, message->data, message->size), ==, RSC_WIRE_OK);
  g_assert_cmpuint (strlen (rsc_wire_message_string (parsed, RSC_WIRE_HINT)), ==, RSC_WIRE_STRING_MAX);
}

static void
test_refusals (void)
{
  g_autofree RscWireMessage *good = g_new (RscWireMessage, 1);
  g_autofree RscWireMessage *parsed = g_new (RscWireMessage, 1);
  g_autofree guint8 *bytes = NULL;

  rsc_wire_message_init (good, RSC_WIRE_MARK, 0);
  rsc_wire_message_add_string (good, RSC_WIRE_HINT, "text");
  for (gsize size = 0; size < good->size; size++)
    {
      /* Of just this size, so that a sanitizer sees a look past the end. */
      g_autofree guint8 *cut = g_memdup2 (good->data, MAX (size, 1));

      g_assert_cmpint (rsc_wire_message_parse (parsed, cut, size), ==, RSC_WIRE_BAD_SIZE);
    }

  bytes = g_memdup2 (good->data, good->size);
  bytes[0] ^= 1;
  g_assert_cmpint (rsc_wire_message_parse (parsed, bytes, good->size), ==, RSC_WIRE_BAD_MAGIC);
  bytes[0] ^= 1;
  bytes[4] = 99;
  g_assert_cmpint (rsc_wire_message_parse (parsed, bytes, good->size), ==, RSC_WIRE_BAD_VERSION);
  bytes[4] = RSC_WIRE_MESSAGE_VERSION;
  /* A string without its NUL, and one with a NUL inside. */
  bytes[sizeof (RscWireMessageHeader) + sizeof (RscWireField) + 4] = 'x';
  g_assert_cmpint (rsc_wire_message_parse (parsed, bytes, good->size), ==, RSC_WIRE_BAD_FIELD);
  bytes[sizeof (RscWireMessageHeader) + sizeof (RscWireField) + 4] = 0;
  bytes[sizeof (RscWireMessageHeader) + sizeof (RscWireField) + 1] = 0;
  g_assert_cmpint (rsc_wire_message_parse (parsed, bytes, good->size), ==, RSC_WIRE_BAD_FIELD);
  bytes[sizeof (RscWireMessageHeader) + sizeof (RscWireField) + 1] = 'e';
  /* A field that passes the end, also by a size that wraps around when padded. */
  memset (bytes + sizeof (RscWireMessageHeader) + 4, 0xff, 4);
  g_assert_cmpint (rsc_wire_message_parse (parsed, bytes, good->size), ==, RSC_WIRE_BAD_FIELD);
}

static void
test_socket (void)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  RscWireResult result;
  int sockets[2], fds[RSC_WIRE_FDS_MAX] = { -1, -1 }, received[RSC_WIRE_FDS_MAX];
  gsize n = RSC_WIRE_FDS_MAX;
  char byte;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
  fds[0] = memfd_create ("a", MFD_CLOEXEC);
  fds[1] = memfd_create ("b", MFD_CLOEXEC);
  g_assert_cmpint (pwrite (fds[1], "x", 1, 0), ==, 1);

  rsc_wire_message_init (message, RSC_WIRE_COLLECT, 3);
  g_assert_cmpint (rsc_wire_message_send (message, sockets[0], fds, 2), ==, 0);
  g_assert_cmpint (rsc_wire_message_receive (message, sockets[1], received, &n, &result), ==, 0);
  g_assert_cmpuint (n, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      struct stat status;
      guint64 device, inode;

      g_assert_no_errno (fstat (fds[i], &status));
      g_assert_true (rsc_wire_message_get_file (message, i, &device, &inode));
      g_assert_cmpuint (device, ==, status.st_dev);
      g_assert_cmpuint (inode, ==, status.st_ino);
    }
  g_assert_cmpint (pread (received[1], &byte, 1, 0), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  close (received[0]);
  close (received[1]);

  /* More descriptors than there is room for are closed, and the message is none. */
  g_assert_cmpint (rsc_wire_message_send (message, sockets[0], fds, 2), ==, 0);
  n = 1;
  g_assert_cmpint (rsc_wire_message_receive (message, sockets[1], received, &n, &result), ==, EBADMSG);
  g_assert_cmpuint (n, ==, 0);

  /* Nonsense is told from a hang-up. */
  g_assert_cmpint (send (sockets[0], "nonsense", 8, 0), ==, 8);
  g_assert_cmpint (rsc_wire_message_receive (message, sockets[1], NULL, NULL, &result), ==, EBADMSG);
  g_assert_cmpint (result, ==, RSC_WIRE_BAD_SIZE);
  close (sockets[0]);
  g_assert_cmpint (rsc_wire_message_receive (message, sockets[1], NULL, NULL, &result), ==, EPIPE);
  /* No SIGPIPE. */
  g_assert_cmpint (rsc_wire_message_send (message, sockets[1], NULL, 0), ==, EPIPE);
  close (sockets[1]);
  close (fds[0]);
  close (fds[1]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/message/fields", test_fields);
  g_test_add_func ("/wire/message/ceilings", test_ceilings);
  g_test_add_func ("/wire/message/refusals", test_refusals);
  g_test_add_func ("/wire/message/socket", test_socket);

  return g_test_run ();
}
