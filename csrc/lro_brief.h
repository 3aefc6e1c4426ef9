#ifndef AZL_LRO_BRIEF_H
#define AZL_LRO_BRIEF_H

#include <stdbool.h>
#include <stddef.h>

/* Those members of a document that a decision about an operation reads; NULL:
   it is not there. They stand in `text`. */
struct azl_lro_brief {
  const char *status, *provisioning_state, *resource_location;
  const char *properties_state; /* properties.provisioningState */
  size_t used;
  char text[512];
};

/* false: there is something unusual, which may be an error, no JSON, or a long
   value; the text must be parsed as a whole. */
bool azl_lro_brief (const char *text, size_t len, struct azl_lro_brief *out);

#endif
