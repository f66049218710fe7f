/* Interactions in the documented schema as it is written (text keys of 64 hex digits, its indexes), through SQLite's C API:
 * what the product's rows are measured against. Prints CPU microseconds per row and leaves the file for its size.
 *   cc -O2 documented_rows.c -lsqlite3 && ./a.out FILE ROWS ALONE */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { people = 200, statuses = 20000, batch = 1000 };

static double cpu(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static sqlite3 *database;

static void run(const char *text) {
    char *error;
    if (sqlite3_exec(database, text, NULL, NULL, &error)) { fprintf(stderr, "%s: %s\n", text, error); exit(1); }
}

/* 64 hex digits that look like a digest: well spread, the same for the same number. */
static void key(char *text, unsigned long long number, unsigned long long kind) {
    for (int word = 0; word < 4; word++) {
        unsigned long long mixed = (number * 8 + kind * 4 + word + 1) * 0x9E3779B97F4A7C15ull;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
        sprintf(text + word * 16, "%016llx", mixed ^ (mixed >> 31));
    }
}

int main(int count, char **arguments) {
    if (count < 4 || sqlite3_open(arguments[1], &database)) return 1;
    long rows = atol(arguments[2]), alone = atol(arguments[3]);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE UserInteraction (interaction_id INTEGER PRIMARY KEY, alias_id VARCHAR(64) NOT NULL, post_id VARCHAR(64) NOT NULL,"
        "  interaction_type VARCHAR(20) NOT NULL, created_at DATETIME NOT NULL, score_weight FLOAT, context JSON,"
        "  UNIQUE (alias_id, post_id, interaction_type));"
        "CREATE INDEX idx_interaction_alias ON UserInteraction (alias_id);"
        "CREATE INDEX idx_interaction_post ON UserInteraction (post_id);"
        "CREATE INDEX idx_interaction_type ON UserInteraction (interaction_type);"
        "CREATE INDEX idx_interaction_created ON UserInteraction (created_at);"
        "CREATE INDEX idx_interaction_alias_post ON UserInteraction (alias_id, post_id);"
        /* The product keeps the author's preference in the same transaction; so does this. */
        "CREATE TABLE AuthorPreference (preference_id INTEGER PRIMARY KEY, alias_id VARCHAR(64) NOT NULL, author_id VARCHAR(64) NOT NULL,"
        "  preference_score FLOAT NOT NULL, interaction_count INTEGER NOT NULL, last_interaction_at DATETIME NOT NULL,"
        "  UNIQUE (alias_id, author_id));"
        "CREATE INDEX idx_preference_alias ON AuthorPreference (alias_id);"
        "CREATE INDEX idx_preference_author ON AuthorPreference (author_id);"
        "CREATE INDEX idx_preference_score ON AuthorPreference (preference_score);");
    sqlite3_stmt *act, *preference;
    const char *insert = "INSERT INTO UserInteraction (alias_id, post_id, interaction_type, created_at) VALUES (?, ?, 'FAVORITE', ?)"
        " ON CONFLICT (alias_id, post_id, interaction_type) DO UPDATE SET created_at = excluded.created_at";
    const char *prefer = "INSERT INTO AuthorPreference (alias_id, author_id, preference_score, interaction_count, last_interaction_at)"
        " VALUES (?, ?, 1, 1, ?) ON CONFLICT (alias_id, author_id) DO UPDATE SET preference_score = preference_score + 1,"
        " interaction_count = interaction_count + 1, last_interaction_at = excluded.last_interaction_at";
    if (sqlite3_prepare_v2(database, insert, -1, &act, NULL) || sqlite3_prepare_v2(database, prefer, -1, &preference, NULL)) return 1;

    double start = cpu();
    for (long i = 0; i < rows + alone; i++) {
        if (i == rows) { printf("together %f\n", (cpu() - start) / rows * 1e6); start = cpu(); }
        char alias[65], post[65], author[65], moment[32];
        long status = (i * 7919 + i / people) % statuses;
        key(alias, i % people, 0);
        key(post, status, 1);
        key(author, status % 2000, 2);
        sprintf(moment, "2026-11-21 10:%02ld:%02ld.%06ld", i / 60 % 60, i % 60, i % 1000000);
        int begins = i >= rows || i % batch == 0, ends = i >= rows || i % batch == batch - 1 || i == rows - 1;
        if (begins) run("BEGIN");
        sqlite3_bind_text(act, 1, alias, 64, SQLITE_STATIC);
        sqlite3_bind_text(act, 2, post, 64, SQLITE_STATIC);
        sqlite3_bind_text(act, 3, moment, -1, SQLITE_STATIC);
        sqlite3_bind_text(preference, 1, alias, 64, SQLITE_STATIC);
        sqlite3_bind_text(preference, 2, author, 64, SQLITE_STATIC);
        sqlite3_bind_text(preference, 3, moment, -1, SQLITE_STATIC);
        if (sqlite3_step(act) != SQLITE_DONE || sqlite3_step(preference) != SQLITE_DONE) { fprintf(stderr, "%s\n", sqlite3_errmsg(database)); return 1; }
        sqlite3_reset(act);
        sqlite3_reset(preference);
        if (ends) run("COMMIT");
    }
    printf("alone %f\n", (cpu() - start) / alone * 1e6);
    sqlite3_finalize(act);
    sqlite3_finalize(preference);
    return sqlite3_close(database);
}
