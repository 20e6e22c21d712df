/* A host name's lookup that holds nobody up: getaddrinfo_a(3), whose thread writes to memory that must outlive it. */
#ifndef DOGGER_LOOKUP_H
#define DOGGER_LOOKUP_H

#include <netdb.h>

typedef struct dg_lookup dg_lookup;

/* Begins to look up a stream service's addresses. NULL where there is no memory. */
dg_lookup *_Nullable dg_lookup_start(const char *_Nonnull host, const char *_Nonnull port);

/* 0, or the code that gai_strerror(3) explains; EAI_INPROGRESS (dg_lookup_is_pending says so) while it goes on. */
int dg_lookup_result(dg_lookup *_Nonnull lookup);
int dg_lookup_is_pending(int result);

/* What was found, for as long as the lookup exists. */
struct addrinfo *_Nullable dg_lookup_addresses(dg_lookup *_Nonnull lookup);

/* For a lookup that goes on no more. */
void dg_lookup_free(dg_lookup *_Nonnull lookup);

#endif
