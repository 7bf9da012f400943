#!/usr/bin/env bash
# dbt-core 1.11.16, and 1.12.6 by default: validate_macro_args says that the documented arguments of a generic test do
# not match its definition, although they do. It collects the arguments of macros, never those of tests in tests/generic.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.11.16 dbt-postgres==1.11.0
mkdir -p "$work/project/models" "$work/project/macros" "$work/project/tests/generic"
cd "$work/project"
cat > dbt_project.yml << 'YAML'
name: example
profile: example
flags: {validate_macro_args: true, send_anonymous_usage_stats: false}
YAML
cat > profiles.yml << 'YAML'
example:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, port: 5432, user: u, password: p, dbname: d, schema: s}
YAML
cat > tests/generic/longer_than.sql << 'SQL'
{% test longer_than(model, rows) %}
select 1 from {{ model }} having count(*) <= {{ rows }}
{% endtest %}
SQL
cat > macros/_macros.yml << 'YAML'
macros:
  - name: test_longer_than
    arguments:
      - {name: model, type: relation}
      - {name: rows, type: integer}
YAML
echo 'select 1 as id' > models/numbers.sql
output=$("$work/venv/bin/dbt" --no-use-colors parse --profiles-dir .)
grep "number of arguments in the yaml for macro test_longer_than does not match the jinja definition" <<< "$output"
