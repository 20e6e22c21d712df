/* The Linux headers that Swift's Glibc module lacks. */
#ifndef DOGGER_LINUX_H
#define DOGGER_LINUX_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#endif
