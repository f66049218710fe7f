#ifndef CPOSTGRES_SHIM_H
#define CPOSTGRES_SHIM_H

#include <libpq-fe.h>

/* The field codes of an error are character constants, which Swift imports as Int32 of no use to it: the one that is read. */
static inline const char *pq_sqlstate(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_SQLSTATE); }

/* A receiver that drops what the server remarks: its words may hold values, and libpq's own would print them. Only the
   farewell of a server that ends an idle session (class 57P) is noted. */
static inline void pq_note_farewell(void *has_left, const PGresult *notice) {
    const char *state = pq_sqlstate(notice);
    if (state && state[0] == '5' && state[1] == '7' && state[2] == 'P') *(int *)has_left = 1;
}
static inline void pq_silence(PGconn *connection, int *has_left) { PQsetNoticeReceiver(connection, pq_note_farewell, has_left); }

#endif
