/* What `import refscope` finds in a launched program.
 *
 * The import statement raises an audit event before it looks for a module.  If it
 * is for the package, and the program's own sys.path has none of that name,
 * the package is loaded then and there from the place that Refscope named: the
 * statement finds it in sys.modules.  sys.path, sys.meta_path, sys.path_hooks and
 * sys.builtin_module_names are what they were, and -I, -S and -E make no
 * difference.
 *
 * importlib.import_module() and importlib.util.find_spec() raise no such event.  For
 * them there is a finder of ours, in the one place where it changes nothing of these: as
 * what sys.path_importer_cache has for an entry of sys.path that does not exist, and
 * so has none.  Every interpreter has such an entry, the zip file of the standard library.
 * A program that empties that cache finds the package by the statement only. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char package_folder[PATH_MAX];
/* Our finder is not to find it; guarded by the GIL, and at worst another thread's import is not found here but there. */
static bool is_looking_for_others;

/* A str's text, in bytes of our own: asking the str itself for it makes it keep a copy, and grow.  NULL, with an
 * exception. */
static PyObject *
encode (PyObject *text)
{
  return PyUnicode_AsEncodedString (text, "utf-8", "backslashreplace");
}

static PyObject *
mark (PyObject *self, PyObject *args, PyObject *names)
{
  static char *keywords[] = { "hint", NULL };
  PyObject *hint = NULL, *hint_bytes = NULL, *file_bytes = NULL;
  void *file;
  uint32_t line = 0;
  int result;

  if (!PyArg_ParseTupleAndKeywords (args, names, "|U:mark", keywords, &hint))
    return NULL;
  if (!rsc_agent_is_connected ())
    Py_RETURN_NONE;

  if (hint != NULL && (hint_bytes = encode (hint)) == NULL)
    return NULL;
  if (rsc_walk_get_place (&file, &line) == 0 && PyUnicode_Check ((PyObject *) file)
      && (file_bytes = encode (file)) == NULL)
    PyErr_Clear ();
  result = rsc_agent_mark (hint_bytes != NULL ? PyBytes_AsString (hint_bytes) : "",
                           file_bytes != NULL ? PyBytes_AsString (file_bytes) : NULL, line);
  Py_XDECREF (file_bytes);
  Py_XDECREF (hint_bytes);
  if (result != 0)
    return NULL;

  Py_RETURN_NONE;
}

static PyObject *
is_connected (PyObject *self, PyObject *unused)
{
  return PyBool_FromLong (rsc_agent_is_connected ());
}

PyDoc_STRVAR (mark_doc,
              "mark(hint='')\n--\n\n"
              "Tell Refscope that the program has come here.\n\n"
              "If Refscope holds the program at marks, this returns when it is to go on; the\n"
              "calling thread waits without the GIL.");
PyDoc_STRVAR (is_connected_doc,
              "is_connected()\n--\n\n"
              "Whether Refscope listens.");

static PyMethodDef marks_methods[] = {
  { "mark", (PyCFunction) (void (*) (void)) mark, METH_VARARGS | METH_KEYWORDS, mark_doc },
  { "is_connected", is_connected, METH_NOARGS, is_connected_doc },
  { NULL }
};

static PyModuleDef marks_module = {
  PyModuleDef_HEAD_INIT,
  .m_name = RSC_AGENT_MARKS_MODULE,
  .m_size = -1,
  .m_methods = marks_methods,
};

static int
load_marks (PyObject *modules)
{
  PyObject *module = PyModule_Create (&marks_module);
  int result = -1;

  if (module != NULL)
    result = PyDict_SetItemString (modules, RSC_AGENT_MARKS_MODULE, module);
  Py_XDECREF (module);

  return result;
}

void
rsc_agent_give_marks (void)
{
  PyObject *modules = PyImport_GetModuleDict ();                                  /* borrowed */
  PyObject *package = PyDict_GetItemString (modules, RSC_AGENT_PACKAGE);          /* borrowed */
  PyObject *marks;

  /* Its own functions do nothing then. */
  if (package == NULL || !PyModule_Check (package) || PyDict_GetItemString (modules, RSC_AGENT_MARKS_MODULE) != NULL
      || load_marks (modules) != 0)
    {
      PyErr_Clear ();
      return;
    }
  marks = PyDict_GetItemString (modules, RSC_AGENT_MARKS_MODULE); /* borrowed */
  for (size_t i = 0; marks_methods[i].ml_name != NULL; i++)
    {
      PyObject *function = PyObject_GetAttrString (marks, marks_methods[i].ml_name);

      if (function != NULL)
        PyObject_SetAttrString (package, marks_methods[i].ml_name, function);
      Py_XDECREF (function);
    }
  PyErr_Clear ();
}

/* Whether sys.path has one of that name, apart from ours; -1 with an exception. */
static int
program_has_package (PyObject *machinery)
{
  PyObject *finder = PyObject_GetAttrString (machinery, "PathFinder");
  PyObject *spec = NULL, *loader = NULL;
  int result = -1;

  is_looking_for_others = true;
  if (finder != NULL)
    spec = PyObject_CallMethod (finder, "find_spec", "s", RSC_AGENT_PACKAGE);
  is_looking_for_others = false;
  if (spec == Py_None)
    result = 0;
  else if (spec != NULL)
    {
      /* Without one, it is a folder of that name with no code in it. */
      loader = PyObject_GetAttrString (spec, "loader");
      if (loader != NULL)
        result = loader != Py_None;
    }
  Py_XDECREF (loader);
  Py_XDECREF (spec);
  Py_XDECREF (finder);

  return result;
}

/* importlib's spec_from_file_location (), for the package's folder. */
static PyObject *
make_spec (PyObject *machinery, const char *init)
{
  PyObject *function = PyObject_GetAttrString (machinery, "spec_from_file_location");
  PyObject *arguments = Py_BuildValue ("(sN)", RSC_AGENT_PACKAGE, PyUnicode_DecodeFSDefault (init));
  PyObject *names = Py_BuildValue ("{s:[N]}", "submodule_search_locations", PyUnicode_DecodeFSDefault (package_folder));
  PyObject *spec = NULL;

  if (function != NULL && arguments != NULL && names != NULL)
    spec = PyObject_Call (function, arguments, names);
  Py_XDECREF (names);
  Py_XDECREF (arguments);
  Py_XDECREF (function);

  return spec;
}

static int
load_package (PyObject *modules)
{
  PyObject *machinery = PyDict_GetItemString (modules, "_frozen_importlib_external"); /* borrowed */
  PyObject *bootstrap = PyDict_GetItemString (modules, "_frozen_importlib");          /* borrowed */
  PyObject *spec, *module = NULL;
  char init[PATH_MAX + sizeof "/__init__.py"];
  int has_own;

  /* Without a place to load from, the statement fails as it would. */
  snprintf (init, sizeof init, "%s/__init__.py", package_folder);
  if (machinery == NULL || bootstrap == NULL || package_folder[0] == '\0' || access (init, R_OK) != 0)
    return 0;
  has_own = program_has_package (machinery);
  if (has_own != 0)
    return has_own < 0 ? -1 : 0;

  spec = make_spec (machinery, init);
  if (spec != NULL)
    module = PyObject_CallMethod (bootstrap, "_load", "O", spec);
  Py_XDECREF (spec);
  Py_XDECREF (module);

  return module != NULL ? 0 : -1;
}

/* The finder's find_spec (name, target). */
static PyObject *
find_spec (PyObject *self, PyObject *args)
{
  PyObject *modules = PyImport_GetModuleDict ();
  PyObject *machinery = PyDict_GetItemString (modules, "_frozen_importlib_external"); /* borrowed */
  PyObject *name = PyTuple_Size (args) > 0 ? PyTuple_GetItem (args, 0) : NULL;        /* borrowed */
  char init[PATH_MAX + sizeof "/__init__.py"];
  int has_own;

  snprintf (init, sizeof init, "%s/__init__.py", package_folder);
  if (is_looking_for_others || machinery == NULL || name == NULL || !PyUnicode_Check (name)
      || PyUnicode_CompareWithASCIIString (name, RSC_AGENT_PACKAGE) != 0 || access (init, R_OK) != 0)
    Py_RETURN_NONE;
  has_own = program_has_package (machinery);
  if (has_own < 0)
    return NULL;
  if (has_own > 0)
    Py_RETURN_NONE;

  return make_spec (machinery, init);
}

/* The entry of sys.path that does not exist, for which the interpreter has no finder. */
static PyObject *
find_free_entry (PyObject *path, PyObject *cache)
{
  for (Py_ssize_t i = PyList_Size (path); i-- > 0;)
    {
      PyObject *entry = PyList_GetItem (path, i); /* borrowed */
      PyObject *finder = PyUnicode_Check (entry) && PyUnicode_GetLength (entry) > 0 ? PyDict_GetItem (cache, entry) : NULL;
      PyObject *bytes;
      bool is_free;

      if (!PyUnicode_Check (entry) || PyUnicode_GetLength (entry) == 0 || (finder != NULL && finder != Py_None))
        continue;
      bytes = PyUnicode_EncodeFSDefault (entry);
      is_free = bytes != NULL && PyBytes_AsString (bytes)[0] == '/' && access (PyBytes_AsString (bytes), F_OK) != 0;
      Py_XDECREF (bytes);
      PyErr_Clear ();
      if (is_free)
        return entry;
    }

  return NULL;
}

void
rsc_agent_add_finder (void)
{
  static PyMethodDef method = { "find_spec", find_spec, METH_VARARGS, NULL };
  PyObject *path = PySys_GetObject ("path");                /* borrowed */
  PyObject *cache = PySys_GetObject ("path_importer_cache"); /* borrowed */
  PyObject *implementation = PySys_GetObject ("implementation"); /* borrowed: a types.SimpleNamespace */
  PyObject *entry, *function, *finder = NULL, *names;

  if (path == NULL || !PyList_Check (path) || cache == NULL || !PyDict_Check (cache) || implementation == NULL
      || package_folder[0] == '\0' || (entry = find_free_entry (path, cache)) == NULL)
    return;
  function = PyCFunction_NewEx (&method, NULL, NULL);
  if (function != NULL)
    finder = PyObject_CallFunction ((PyObject *) Py_TYPE (implementation), NULL);
  if (finder != NULL && PyObject_SetAttrString (finder, "find_spec", function) == 0
      && PyDict_SetItem (cache, entry, finder) == 0)
    {
      names = PyObject_GetAttrString (finder, "__dict__");
      rsc_agent_own (finder);
      rsc_agent_own (function);
      if (names != NULL)
        rsc_agent_own (names);
      Py_XDECREF (names);
    }
  Py_XDECREF (finder);
  Py_XDECREF (function);
  PyErr_Clear ();
}

int
rsc_agent_import (PyObject *args)
{
  PyObject *name = PyTuple_Check (args) && PyTuple_Size (args) > 0 ? PyTuple_GetItem (args, 0) : NULL;
  PyObject *modules;
  const char *text;
  size_t length = strlen (RSC_AGENT_PACKAGE);

  text = name != NULL && PyUnicode_Check (name) ? PyUnicode_AsUTF8AndSize (name, NULL) : NULL;
  if (text == NULL)
    {
      PyErr_Clear ();
      return 0;
    }
  modules = PyImport_GetModuleDict (); /* borrowed */
  if (strcmp (text, RSC_AGENT_MARKS_MODULE) == 0)
    return load_marks (modules);
  if (strncmp (text, RSC_AGENT_PACKAGE, length) != 0 || (text[length] != '\0' && text[length] != '.')
      || PyDict_GetItemString (modules, RSC_AGENT_PACKAGE) != NULL)
    return 0;

  return load_package (modules);
}

void
rsc_agent_find_package (const char *folder)
{
  char link[PATH_MAX];
  char parent[PATH_MAX - sizeof "/" RSC_AGENT_PACKAGE];
  ssize_t length;

  /* The link's folder goes when Refscope ends: modules remember where it leads. */
  if (snprintf (link, sizeof link, "%s/" RSC_WIRE_PACKAGE_LINK, folder) >= (int) sizeof link)
    return;
  length = readlink (link, parent, sizeof parent - 1);
  if (length <= 0)
    return;
  parent[length] = '\0';
  snprintf (package_folder, sizeof package_folder, "%s/" RSC_AGENT_PACKAGE, parent);
}
