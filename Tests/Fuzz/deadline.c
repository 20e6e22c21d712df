/* JSON without a VM around it has no deadline. */
#include "deadline.h"

bool dg_deadline_passed(void) { return false; }
