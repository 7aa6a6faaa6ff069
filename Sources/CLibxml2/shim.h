#pragma once
#include <libxml/xmlversion.h>
// Debian's libxml2 was built with the system's ICU, whose types clash with those of Foundation's own ICU. They only
// appear at the end of a structure that nobody here looks into.
#undef LIBXML_ICU_ENABLED
#include <libxml/xmlwriter.h>
#include <libxml/xmlschemas.h>
#include <libxml/parser.h>
#include <libxml/HTMLparser.h>
