#!/usr/bin/env bash
# dbt-core 1.11.16: a description may call doc(), except that of a version of a model: there parsing ends with
# "'doc' is undefined", although the same call is rendered in the description of the model and of its columns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.11.16 dbt-postgres==1.11.0
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
    dev: {type: postgres, host: localhost, port: 5432, user: u, password: p, dbname: d, schema: s}
YAML
echo '{% docs numbers %}One, and no more.{% enddocs %}' > models/numbers.md
echo 'select 1 as id' > models/numbers_v1.sql
properties() {
    cat > models/numbers.yml << YAML
models:
  - name: numbers
    description: "{{ doc('numbers') }}"
    columns:
      - {name: id, description: "{{ doc('numbers') }}"}
    versions:
      - {v: 1, description: "$1"}
YAML
}
properties "One, and no more."
"$work/venv/bin/dbt" --no-use-colors parse --profiles-dir . # the model's and the column's are rendered
properties "{{ doc('numbers') }}"
if output=$("$work/venv/bin/dbt" --no-use-colors parse --profiles-dir .); then
    echo "dbt renders it now"
    exit 1
fi
grep "'doc' is undefined" <<< "$output"
