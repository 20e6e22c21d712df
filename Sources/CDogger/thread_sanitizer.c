/* What a build with the thread sanitizer needs besides. In any other this file is empty. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <setjmp.h>

/*
 * Debian's Lua raises errors, and yields, by glibc's checked longjmp, of which the sanitizer knows nothing: the calls that are left so
 * would stay in its own list of calls for ever, of which each allocation takes a copy. So they go by the one that it knows.
 */
_Noreturn void __longjmp_chk(jmp_buf place, int value);

__attribute__((disable_sanitizer_instrumentation)) void __longjmp_chk(jmp_buf place, int value) { longjmp(place, value); }
#endif
#endif
