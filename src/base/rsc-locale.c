#include "config.h"

#include "rsc-locale.h"

#include <libintl.h>
#include <locale.h>

void
rsc_locale_init (void)
{
  const char *folder = g_getenv ("RSC_LOCALEDIR");

  setlocale (LC_ALL, "");
  bindtextdomain (RSC_GETTEXT_DOMAIN, folder != NULL ? folder : RSC_LOCALEDIR);
  bind_textdomain_codeset (RSC_GETTEXT_DOMAIN, "UTF-8");
  textdomain (RSC_GETTEXT_DOMAIN);
}
