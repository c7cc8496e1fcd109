#include "base/rsc-error.h"
#include "graph/rsc-view.h"
#include "small-heap.h"

/* @moved: the second object lies elsewhere, and a type has changed. */
static RscSnapshot *
make_heap (gboolean moved)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "0 items", 0);
  if (moved)
    small_heap_text (&heap, "in between");
  small_heap_node (&heap, "__main__.A", NULL, 0);
  small_heap_node (&heap, moved ? "__main__.A" : "dict", NULL, 0);
  small_heap_node (&heap, "frame", "f (f.py:1)", RSC_NODE_SYNTHETIC);
  return small_heap_freeze (&heap);
}

static RscView *
make_view (void)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  const RscNode objects[] = { 0, 3 };
  const RscNode ignore[] = { 1 };
  const char *const types[] = { "tuple", "collections.deque", NULL };
  const RscExpansion expansions[] = { { 2, 40 }, { RSC_NODE_NONE, 20 } };

  params.direction = RSC_DIRECTION_BACKREFS;
  params.edges = RSC_EDGES_COLLECTOR;
  params.max_depth = 7;
  params.too_many = 0;
  params.max_nodes = 0;
  params.objects = objects;
  params.n_objects = 2;
  params.extra_ignore = ignore;
  params.n_extra_ignore = 1;
  params.ignore_types = types;
  params.filter = "type = 'it''s'";
  params.hide = "";
  params.highlight = "size > 3";
  params.extra_info = "size";
  params.expansions = expansions;
  params.n_expansions = 2;
  params.refcounts = 5;
  params.shortnames = FALSE;
  params.swap = TRUE;
  params.type_edges = TRUE;
  return rsc_view_new (&params);
}

static void
test_variant (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap (FALSE);
  g_autoptr(RscView) view = make_view ();
  g_autoptr(GVariant) variant = rsc_view_to_variant (view, snapshot);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscView) again = rsc_view_from_variant (variant, snapshot, &error);

  g_assert_no_error (error);
  g_assert_true (rsc_view_equal (view, again));
  g_assert_true (rsc_view_get_params (again)->refcounts == TRUE);
  g_assert_null (rsc_view_get_params (again)->hide);
}

static void
test_equal (void)
{
  g_autoptr(RscView) view = make_view ();
  RscViewParams params = *rsc_view_get_params (view);
  g_autoptr(RscView) same = rsc_view_new (&params);
  g_autoptr(RscView) other = NULL;

  g_assert_true (rsc_view_equal (view, same));
  params.n_objects = 1;
  other = rsc_view_new (&params);
  g_assert_false (rsc_view_equal (view, other));
}

/* Objects that are gone are left out; if none is left, that is an error. */
static void
test_variant_elsewhere (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap (FALSE);
  g_autoptr(RscSnapshot) later = make_heap (TRUE);
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  const RscNode objects[] = { 0, 1 };
  g_autoptr(GError) error = NULL;

  params.objects = objects;
  params.n_objects = 2;
  {
    g_autoptr(RscView) view = rsc_view_new (&params);
    g_autoptr(GVariant) variant = rsc_view_to_variant (view, snapshot);
    g_autoptr(RscView) again = rsc_view_from_variant (variant, later, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (rsc_view_get_params (again)->n_objects, ==, 1);
  }
  params.objects = objects + 1;
  params.n_objects = 1;
  {
    g_autoptr(RscView) view = rsc_view_new (&params);
    g_autoptr(GVariant) variant = rsc_view_to_variant (view, snapshot);

    g_assert_null (rsc_view_from_variant (variant, later, &error));
    g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND);
  }
}

static void
test_bad_variants (void)
{
  static const char *const texts[] = {
    "<{'direction': <'sideways'>}>", "<{'direction': <3>}>", "<{'objects': <'x'>}>", "<{'objects': <[1, 2]>}>",
    "<{'expansions': <[(1, 2)]>}>", "<'nothing'>",
  };
  g_autoptr(RscSnapshot) snapshot = make_heap (FALSE);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GVariant) boxed = g_variant_parse (NULL, texts[i], NULL, NULL, NULL);
      g_autoptr(GVariant) variant = g_variant_get_variant (boxed);
      g_autoptr(GError) error = NULL;

      g_assert_null (rsc_view_from_variant (variant, snapshot, &error));
      g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_CORRUPT);
    }
}

static void
test_command_line (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap (FALSE);
  g_autoptr(RscView) view = make_view ();
  g_autofree char *line = rsc_view_to_command_line (view, snapshot, "a file.refscope");
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  RscNode object = 0;
  g_autoptr(RscView) plain = NULL;
  g_autofree char *plain_line = NULL;
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (line, ==,
                   "refscope-cli backrefs 'a file.refscope' 0x1000 '#3' --edges collector --max-depth 7 --too-many 0"
                   " --max-nodes 0 --filter 'type = '\\''it'\\'''\\''s'\\''' --highlight 'size > 3'"
                   " --extra-info size --extra-ignore 0x1010 --extra-ignore type:tuple"
                   " --extra-ignore type:collections.deque --refcounts --no-shortnames --swap --types");
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_assert_no_error (error);

  params.objects = &object;
  params.n_objects = 1;
  plain = rsc_view_new (&params);
  plain_line = rsc_view_to_command_line (plain, snapshot, "pid:1");
  g_assert_cmpstr (plain_line, ==, "refscope-cli refs pid:1 0x1000");
}

static void
test_carry_over (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap (FALSE);
  g_autoptr(RscSnapshot) later = make_heap (TRUE);
  gboolean presumed;

  g_assert_cmpuint (rsc_view_carry_over (snapshot, 1, snapshot, &presumed), ==, 1);
  g_assert_false (presumed);
  g_assert_cmpuint (rsc_view_carry_over (snapshot, 0, later, &presumed), ==, 0);
  g_assert_true (presumed);
  /* Another type at the address; no address. */
  g_assert_cmpuint (rsc_view_carry_over (snapshot, 1, later, &presumed), ==, RSC_NODE_NONE);
  g_assert_cmpuint (rsc_view_carry_over (snapshot, 3, later, &presumed), ==, RSC_NODE_NONE);
  g_assert_cmpuint (rsc_view_carry_over (snapshot, RSC_NODE_NONE, later, NULL), ==, RSC_NODE_NONE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/view/variant", test_variant);
  g_test_add_func ("/view/equal", test_equal);
  g_test_add_func ("/view/variant-elsewhere", test_variant_elsewhere);
  g_test_add_func ("/view/bad-variants", test_bad_variants);
  g_test_add_func ("/view/command-line", test_command_line);
  g_test_add_func ("/view/carry-over", test_carry_over);
  return g_test_run ();
}
