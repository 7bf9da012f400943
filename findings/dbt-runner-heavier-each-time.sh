#!/usr/bin/env bash
# dbt-adapters 1.24.5 with dbt-postgres 1.11.0: each dbtRunner.invoke in a process leaves the adapter's behaviour flag
# once more in a list of its base module, and the next one makes all of them anew, each by a whole inspect.stack(). So
# whoever invokes often (pytest, a service) finds dbt slower each time, and looks for it in the project.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    dbt-core==1.11.16 dbt-postgres==1.11.0 dbt-adapters==1.24.5 dbt-common==1.39.0
mkdir -p "$work/project/models"
cd "$work/project"
cat > dbt_project.yml << 'YAML'
name: example
profile: example
flags: {send_anonymous_usage_stats: false}
YAML
cat > profiles.yml << 'YAML'
example:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, port: 5432, user: u, password: p, dbname: d, schema: s}
YAML
echo 'select 1 as id' > models/numbers.sql
cat > "$work/example.py" << 'PYTHON'
import inspect
import sys
import time

from dbt.adapters.base import impl
from dbt.cli.main import dbtRunner

seconds = []
true_stack = inspect.stack


def timed_stack(context=1):
    begun = time.thread_time()
    frames = true_stack(context)
    seconds.append(time.thread_time() - begun)
    return frames


def from_below(depth, what):
    """Call it from as far down as a test or a task of a scheduler is."""
    return from_below(depth - 1, what) if depth else what()


inspect.stack = timed_stack
counts = []
for number in range(1, 41):
    seconds.clear()
    begun = time.process_time()
    listed = from_below(60, lambda: dbtRunner().invoke(["--quiet", "ls", "--profiles-dir", "."]))
    took = time.process_time() - begun
    assert listed.success
    counts.append(len(seconds))
    if number in {1, 2, 10, 20, 40}:
        left = len(impl.DEFAULT_BASE_BEHAVIOR_FLAGS)
        share = f"{sum(seconds) / took:.0%} of the processor time"
        print(f"invocation {number}: {counts[-1]} stacks, {share}; {left} flags are left")
sys.exit(counts != [counts[0] + number for number in range(40)])
PYTHON
"$work/venv/bin/python" "$work/example.py" | grep "^invocation"
