#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "test-folder.h"

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_init (fixture, "out");
}

static guint
count_files (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
assert_content (const char *path, const char *expected)
{
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, expected);
}

static void
test_replace (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  struct stat st;

  g_assert_true (rsc_file_replace_contents (fixture->path, FALSE, "one", 3, NULL, &error));
  assert_content (fixture->path, "one");
  g_assert_false (rsc_file_replace_contents (fixture->path, FALSE, "two", 3, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, fixture->path));
  assert_content (fixture->path, "one");

  g_assert_cmpint (g_chmod (fixture->path, 0640), ==, 0);
  g_assert_true (rsc_file_replace_contents (fixture->path, TRUE, "two", 3, NULL, NULL));
  assert_content (fixture->path, "two");
  g_assert_cmpint (g_stat (fixture->path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0640);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

static gboolean
write_and_look (int fd, gpointer user_data, GError **error)
{
  struct stat st;
  mode_t *mode = user_data;

  g_assert_cmpint (fstat (fd, &st), ==, 0);
  *mode = st.st_mode & 0777;
  return rsc_file_write_all (fd, "secret", 6, error);
}

static mode_t
get_mode (const char *path)
{
  struct stat st;

  g_assert_cmpint (g_stat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

/* What only the owner may read is so from the first byte on, whatever the umask is and
 * the file had before; another existing file's permissions are somebody's decision. */
static void
test_private (Fixture *fixture, gconstpointer data)
{
  mode_t old_mask = umask (022);
  mode_t while_written;
  g_autoptr(GError) error = NULL;

  g_assert_true (rsc_file_replace_private (fixture->path, FALSE, write_and_look, &while_written, &error));
  g_assert_no_error (error);
  g_assert_cmpint (while_written, ==, 0600);
  g_assert_cmpint (get_mode (fixture->path), ==, 0600);
  assert_content (fixture->path, "secret");

  g_assert_cmpint (g_chmod (fixture->path, 0640), ==, 0);
  g_assert_true (rsc_file_replace_private (fixture->path, TRUE, write_and_look, &while_written, &error));
  g_assert_cmpint (while_written, ==, 0600);
  g_assert_cmpint (get_mode (fixture->path), ==, 0600);

  /* A umask that would take away the owner's own rights. */
  g_remove (fixture->path);
  umask (0777);
  g_assert_true (rsc_file_replace_private (fixture->path, FALSE, write_and_look, &while_written, &error));
  umask (022);
  g_assert_cmpint (while_written, ==, 0600);
  g_assert_cmpint (get_mode (fixture->path), ==, 0600);

  /* Also not by what is no secret. */
  g_assert_cmpint (g_chmod (fixture->path, 0600), ==, 0);
  g_assert_true (rsc_file_replace (fixture->path, TRUE, write_and_look, &while_written, &error));
  g_assert_cmpint (while_written, ==, 0600);
  g_assert_cmpint (get_mode (fixture->path), ==, 0600);

  g_remove (fixture->path);
  g_assert_true (rsc_file_replace (fixture->path, FALSE, write_and_look, &while_written, &error));
  g_assert_cmpint (get_mode (fixture->path), ==, 0644);
  umask (old_mask);
}

static void
test_symbolic_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link_path = g_build_filename (fixture->folder, "link", NULL);
  g_autofree char *target = NULL;

  g_assert_true (rsc_file_replace_contents (fixture->path, FALSE, "one", 3, NULL, NULL));
  g_assert_cmpint (symlink ("out", link_path), ==, 0);
  g_assert_false (rsc_file_replace_contents (link_path, FALSE, "two", 3, NULL, NULL));
  g_assert_true (rsc_file_replace_contents (link_path, TRUE, "two", 3, NULL, NULL));
  target = g_file_read_link (link_path, NULL);
  g_assert_cmpstr (target, ==, "out");
  assert_content (fixture->path, "two");
}

static gboolean
write_then_fail (int fd, gpointer user_data, GError **error)
{
  g_assert_true (rsc_file_write_all (fd, "half", 4, NULL));
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
  return FALSE;
}

static gboolean
write_meanwhile (int fd, gpointer user_data, GError **error)
{
  /* Somebody else makes the file while we write ours. */
  g_assert_true (g_file_set_contents (user_data, "theirs", -1, NULL));
  return rsc_file_write_all (fd, "ours", 4, error);
}

static void
test_failures (Fixture *fixture, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (fixture->folder, "no", "such", "file", NULL);
  g_autoptr(GError) cancelled = NULL;
  g_autoptr(GError) exists = NULL;
  g_autoptr(GError) not_found = NULL;
  g_autoptr(GError) folder = NULL;

  g_assert_false (rsc_file_replace (fixture->path, FALSE, write_then_fail, NULL, &cancelled));
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (count_files (fixture->folder), ==, 0);

  g_assert_false (rsc_file_replace (fixture->path, FALSE, write_meanwhile, fixture->path, &exists));
  g_assert_error (exists, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS);
  assert_content (fixture->path, "theirs");
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);

  g_assert_false (rsc_file_replace_contents (missing, FALSE, "x", 1, NULL, &not_found));
  g_assert_error (not_found, RSC_FORMAT_ERROR, RSC_ERROR_NOT_FOUND);
  g_assert_false (rsc_file_replace_contents (fixture->folder, TRUE, "x", 1, NULL, &folder));
  g_assert_error (folder, RSC_FORMAT_ERROR, RSC_ERROR_IO);
}

static void
test_no_space (Fixture *fixture, gconstpointer data)
{
  g_autofree char *big = g_malloc0 (1 << 20);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) full = NULL;
  struct rlimit old_limit, limit;
  sigset_t pending;

  g_assert_true (rsc_file_replace_contents (fixture->path, FALSE, "one", 3, NULL, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old_limit), ==, 0);
  limit = old_limit;
  limit.rlim_cur = 65536;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_false (rsc_file_replace_contents (fixture->path, TRUE, big, 1 << 20, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old_limit), ==, 0);

  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO);
  g_assert_nonnull (strstr (error->message, g_strerror (EFBIG)));
  g_assert_nonnull (strstr (error->message, fixture->path));
  assert_content (fixture->path, "one");
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
  /* The signal that came was taken away. */
  sigpending (&pending);
  g_assert_false (sigismember (&pending, SIGXFSZ));

  g_assert_false (rsc_file_replace_contents ("/dev/full", FALSE, "x", 1, NULL, &full));
  g_assert_error (full, RSC_FORMAT_ERROR, RSC_ERROR_IO);
  g_assert_nonnull (strstr (full->message, g_strerror (ENOSPC)));
}

/* A reader that went away is an error, not SIGPIPE. */
static void
test_broken_pipe (Fixture *fixture, gconstpointer data)
{
  g_autofree char *big = g_malloc0 (1 << 20);
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;
  int fds[2];

  g_assert_true (rsc_file_replace_contents ("/dev/null", FALSE, big, 1 << 20, NULL, NULL));
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  path = g_strdup_printf ("/proc/self/fd/%d", fds[1]);
  close (fds[0]);
  g_assert_false (rsc_file_replace_contents (path, FALSE, big, 1 << 20, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO);
  close (fds[1]);
}

static void
test_permission (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  if (geteuid () == 0)
    {
      g_test_skip ("root may write everywhere");
      return;
    }
  g_assert_cmpint (g_chmod (fixture->folder, 0500), ==, 0);
  g_assert_false (rsc_file_replace_contents (fixture->path, FALSE, "x", 1, NULL, &error));
  g_assert_cmpint (g_chmod (fixture->folder, 0700), ==, 0);
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_PERMISSION);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/file/replace", test_replace },
    { "/file/private", test_private },
    { "/file/symbolic-link", test_symbolic_link },
    { "/file/failures", test_failures },
    { "/file/no-space", test_no_space },
    { "/file/broken-pipe", test_broken_pipe },
    { "/file/permission", test_permission },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
