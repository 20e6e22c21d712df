/* Which lines of scripts have run: counted over all the VMs that were made with the same one, file by file. */
#ifndef DOGGER_COVERAGE_H
#define DOGGER_COVERAGE_H

#include <stddef.h>
#include <stdint.h>

typedef struct dg_coverage dg_coverage;

/* NULL where there is no memory. */
dg_coverage *_Nullable dg_coverage_new(void);
/* The VMs that count in it must be gone. */
void dg_coverage_free(dg_coverage *_Nonnull coverage);
size_t dg_coverage_count(const dg_coverage *_Nonnull coverage);

/* A file's name, as errors call it. `hits` is how often each line has begun to run, by its number from 1 on (hits[0] is no line);
   -1 where there is nothing to run. Both are valid until the next script is loaded. */
const char *_Nonnull dg_coverage_file(const dg_coverage *_Nonnull coverage, size_t index, const int64_t *_Nonnull *_Nonnull hits, size_t *_Nonnull line_count);

#endif
