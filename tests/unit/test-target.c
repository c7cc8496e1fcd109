/* Launching, without a CPython: what Refscope's own side keeps. */
#include "config.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "capture/rsc-target-private.h"

#define N_REFERENCES 300000

static RscTarget *
launch (const char *program)
{
  const char *argv[] = { program, NULL };
  RscLaunchOptions options = { .argv = argv, .pipe_streams = TRUE };
  g_autoptr(GError) error = NULL;
  RscTarget *target = rsc_target_launch (&options, &error);

  g_assert_no_error (error);

  return target;
}

static gpointer
take_references (gpointer data)
{
  RscTarget *target = data;

  for (guint i = 0; i < N_REFERENCES; i++)
    {
      rsc_target_ref (target);
      rsc_target_unref (target);
    }

  return NULL;
}

/* Whoever waits for an answer does so in a thread with a reference of its own. */
static void
test_references_of_threads (void)
{
  RscTarget *target = launch ("/bin/cat");
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("references", take_references, target);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (rsc_target_write_input (target, NULL, 0, NULL));
  while (rsc_target_get_state (target, NULL) != RSC_TARGET_EXITED)
    {
      RscTargetEvent *event = rsc_target_next_event (target, -1, NULL, NULL);

      g_assert_nonnull (event);
      rsc_target_event_free (event);
    }
  rsc_target_unref (target);
}

/* An agent that says what the test wants. */
static int
connect_agent (RscTarget *target)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  RscWireResult result;
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", target->folder);
  g_assert_cmpint (connect (fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
  rsc_wire_message_init (message, RSC_WIRE_HELLO, 0);
  rsc_wire_message_add_string (message, RSC_WIRE_TEXT, "3.11.2 (test)");
  g_assert_cmpint (rsc_wire_message_send (message, fd, NULL, 0), ==, 0);
  g_assert_cmpint (rsc_wire_message_receive (message, fd, NULL, NULL, &result), ==, 0);
  g_assert_cmpint (rsc_wire_message_get_type (message), ==, RSC_WIRE_WELCOME);

  return fd;
}

typedef struct
{
  RscTarget *target;
  double seconds;
  GCancellable *cancellable;
  const RscProgress *progress;
  GError *error;
} Capture;

static gpointer
capture (gpointer data)
{
  Capture *self = data;
  RscCaptureOptions options = { .timeout_seconds = self->seconds };

  return rsc_target_capture (self->target, &options, self->progress, self->cancellable, &self->error);
}

static guint32
expect (int fd, RscWireMessageType type)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  int fds[RSC_WIRE_FDS_MAX];
  gsize n_fds = G_N_ELEMENTS (fds);
  RscWireResult result;

  g_assert_cmpint (rsc_wire_message_receive (message, fd, fds, &n_fds, &result), ==, 0);
  g_assert_cmpint (rsc_wire_message_get_type (message), ==, type);
  for (gsize i = 0; i < n_fds; i++)
    close (fds[i]);

  return rsc_wire_message_get_number (message);
}

/* Each is a sentence after a while, and the agent is told that nobody waits. */
static void
test_an_agent_that_falls_silent (void)
{
  RscTarget *target = launch ("/bin/cat");
  int fd = connect_agent (target);

  target->child_seconds = 1;
  for (int with_child = 0; with_child < 2; with_child++)
    {
      g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
      Capture job = { .target = target, .seconds = with_child ? 60 : 0.1 };
      GThread *thread = g_thread_new ("capture", capture, &job);
      guint32 number = expect (fd, RSC_WIRE_CAPTURE);

      rsc_wire_message_init (message, RSC_WIRE_CHILD, number);
      rsc_wire_message_add_number (message, RSC_WIRE_PID, 1);
      if (with_child)
        g_assert_cmpint (rsc_wire_message_send (message, fd, NULL, 0), ==, 0);
      g_assert_null (g_thread_join (thread));
      g_assert_error (job.error, RSC_CAPTURE_ERROR, RSC_ERROR_TIMEOUT);
      g_assert_nonnull (strstr (job.error->message, with_child ? "not over after 1 s" : "within 0.1 s"));
      g_assert_cmpuint (expect (fd, RSC_WIRE_CANCEL), ==, number);
      g_error_free (job.error);
    }
  g_assert_true (rsc_target_write_input (target, NULL, 0, NULL));
  close (fd);
  rsc_target_unref (target);
}

/* Says that it has come to the request, and no more: a walk in place, or a collection. */
static void
note_progress (double fraction, const char *message, gpointer user_data)
{
  GAsyncQueue *messages = user_data;

  g_async_queue_push (messages, g_strdup (message));
}

static void
test_what_takes_long_is_told (void)
{
  RscTarget *target = launch ("/bin/cat");
  int fd = connect_agent (target);
  g_autoptr(GAsyncQueue) messages = g_async_queue_new_full (g_free);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  RscProgress progress = { .func = note_progress, .user_data = messages };
  Capture job = { .target = target, .seconds = 60, .cancellable = cancellable, .progress = &progress };
  GThread *thread = g_thread_new ("capture", capture, &job);
  guint32 number = expect (fd, RSC_WIRE_CAPTURE);
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  rsc_wire_message_init (message, RSC_WIRE_BEGUN, number);
  g_assert_cmpint (rsc_wire_message_send (message, fd, NULL, 0), ==, 0);
  first = g_async_queue_pop (messages);
  g_assert_cmpstr (first, ==, "Walking the heap");
  second = g_async_queue_pop (messages);
  g_assert_true (g_str_has_prefix (second, "Walking the heap (for "));
  g_cancellable_cancel (cancellable);
  g_assert_null (g_thread_join (thread));
  g_assert_error (job.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (expect (fd, RSC_WIRE_CANCEL), ==, number);
  g_error_free (job.error);
  g_assert_true (rsc_target_write_input (target, NULL, 0, NULL));
  close (fd);
  rsc_target_unref (target);
}

/* A private folder of a Refscope; -1, or the socket on which it listens. */
static int
make_folder (const char *parent, const char *name, gboolean listens, char **folder)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *link = NULL;
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  *folder = g_build_filename (parent, name, NULL);
  link = g_build_filename (*folder, "refscope-agent.so", NULL);
  g_assert_cmpint (g_mkdir (*folder, 0700), ==, 0);
  g_assert_cmpint (symlink ("/nowhere", link), ==, 0);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", *folder);
  g_assert_cmpint (bind (fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  if (listens)
    return fd;
  close (fd);

  return -1;
}

/* One whose maker was killed before it listened. */
static void
make_unfinished_folder (const char *parent, const char *name, gboolean old, char **folder)
{
  struct timeval long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
  g_autofree char *link = NULL;

  *folder = g_build_filename (parent, name, NULL);
  link = g_build_filename (*folder, "refscope-agent.so", NULL);
  g_assert_cmpint (g_mkdir (*folder, 0700), ==, 0);
  g_assert_cmpint (symlink ("/nowhere", link), ==, 0);
  if (old)
    g_assert_cmpint (utimes (*folder, long_ago), ==, 0);
}

static void
remove_folder (const char *folder)
{
  const char *const names[] = { "refscope-agent.so", "socket", "other" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* No system has a process of that number. */
#define DEAD "refscope-2147483646-"

static void
test_folders_left_over (void)
{
  g_autofree char *parent = g_strdup ("/tmp/sweep-XXXXXX");
  g_autofree char *dead = NULL, *alive = NULL, *used = NULL, *other_name = NULL, *open_to_all = NULL, *with_more = NULL;
  g_autofree char *unfinished = NULL, *young = NULL, *in_the_making = NULL, *empty = NULL, *mine = NULL, *link = NULL;
  g_autofree char *more = NULL;
  g_autofree char *variable = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) variables = NULL;
  const char *argv[] = { "/bin/cat", NULL };
  RscTarget *target;
  int listener, input;

  g_assert_nonnull (g_mkdtemp (parent));
  make_folder (parent, DEAD "aaaaaa", FALSE, &dead);
  listener = make_folder (parent, DEAD "bbbbbb", TRUE, &alive);
  make_folder (parent, DEAD "cccccc", FALSE, &used);
  make_folder (parent, "refscope-of-mine", FALSE, &other_name);
  make_folder (parent, DEAD "dddddd", FALSE, &open_to_all);
  make_folder (parent, DEAD "eeeeee", FALSE, &with_more);
  make_unfinished_folder (parent, DEAD "ffffff", TRUE, &unfinished);
  make_unfinished_folder (parent, DEAD "gggggg", FALSE, &young);
  mine = g_strdup_printf ("refscope-%d-hhhhhh", (int) getpid ());
  make_unfinished_folder (parent, mine, TRUE, &in_the_making);
  empty = g_build_filename (parent, DEAD "iiiiii", NULL);
  g_assert_cmpint (g_mkdir (empty, 0700), ==, 0);
  g_assert_cmpint (utimes (empty, (struct timeval[2]) { { .tv_sec = 1 }, { .tv_sec = 1 } }), ==, 0);
  /* What a link leads to is somebody else's. */
  link = g_build_filename (parent, DEAD "jjjjjj", NULL);
  g_assert_cmpint (symlink (in_the_making, link), ==, 0);
  g_assert_cmpint (g_chmod (open_to_all, 0755), ==, 0);
  more = g_build_filename (with_more, "other", NULL);
  g_assert_true (g_file_set_contents (more, "x", 1, &error));

  /* A program of a Refscope that was killed: it may start others yet. */
  variable = g_strdup_printf ("A=%s/x", used);
  variables = g_strsplit (variable, " ", 1);
  g_assert_true (g_spawn_async_with_pipes (NULL, (char **) argv, variables, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                                           &input, NULL, NULL, &error));
  g_assert_no_error (error);

  g_setenv ("XDG_RUNTIME_DIR", parent, TRUE);
  target = launch ("/bin/true");
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (alive, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (used, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other_name, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (open_to_all, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (more, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (empty, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (young, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (in_the_making, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  /* While it runs, its folder stays. */
  while (rsc_target_get_state (target, NULL) != RSC_TARGET_EXITED)
    rsc_target_event_free (rsc_target_next_event (target, -1, NULL, NULL));
  rsc_target_unref (target);
  close (input);
  close (listener);

  remove_folder (alive);
  remove_folder (used);
  remove_folder (other_name);
  remove_folder (open_to_all);
  remove_folder (with_more);
  remove_folder (young);
  remove_folder (in_the_making);
  g_assert_cmpint (g_unlink (link), ==, 0);
  g_assert_cmpint (g_rmdir (parent), ==, 0);
}

static void
push (RscTarget *target, RscTargetEventType type, guint64 collections, gboolean recorded)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = type;
  event->collections = collections;
  event->recorded = recorded;
  rsc_target_push_event (target, event);
}

static void
fill (RscTarget *target)
{
  while (g_queue_get_length (&target->events) < RSC_TARGET_MAX_EVENTS)
    push (target, RSC_EVENT_OUTPUT, 0, FALSE);
}

/* Recorded collections that nobody fetched are counted, and told of where there is room again. */
static void
test_no_room_for_events (void)
{
  static const guint64 expected[] = { 8, 2 };
  RscTarget *target = launch ("/bin/cat");
  RscTargetEvent *event;
  gboolean ended = FALSE, after_unrecorded = FALSE;
  guint n = 0;

  g_mutex_lock (&target->lock);
  fill (target);
  for (guint i = 0; i < 3; i++)
    push (target, RSC_EVENT_COLLECTION, 1, TRUE);
  push (target, RSC_EVENT_COLLECTION, 4, FALSE);
  push (target, RSC_EVENT_UNRECORDED, 5, FALSE);
  g_assert_cmpuint (g_queue_get_length (&target->events), ==, RSC_TARGET_MAX_EVENTS);
  for (guint i = 0; i < 10; i++)
    rsc_target_event_free (g_queue_pop_head (&target->events));
  push (target, RSC_EVENT_COLLECTION, 1, TRUE);
  g_assert_cmpuint (g_queue_get_length (&target->events), ==, RSC_TARGET_MAX_EVENTS - 8);
  fill (target);
  push (target, RSC_EVENT_UNRECORDED, 2, FALSE);
  g_mutex_unlock (&target->lock);

  /* Its end comes in any case. */
  g_assert_true (rsc_target_write_input (target, NULL, 0, NULL));
  while ((event = rsc_target_next_event (target, -1, NULL, NULL)) != NULL)
    {
      if (after_unrecorded && n == 1)
        g_assert_true (event->type == RSC_EVENT_COLLECTION && event->recorded);
      after_unrecorded = event->type == RSC_EVENT_UNRECORDED;
      if (after_unrecorded)
        {
          g_assert_cmpuint (n, <, G_N_ELEMENTS (expected));
          g_assert_cmpuint (event->collections, ==, expected[n]);
          g_assert_false (ended);
          n++;
        }
      ended |= event->type == RSC_EVENT_STATE && event->state == RSC_TARGET_EXITED;
      rsc_target_event_free (event);
    }
  g_assert_true (ended);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (expected));
  rsc_target_unref (target);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  if (g_getenv ("RSC_AGENT") == NULL)
    {
      g_print ("1..0 # SKIP the agent is not built: -Dagent=disabled, or no Python headers\n");
      return 0;
    }
  g_test_add_func ("/target/references-of-threads", test_references_of_threads);
  g_test_add_func ("/target/an-agent-that-falls-silent", test_an_agent_that_falls_silent);
  g_test_add_func ("/target/what-takes-long-is-told", test_what_takes_long_is_told);
  g_test_add_func ("/target/no-room-for-events", test_no_room_for_events);
  g_test_add_func ("/target/folders-left-over", test_folders_left_over);

  return g_test_run ();
}
