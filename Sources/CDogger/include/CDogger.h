/* The module, header by header: a new one that stood in the folder alone would go unnoticed by a compiler's cache. */
#include "dogger_buffer.h"
#include "dogger_confine.h"
#include "dogger_json.h"
#include "dogger_last_words.h"
#include "dogger_linux.h"
#include "dogger_lookup.h"
#include "dogger_vm.h"
