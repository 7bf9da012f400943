-- What workers may hold: the jobs that are not closed, and the messages that the last look found waiting for them. The
-- outbox's messages bear the job's own id.
with live_jobs as (
    select jobspec_id
    from {schema}.int_live_jobs
    where jobspec_id is not null
    limit %(limit)s
)

select
    array(select live_jobs.jobspec_id from live_jobs) as jobs,
    array(
        select live_jobs.jobspec_id from live_jobs
        union
        select queue_messages.message_id
        from {raw}.queue_messages
        where queue_messages.message_id is not null
    ) as messages
