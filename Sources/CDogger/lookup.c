#define _GNU_SOURCE

#include "dogger_lookup.h"

#include <stdlib.h>
#include <string.h>

struct dg_lookup {
    struct gaicb request;
    struct addrinfo hints;
    char *host;
    char *port;
    int start;
};

dg_lookup *dg_lookup_start(const char *host, const char *port) {
    dg_lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) return NULL;
    lookup->host = strdup(host);
    lookup->port = strdup(port);
    if (!lookup->host || !lookup->port) {
        dg_lookup_free(lookup);
        return NULL;
    }
    lookup->hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    lookup->hints.ai_socktype = SOCK_STREAM;
    lookup->request.ar_name = lookup->host;
    lookup->request.ar_service = lookup->port;
    lookup->request.ar_request = &lookup->hints;
    struct gaicb *list[] = {&lookup->request};
    lookup->start = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    return lookup;
}

int dg_lookup_result(dg_lookup *lookup) { return lookup->start ? lookup->start : gai_error(&lookup->request); }

int dg_lookup_is_pending(int result) { return result == EAI_INPROGRESS; }

struct addrinfo *dg_lookup_addresses(dg_lookup *lookup) { return lookup->request.ar_result; }

void dg_lookup_free(dg_lookup *lookup) {
    if (lookup->request.ar_result) freeaddrinfo(lookup->request.ar_result);
    free(lookup->host);
    free(lookup->port);
    free(lookup);
}
