// SPDX-License-Identifier: ISC
//
// SQLite, as Debian compiled it, answers queries from memory inside an image.

#include <sqlite3.h>

#include "test/t.h"

static sqlite3 *db;

static void run(const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        t_fail(__FILE__, __LINE__, "%s: %s", sql, why != NULL ? why : "?");
        sqlite3_free(why);
    }
}

static int64_t ask(const char *sql)
{
    sqlite3_stmt *query = NULL;
    int64_t value = -1;
    CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    CHECK_EQ(sqlite3_step(query), SQLITE_ROW);
    value = sqlite3_column_int64(query, 0);
    CHECK_EQ(sqlite3_finalize(query), SQLITE_OK);
    return value;
}

T(a_query_over_ten_thousand_rows_is_right)
{
    REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
    run("create table number(n integer primary key, square integer, text text)");
    run("begin");
    run("with recursive up(n) as (select 1 union all select n + 1 from up where n < 10000) "
        "insert into number select n, n * n, printf('%05d', n) from up");
    run("commit");
    run("create index by_square on number(square)");
    CHECK_EQ(ask("select count(*) from number"), 10000);
    CHECK_EQ(ask("select sum(square) from number"), INT64_C(333383335000));
    CHECK_EQ(ask("select n from number where square = 1234321"), 1111);
    CHECK_EQ(ask("select count(*) from number where text like '%99'"), 100);
    CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

T(what_was_rolled_back_is_gone)
{
    REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
    run("create table a(b)");
    run("insert into a values(1)");
    run("begin");
    run("insert into a values(2)");
    run("rollback");
    CHECK_EQ(ask("select count(*) from a"), 1);
    CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

T(a_database_in_a_file_is_refused_for_there_are_none)
{
    CHECK_EQ(sqlite3_open_v2("/a/file", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
        SQLITE_CANTOPEN);
    CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}
