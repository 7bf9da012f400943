-- Only the newest snapshot of a queue, by its number as in the views, is ever asked for its messages and locks.
with newest as (
    select distinct on (queue_name) queue_name, snapshot_id
    from {schema}.queue_snapshots
    where observed_at >= %(kept_since)s
    order by queue_name, snapshot_id desc
),

old_snapshots as (
    delete from {schema}.queue_snapshots
    where observed_at < %(kept_since)s
),

old_messages as (
    delete from {schema}.queue_messages
    where (queue_name, snapshot_id) not in (select queue_name, snapshot_id from newest)
),

old_servers as (
    delete from {schema}.queue_servers
    where snapshot_id < (select max(queue_servers.snapshot_id) from {schema}.queue_servers)
),

old_jobs_at_work as (
    delete from {schema}.jobs_at_work
    where snapshot_id not in (select snapshot_id from newest)
),

old_messages_in_flight as (
    delete from {schema}.messages_in_flight
    where snapshot_id not in (select snapshot_id from newest)
)

delete from {schema}.job_locks
where snapshot_id not in (select snapshot_id from newest)
