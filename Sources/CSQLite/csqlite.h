/* Debian's libsqlite3-dev. */
#include <sqlite3.h>

/* Swift can't import this macro's expression. */
enum { CSQLITE_IOERR_SHORT_READ = SQLITE_IOERR_SHORT_READ };
