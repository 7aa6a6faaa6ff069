#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

/// Characters in UTF-8: libarchive gives no name with others in the locale that programs begin in. Null where the system has none.
static inline locale_t utf8_characters(void) { return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
