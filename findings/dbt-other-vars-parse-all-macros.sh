#!/usr/bin/env bash
# dbt-core 1.11.16 with dbt-postgres 1.11.0: one variable with another value, and the run parses all anew: Jinja reads each
# of the 480 macros of dbt and of the adapter twice, in a process that has just read them, though the project is one
# model. dbt-common has a switch for the tests of dbt itself, enable_test_caching: with it no text is read a second time.
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
vars: {day: 1}
YAML
cat > profiles.yml << 'YAML'
example:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, port: 5432, user: u, password: p, dbname: d, schema: s}
YAML
echo 'select {{ var("day") }} as day' > models/days.sql
cat > "$work/example.py" << 'PYTHON'
import sys
import time

from dbt.cli.main import dbtRunner
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.tests import enable_test_caching

texts = []
true_parse = MacroFuzzEnvironment._parse


def counted_parse(environment, source, name, filename):
    texts.append(str(source))
    return true_parse(environment, source, name, filename)


def parse(what, day):
    """Have dbt parse the project; how many texts Jinja read."""
    texts.clear()
    begun = time.process_time()
    assert dbtRunner().invoke(["--quiet", "parse", "--profiles-dir", ".", "--vars", f"day: {day}"]).success
    took = time.process_time() - begun
    print(f"parse, {what}: Jinja read {len(texts)} texts, {len(set(texts))} of them different, {took:.1f} s of the processor")
    return len(texts)


MacroFuzzEnvironment._parse = counted_parse
first = parse("the first", 1)
same = parse("the same variable", 1)
other = parse("another value", 2)
enable_test_caching()
parse("another value, and the cache is filled", 3)
cached = parse("another value, and the cache is full", 4)
sys.exit(not (first > 900 and same < 5 and other > 900 and cached < 5))
PYTHON
"$work/venv/bin/python" "$work/example.py" | grep "^parse"
