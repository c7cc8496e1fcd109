#include "rsc-process-symbols.h"

#include <elf.h>
#include <string.h>

/* What is in another process's memory may be anything. */
#define MAX_HEADERS 64
#define MAX_ENTRIES 1024
#define MAX_CHAIN (1u << 20)

typedef struct
{
  guint64 bias;
  guint64 symbols, names, hash;
} Tables;

/* The loader has put addresses where the file has offsets, but not everywhere. */
static guint64
relocate (guint64 value, guint64 bias)
{
  return value < bias ? value + bias : value;
}

static gboolean
read_tables (RscProcessMemory *memory, guint64 base, Tables *tables)
{
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  guint64 lowest = G_MAXUINT64, dynamic = 0;

  if (!rsc_process_memory_read (memory, base, &header, sizeof header)
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64
      || header.e_phentsize != sizeof segment || header.e_phnum > MAX_HEADERS)
    return FALSE;
  for (guint i = 0; i < header.e_phnum; i++)
    {
      if (!rsc_process_memory_read (memory, base + header.e_phoff + i * sizeof segment, &segment, sizeof segment))
        return FALSE;
      if (segment.p_type == PT_LOAD)
        lowest = MIN (lowest, segment.p_vaddr & ~(guint64) 0xfff);
      else if (segment.p_type == PT_DYNAMIC)
        dynamic = segment.p_vaddr;
    }
  if (lowest == G_MAXUINT64 || dynamic == 0)
    return FALSE;

  *tables = (Tables) { .bias = base - lowest };
  for (guint i = 0; i < MAX_ENTRIES; i++)
    {
      Elf64_Dyn entry;

      if (!rsc_process_memory_read (memory, tables->bias + dynamic + i * sizeof entry, &entry, sizeof entry))
        return FALSE;
      if (entry.d_tag == DT_NULL)
        break;
      if (entry.d_tag == DT_SYMTAB)
        tables->symbols = relocate (entry.d_un.d_ptr, tables->bias);
      else if (entry.d_tag == DT_STRTAB)
        tables->names = relocate (entry.d_un.d_ptr, tables->bias);
      else if (entry.d_tag == DT_GNU_HASH)
        tables->hash = relocate (entry.d_un.d_ptr, tables->bias);
    }

  return tables->symbols != 0 && tables->names != 0 && tables->hash != 0;
}

static guint32
hash_name (const char *name)
{
  guint32 hash = 5381;

  for (; *name != '\0'; name++)
    hash = hash * 33 + (guint8) *name;

  return hash;
}

static gboolean
is_named (RscProcessMemory *memory, guint64 address, const char *name)
{
  gsize size = strlen (name) + 1;
  g_autofree char *text = g_malloc (size);

  return rsc_process_memory_read (memory, address, text, size) && memcmp (text, name, size) == 0;
}

guint64
rsc_process_symbols_find_sized (RscProcessMemory *memory, guint64 base, const char *name, gsize *size)
{
  struct { guint32 n_buckets, first, n_bloom, shift; } head;
  guint32 hash = hash_name (name), index;
  guint64 buckets, chains;
  Tables tables;

  if (!read_tables (memory, base, &tables)
      || !rsc_process_memory_read (memory, tables.hash, &head, sizeof head) || head.n_buckets == 0)
    return 0;
  buckets = tables.hash + sizeof head + (guint64) head.n_bloom * sizeof (Elf64_Addr);
  chains = buckets + (guint64) head.n_buckets * sizeof index;
  if (!rsc_process_memory_read (memory, buckets + (hash % head.n_buckets) * sizeof index, &index, sizeof index)
      || index < head.first)
    return 0;

  for (guint i = 0; i < MAX_CHAIN; i++, index++)
    {
      guint32 other;
      Elf64_Sym symbol;

      if (!rsc_process_memory_read (memory, chains + (guint64) (index - head.first) * sizeof other, &other, sizeof other))
        return 0;
      if ((other | 1) == (hash | 1)
          && rsc_process_memory_read (memory, tables.symbols + (guint64) index * sizeof symbol, &symbol, sizeof symbol)
          && symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE (symbol.st_info) != STT_GNU_IFUNC
          && is_named (memory, tables.names + symbol.st_name, name))
        {
          *size = symbol.st_size;
          return tables.bias + symbol.st_value;
        }
      if ((other & 1) != 0)
        break;
    }

  return 0;
}

guint64
rsc_process_symbols_find (RscProcessMemory *memory, guint64 base, const char *name)
{
  gsize size;

  return rsc_process_symbols_find_sized (memory, base, name, &size);
}

const RscMapping *
rsc_process_symbols_find_object (RscProcessMemory *memory, gboolean (*matches) (const char *name))
{
  for (guint i = 0; i < memory->mappings->len; i++)
    {
      const RscMapping *mapping = &g_array_index (memory->mappings, RscMapping, i);
      const char *slash = strrchr (mapping->path, '/');

      if (mapping->offset == 0 && mapping->readable && slash != NULL && matches (slash + 1))
        return mapping;
    }

  return NULL;
}
