"""Looks at every statement that the program under test has sent to the tests' PostgreSQL server: each one on a table that
deploy/citus.sql distributes must name its tenant by an equality, or stand in deploy/citus-exceptions.txt with its reason.

The server itself has collected them (pg_stat_statements), those of every process; what the tests look at by themselves they send as
another user, `looker`. `sheltie migrate to-postgres` works as `mover`: it fills a database that is not distributed, table by table.
With --self-test it is tried with wrong statements first.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The documented views read distributed tables, too.
VIEWS = ["useralias", "postmetadata", "userinteraction", "authorpreference", "recommendationlog"]
# A clock or chance in SQL that writes would differ from shard to shard; Citus refuses most of it.
UNSTABLE = re.compile(r"\b(clock_timestamp|now|random|gen_random_uuid|gen_random_bytes|statement_timestamp|current_timestamp)\b", re.I)


def distributed():
    """The tables that deploy/citus.sql distributes."""
    return re.findall(r"create_distributed_table\('(\w+)'", (ROOT / "deploy/citus.sql").read_text())


def exceptions():
    lines = (ROOT / "deploy/citus-exceptions.txt").read_text().splitlines()
    entries = [line.split("\t") for line in lines if line and not line.startswith("#")]
    for entry in entries:
        if len(entry) != 2 or not all(part.strip() for part in entry):
            sys.exit(f"deploy/citus-exceptions.txt: a line is TEXT, a tab, REASON: {entry[0]}")
    return [text for text, _ in entries]


def fault(statement, tables):
    """Why a statement cannot run on one shard; None where it can, or is about no distributed table."""
    names = "|".join(tables + VIEWS)
    read = re.findall(rf"\b(?:FROM|JOIN|USING|UPDATE)\s+(?:ONLY\s+)?({names})\b", statement, re.I)
    written = re.match(rf"\s*INSERT INTO ({names})\b\s*\(([^)]*)\)", statement, re.I)
    if re.match(r"\s*MERGE\b", statement, re.I):
        return "MERGE"
    if not read and not written:
        return None
    if re.match(r"\s*(INSERT|UPDATE|DELETE|WITH)\b", statement, re.I) and UNSTABLE.search(statement):
        return "a clock or chance where something is written"
    if re.search(r"\bSET\s+(?:\w+ = [^,]+, )*tenant_id =", statement, re.I):
        return "it moves a row to another tenant"
    if written:
        if written[2].split(",")[0].strip() != "tenant_id":
            return "the tenant is not the first column"
        values = re.search(r"\bVALUES\s*\(\s*(\S+?)[,)]", statement, re.I)
        if values and not re.fullmatch(r"\$\d+", values[1]):
            return "the tenant is no parameter"
        if not values and not read:
            return "the tenant comes from nowhere"
    if read:
        if not re.search(r"\btenant_id = \$\d+", statement):
            return "no equality on tenant_id"
        if len(re.findall(r"\btenant_id = (?:\$\d+|\w+\.tenant_id)", statement)) < len(read):
            return f"{len(read)} tables, and fewer equalities on tenant_id"
    return None


def collected():
    """The statements of the program, from the server."""
    question = "SELECT coalesce(json_agg(DISTINCT s.query), '[]') FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname NOT IN ('looker', 'mover')"
    answer = subprocess.run(["psql", "--no-psqlrc", "--no-align", "--tuples-only", os.environ["SHELTIE_TEST_POSTGRES"], "--command", question],
                            check=True, capture_output=True, text=True).stdout
    return [" ".join(statement.split()) for statement in json.loads(answer)]


def check():
    """-> (statements on distributed tables, sentences about wrong ones)."""
    tables, allowed = distributed(), exceptions()
    pattern = re.compile(rf"\b({'|'.join(tables + VIEWS)})\b", re.I)
    statements = [statement for statement in collected() if pattern.search(statement)]
    wrong = []
    for statement in statements:
        reason = fault(statement, tables)
        if reason and not any(text == statement or text.endswith("…") and text[:-1] in statement for text in allowed):
            wrong.append(f"statement without its tenant ({reason}): {statement[:300]}")
    return len(statements), wrong


def self_test():
    tables = ["authors", "post_metadata", "user_interactions"]
    right = ["SELECT 1 FROM authors WHERE tenant_id = $1", "INSERT INTO authors (tenant_id, author_id) VALUES ($1, $2)", "SELECT now()",
             "SELECT 1 FROM post_metadata p JOIN authors a ON a.tenant_id = p.tenant_id WHERE p.tenant_id = $1", "SELECT 1 FROM tenants WHERE domain = $1",
             "DELETE FROM authors WHERE tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM post_metadata p WHERE p.tenant_id = $1)"]
    wrong = ["SELECT 1 FROM authors", "SELECT 1 FROM UserInteraction WHERE alias_id = $1", "INSERT INTO authors (author_id, tenant_id) VALUES ($1, $2)",
             "SELECT 1 FROM post_metadata p JOIN authors a ON a.author_key = p.author_key WHERE p.tenant_id = $1", "MERGE INTO authors USING x ON true",
             "DELETE FROM authors WHERE tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM post_metadata p WHERE p.author_key = 1)",
             "UPDATE authors SET tenant_id = $2 WHERE tenant_id = $1", "UPDATE authors SET author_id = random() WHERE tenant_id = $1",
             "SELECT 1 FROM authors WHERE tenant_id > $1", "INSERT INTO authors (tenant_id) VALUES (7)"]
    missed = [f"taken for wrong: {s}" for s in right if fault(s, tables)] + [f"not found: {s}" for s in wrong if not fault(s, tables)]
    return missed


def faults_of_run():
    """Sentences about what is wrong, in the check itself or in what it looks at."""
    count, wrong = check()
    print(f"{count} statements on distributed tables", flush=True)
    return self_test() + wrong + ([] if count > 100 else ["hardly a statement was collected"])


def main():
    faults = self_test() if sys.argv[1:] == ["--self-test"] else faults_of_run()
    for sentence in faults:
        print(sentence)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
