/* The least that a move from SQLite to PostgreSQL can be: one pass over each table into COPY BINARY, then the indexes and keys, in one
 * transaction and without a look at any value. What 'sheltie migrate to-postgres' is measured against.
 *   cc -O2 copy_rows.c -lsqlite3 -lpq && ./a.out FILE CONNINFO TABLES.sql INDEXES.sql
 * The two texts are what 'pg_dump --schema-only' gives of the product's schema, before and after the data. Prints seconds. */
#include <arpa/inet.h>
#include <postgresql/libpq-fe.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A letter for each column: l bigint, i integer, s smallint, b boolean, d double precision, m moment, t text, j jsonb. */
static const struct { const char *name, *columns, *kinds, *source; } tables[] = {
    {"tenants", "tenant_id,domain,snapshot_version,forgotten_version,window_day,created_at", "ltllim", "tenants"},
    {"key_ids", "tenant_id,key_id,state,created_at", "lttm", "key_ids"},
    {"alias_keys", "alias_key,tenant_id", "ll", "user_aliases"},
    {"user_aliases", "alias_key,tenant_id,alias_id,key_id,privacy_level,epoch,created_at,last_seen", "lltttlmm", "user_aliases"},
    {"authors", "author_key,tenant_id,author_id", "llt", "authors"},
    {"author_opt_outs", "tenant_id,author_id,source,set_at", "lttm", "author_opt_outs"},
    {"post_metadata", "post_key,tenant_id,post_id,author_key,eligible,local_id,content,language,created_at,edited_at,favorites,boosts,replies,"
     "sensitive,tags,source,checked_at,changed_version", "lltlbtttmmlllbjtml", "post_metadata"},
    {"user_interactions", "tenant_id,alias_key,post_key,kind,occurred_at,score_weight,context", "lllsmdj", "user_interactions"},
    {"author_preferences", "tenant_id,alias_key,author_key,interaction_count,last_interaction_at,preference_score,carried_weight,carried_count",
     "lllimddi", "author_preferences"},
    {"recommendation_logs", "log_key,tenant_id,alias_key,post_key,recommended_at,reason,model_version,shown_as,above_id,below_id,position",
     "llllmttttti", "recommendation_logs"},
    {"preferences", "tenant_id,alias_key,name,value", "lltt", "preferences"},
};

static PGconn *target;
static sqlite3 *source;
static char *buffer;
static size_t used;
enum { portion = 256 * 1024, capacity = 16 * 1024 * 1024 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s%s\n", what, PQerrorMessage(target), sqlite3_errmsg(source));
    exit(1);
}

static void run(const char *text) {
    PGresult *result = PQexec(target, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) fail(text);
    PQclear(result);
}

static void run_file(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    char *text = calloc(1, 1 << 20);
    fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    run(text);
    free(text);
}

static void put16(uint16_t value) { value = htons(value); memcpy(buffer + used, &value, 2); used += 2; }
static void put32(uint32_t value) { value = htonl(value); memcpy(buffer + used, &value, 4); used += 4; }
static void put64(uint64_t value) { value = __builtin_bswap64(value); memcpy(buffer + used, &value, 8); used += 8; }

static void give(void) {
    if (used && PQputCopyData(target, buffer, used) != 1) fail("COPY");
    used = 0;
}

static void put(sqlite3_stmt *row, int column, char kind) {
    if (sqlite3_column_type(row, column) == SQLITE_NULL) { put32(-1); return; }
    switch (kind) {
    case 'l': put32(8); put64(sqlite3_column_int64(row, column)); break;
    case 'm': put32(8); put64(sqlite3_column_int64(row, column) - 946684800000000ll); break;
    case 'i': put32(4); put32(sqlite3_column_int(row, column)); break;
    case 's': put32(2); put16(sqlite3_column_int(row, column)); break;
    case 'b': put32(1); buffer[used++] = sqlite3_column_int(row, column) != 0; break;
    case 'd': { double number = sqlite3_column_double(row, column); uint64_t bits; memcpy(&bits, &number, 8); put32(8); put64(bits); break; }
    default: {
        const void *text = sqlite3_column_text(row, column);
        int length = sqlite3_column_bytes(row, column), is_json = kind == 'j';
        if (used + length + 1024 > capacity) give();
        put32(length + is_json);
        if (is_json) buffer[used++] = 1;
        memcpy(buffer + used, text, length);
        used += length;
    }
    }
}

static long copy(int table) {
    char text[1024];
    snprintf(text, sizeof text, "COPY public.%s (%s) FROM STDIN (FORMAT binary)", tables[table].name, tables[table].columns);
    run(text);
    memcpy(buffer, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    used = 19;
    sqlite3_stmt *row;
    snprintf(text, sizeof text, "SELECT %s FROM %s", tables[table].columns, tables[table].source);
    if (sqlite3_prepare_v2(source, text, -1, &row, NULL)) fail(text);
    long rows = 0;
    int columns = strlen(tables[table].kinds), code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        put16(columns);
        for (int column = 0; column < columns; column++) put(row, column, tables[table].kinds[column]);
        rows++;
        if (used > portion) give();
    }
    if (code != SQLITE_DONE) fail("read");
    sqlite3_finalize(row);
    put16(-1);
    give();
    if (PQputCopyEnd(target, NULL) != 1) fail("COPY");
    for (PGresult *result; (result = PQgetResult(target)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK) fail("COPY");
    return rows;
}

int main(int count, char **arguments) {
    if (count < 5) return 2;
    buffer = malloc(capacity + 4096);
    if (sqlite3_open_v2(arguments[1], &source, SQLITE_OPEN_READONLY, NULL)) fail("source");
    target = PQconnectdb(arguments[2]);
    if (PQstatus(target) != CONNECTION_OK) fail("target");
    run("SET client_min_messages = error; BEGIN");
    run_file(arguments[3]);
    double start = now();
    long rows = 0;
    for (size_t table = 0; table < sizeof tables / sizeof *tables; table++) rows += copy(table);
    double copied = now();
    run_file(arguments[4]);
    run("COMMIT");
    printf("rows %ld\ncopy %.3f\nbuild %.3f\n", rows, copied - start, now() - copied);
    return 0;
}
