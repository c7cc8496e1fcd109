/* A program of its own that has Python inside, and runs it without Py_Main():
 *
 *   embedding-program CODE...      each is run, one after the other; --again: in another interpreter, after the end of the one before */
#include <Python.h>
#include <string.h>

int
main (int argc, char *argv[])
{
  int failed = 0;

  Py_InitializeEx (0);
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--again") == 0)
      {
        failed |= Py_FinalizeEx ();
        Py_InitializeEx (0);
      }
    else
      failed |= PyRun_SimpleString (argv[i]);
  failed |= Py_FinalizeEx ();
  return failed != 0;
}
