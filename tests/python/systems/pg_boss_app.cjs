// An application on pg-boss whose workers are killed; libpq's variables say where it is, and PG_BOSS which version runs.
'use strict'

const library = require(process.env.PG_BOSS ?? 'pg-boss')
const PgBoss = library.PgBoss ?? library

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const tasks = {
  async ok () {
    return { told: 'a secret result' }
  },
  async fails ({ secret }) {
    throw new TypeError(`no luck with ${secret}`)
  },
  async sleeps ({ seconds }) {
    await sleep(seconds ?? 3600)
  }
}

function open (options) {
  const { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: database } = process.env
  const boss = new PgBoss({ host, port: Number(port), user, database, max: 4, ...options })
  boss.on('error', (error) => console.error(error))
  return boss
}

// Call methods, one after the other, and print what each returned.
async function call (calls) {
  const boss = open({ supervise: false, schedule: false })
  await boss.start()
  const results = []
  for (const [method, ...parameters] of calls) {
    results.push(await boss[method](...parameters) ?? null)
  }
  await boss.stop({ graceful: false, wait: true })
  console.log(JSON.stringify(results))
}

// Work on queues until somebody says stop, and then let what runs come to its end.
async function work (queues, options) {
  const boss = open(options)
  await boss.start()
  for (const queue of queues) {
    await boss.work(queue, { pollingIntervalSeconds: 0.5 }, async ([job]) => tasks[job.data?.task ?? 'ok'](job.data))
  }
  process.on('SIGTERM', async () => {
    await boss.stop({ timeout: 3600000 })
    process.exit()
  })
}

const [command, first, second] = process.argv.slice(2).map((argument, place) => place ? JSON.parse(argument) : argument)
const done = command === 'call' ? call(first) : work(first, second ?? {})
done.then(() => command === 'call' && process.exit(), (error) => { console.error(error); process.exit(1) })
