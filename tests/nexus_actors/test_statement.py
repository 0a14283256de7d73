"""Which statements a turn may send."""

import pytest

from nexus_actors.statement import StatementRefused, check_statement


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
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "RESET ALL",
        "DISCARD ALL",
        "LISTEN x",
        "PREPARE x AS SELECT 1",
        "DEALLOCATE ALL",
    ],
)
def test_none_that_outlives_the_transaction(sql: str) -> None:
    with pytest.raises(StatementRefused, match="would change the connection"):
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
        "",
    ],
)
def test_any_other(sql: str) -> None:
    check_statement(sql)
