"""Which statements a turn may send."""

import pytest

from nexus_actors.postgres.statement import StatementRefused, check_statement


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "commit;",
        "  -- done\n /* now */ Commit",
        "ROLLBACK TO SAVEPOINT x",
        "BEGIN",
        "END",
        "ABORT",
        "START TRANSACTION",
        "SAVEPOINT x",
        "RELEASE x",
        "PREPARE TRANSACTION 'x'",
        "UPDATE t SET a = 'x;y'; COMMIT; SELECT 1",
        "(SELECT 1); END" + " " * 30_000,
        "/* /* */ SELECT */ COMMIT",
        "SELECT 1 AS x$$; COMMIT; SELECT 2 AS y$$",
        "SELECT 1 AS é$$; COMMIT; SELECT 2 AS é$$",
    ],
)
def test_none_that_begins_or_ends_a_transaction(sql: str) -> None:
    with pytest.raises(StatementRefused, match=r"begins and ends the transaction .* `async with ctx\.db\.savepoint\(\):`"):
        check_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SET statement_timeout = 0",
        "SET SESSION search_path = other",
        "SET TIME ZONE 'UTC'",
        "SET SESSION AUTHORIZATION other",
        "SET ROLE other",
        "SET LOCAL ROLE other",
        "SET LOCAL search_path = other",
        "SET LOCAL transaction_read_only = on",
        'SET LOCAL "search_path" = other',
        "SET LOCAL SCHEMA 'other'",
        "SET LOCAL NAMES 'LATIN1'",
        "SET LOCAL client_encoding = 'LATIN1'",
        "SET LOCAL standard_conforming_strings = off",
        "SET LOCAL synchronous_commit = off",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "RESET ALL",
        "DISCARD ALL",
        "LISTEN x",
        "PREPARE x AS SELECT 1",
        "DEALLOCATE ALL",
        "CREATE TEMP TABLE t (a integer)",
        "CREATE LOCAL TEMPORARY TABLE t AS SELECT 1 AS a",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS a",
        "CREATE TABLE pg_temp.t (a integer)",
        "SELECT 1 AS a INTO TEMP t",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_try_advisory_lock_shared(1)",
    ],
)
def test_none_that_outlives_the_transaction(sql: str) -> None:
    with pytest.raises(StatementRefused, match="would change the connection"):
        check_statement(sql)


@pytest.mark.parametrize("sql", ["COPY t FROM STDIN", "copy t TO STDOUT", "SELECT 1; COPY t FROM STDIN"])
def test_none_whose_rows_go_beside_it(sql: str) -> None:
    with pytest.raises(StatementRefused, match=r"Use ctx\.db\.insert, executemany and fetch\."):
        check_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'COMMIT'; SELECT $$; ROLLBACK$$",
        "UPDATE t SET commit = 1",
        "SET LOCAL statement_timeout = 100",
        "SET CONSTRAINTS ALL DEFERRED",
        "DO $$ BEGIN PERFORM 1; END $$",
        'INSERT INTO "end" VALUES (1) -- ; COMMIT',
        "LOCK TABLE t",
        "/* /* */ COMMIT */ SELECT 1",
        "CREATE TABLE t (temp integer)",
        "INSERT INTO temp SELECT 1",
        "DECLARE c CURSOR FOR SELECT 1",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT E'\\'; COMMIT'",
        "",
    ],
)
def test_any_other(sql: str) -> None:
    check_statement(sql)
