// An application on graphile-worker whose pools are killed; libpq's variables say where its database is.
//
//   node graphile_worker_app.cjs migrate
//   node graphile_worker_app.cjs work ok,fails   a pool of the tasks that it is to know

const { Pool } = require("pg");
const { run, runMigrations } = require(process.env.GRAPHILE_WORKER ?? "graphile-worker");

const HOURLY = "0 * * * * ok ?id=hourly&fill=1d";

const tasks = {
  /** End at once. */
  async ok() {},

  /** Fail, and say what it was called with. */
  async fails({ secret }) {
    throw new Error(`no luck with ${secret}`);
  },

  /** Fail as whoever cannot connect does. */
  async refused({ secret }) {
    throw new Error(`connect ECONNREFUSED ${secret}`);
  },

  /** Be at work for long, and deaf to whoever wants it to stop. */
  async sleeps() {
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  },
};
tasks.abandoned = tasks.fails;

async function main([command, names]) {
  const pgPool = new Pool({ max: 5 });
  pgPool.on("error", () => {});
  pgPool.on("connect", (client) => client.on("error", () => {}));
  if (command === "migrate") {
    await runMigrations({ pgPool });
    await pgPool.end();
    return;
  }
  const known = names.split(",");
  // the locks that are too old are freed at once, and then not for an hour; else at some time in the first minute
  Math.random = () => 0;
  const runner = await run({
    pgPool,
    concurrency: 20,
    pollInterval: 500,
    minResetLockedInterval: 3_600_000,
    maxResetLockedInterval: 3_600_000,
    taskList: Object.fromEntries(known.map((name) => [name, tasks[name]])),
    crontab: known.includes("ok") ? HOURLY : "",
  });
  await runner.promise;
}

main(process.argv.slice(2));
