/* A program of its own that has Python inside, and runs it without Py_Main():
 *
 *   embedding-program CODE...      each is run, one after the other */
#include <Python.h>

int
main (int argc, char *argv[])
{
  int failed = 0;

  Py_InitializeEx (0);
  for (int i = 1; i < argc; i++)
    failed |= PyRun_SimpleString (argv[i]);
  failed |= Py_FinalizeEx ();
  return failed != 0;
}
