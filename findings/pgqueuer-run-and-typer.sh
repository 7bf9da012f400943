#!/usr/bin/env bash
# PgQueuer 1.6.0 with typer 0.29.2, which its own requirements allow: `pgq run` ends at once, whatever it is to run, since
# the level of its log, an enumeration, arrives as text. `pgq run --log-level INFO` does the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pgqueuer==1.6.0 typer==0.29.2 asyncpg==0.32.0 croniter==7.0.0
cat > "$work/app.py" << 'PYTHON'
def worker():
    raise SystemExit("the factory was called")
PYTHON
cd "$work"
output=$("$work/venv/bin/pgq" run app:worker 2>&1) && exit 1
grep "AttributeError: 'str' object has no attribute 'name'" <<< "$output"
