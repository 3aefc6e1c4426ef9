#ifndef AZL_STUB_H
#define AZL_STUB_H

#include <stdbool.h>
#include "op.h"

/* Programs for tests: sh scripts in a fresh folder that stands for PATH. */
struct stub {
  char folder[64];
};

bool stub_open (struct stub *stub);
/* Removes the folder with all in it. */
void stub_close (struct stub *stub);

/* Writes an executable script; its first line is "#!/bin/sh". */
bool stub_script (const struct stub *stub, const char *name, const char *text);

/* A path inside the folder; lives until the next call. */
const char *stub_path (const struct stub *stub, const char *name);

/* Turns the loop until the operation has ended, or a file exists, or nothing
   is under way. false: that took too long to be true. */
bool stub_wait_op (struct azl_loop *loop, struct azl_op *op);
bool stub_wait_file (struct azl_loop *loop, const char *path);
bool stub_wait_idle (struct azl_loop *loop);

/* Whether this process has no child left, dead or alive. */
bool stub_no_children (void);

#endif
