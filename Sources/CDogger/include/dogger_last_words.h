/* What a process says when it ends in the middle of a script, so that whoever watches it can name the script. */
#ifndef DOGGER_LAST_WORDS_H
#define DOGGER_LAST_WORDS_H

/* The first byte of the one datagram that `report` gets; text follows. */
enum {
    DG_HUNG = 1,        /* a sentence: where the script is, and that it can't be stopped */
    DG_CRASHED = 2      /* "handlers/x.lua:7", where a script ran when the process crashed */
};

/* From now on a process that has to end inside of a script sends that to `report`, a socket for datagrams, and does so
   after a crash too. Until this is called, a hang is told on standard error. For the thread that runs the scripts. */
void dg_report_to(int report);

#endif
