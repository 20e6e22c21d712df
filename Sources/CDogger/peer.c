#define _GNU_SOURCE

/* Who is at the other end of the connection, as the kernel knows it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vm.h"

static void push_credentials(lua_State *L, int pid, int uid, int gid) {
    lua_pushinteger(L, pid);
    lua_setfield(L, -2, "pid");
    lua_pushinteger(L, uid);
    lua_setfield(L, -2, "uid");
    lua_pushinteger(L, gid);
    lua_setfield(L, -2, "gid");
}

/* SO_PEERCRED (unix(7)) tells the credentials at the time of connect(). Over TCP there are none: only the address. */
void dg_push_peer(lua_State *L, const dg_request *request) {
    int descriptor = request->descriptor;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    lua_createtable(L, 0, 3);
    if (request->peer != NULL) {
        if (request->peer->address[0] == 0) {
            push_credentials(L, request->peer->pid, request->peer->uid, request->peer->gid);
        } else {
            lua_pushstring(L, request->peer->address);
            lua_setfield(L, -2, "address");
        }
        return;
    }
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) == 0 && address.ss_family != AF_UNIX) {
        char host[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN + 10];
        if (address.ss_family == AF_INET) {
            struct sockaddr_in *in = (struct sockaddr_in *)&address;
            inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
            snprintf(text, sizeof text, "%s:%d", host, ntohs(in->sin_port));
        } else {
            struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address;
            inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
            snprintf(text, sizeof text, "[%s]:%d", host, ntohs(in->sin6_port));
        }
        lua_pushstring(L, text);
        lua_setfield(L, -2, "address");
        return;
    }
    struct ucred peer;
    size = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    push_credentials(L, peer.pid, (int)peer.uid, (int)peer.gid);
}
