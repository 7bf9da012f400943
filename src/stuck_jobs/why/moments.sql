-- What is known of a job with its time, from all evidence. Where it has many executions or attempts, the latest. An
-- outbox has no index by job: a message is written with its job, or by a recovery of it, so that few payloads are opened.
with job as (
    select * from {schema}.stg_jobs
    where job_id = %(key)s
    limit 1
),

recoveries as (
    select * from {schema}.stg_recovery_log
    where jobspec_id = (select job.jobspec_id from job)
    order by recovered_at desc
    limit %(most)s
),

messages as (
    select * from {schema}.int_current_messages
    where jobspec_id = (select job.jobspec_id from job)
    limit %(most)s
),

written as (
    select
        created_at - interval '1 minute' as since,
        created_at + interval '10 minutes' as until
    from job
    where isfinite(created_at)
    union all
    select
        recovered_at - interval '1 minute' as since,
        recovered_at + interval '1 minute' as until
    from recoveries
    where outcome = 'applied'
),

publications as (
    select outbox.*
    from {schema}.stg_outbox as outbox
    where
        outbox.created_at >= (select min(written.since) from written)
        and outbox.created_at <= (select max(written.until) from written)
        and exists (select 1 from written where outbox.created_at between written.since and written.until)
        and outbox.jobspec_id = (select job.jobspec_id from job)
    limit %(most)s
),

executions as (
    select * from {schema}.stg_executions
    where job_id = %(key)s
    order by created_at desc nulls last
    limit %(most)s
),

attempts as (
    select * from {schema}.stg_attempts
    where job_id = %(key)s
    order by ended_at desc nulls last
    limit %(most)s
),

dated as (
    select
        dates.*,
        null::text as detail,
        job.queue_name
    from job
    cross join lateral (
        values
        (1, job.created_at, 'created'),
        (2, nullif(job.ready_since, job.created_at), 'may run from here on'),
        (5, job.started_at, 'taken by a worker'),
        (8, nullif(job.updated_at, job.completed_at), 'its status was last written'),
        (9, coalesce(
            job.completed_at, case when job.status in ('completed', 'failed', 'cancelled') then job.updated_at end
        ), 'closed'),
        (9, job.expires_at, 'the system deletes it')
    ) as dates (place, at, what)
    union all
    select
        publication.place,
        publication.at,
        publication.what,
        publications.topic as detail,
        publications.topic as queue_name
    from publications
    cross join lateral (
        values
        (2, publications.created_at, 'written to the outbox'),
        (3, publications.published_at, 'published to its queue')
    ) as publication (place, at, what)
    union all
    select
        seen.place,
        seen.at,
        seen.what,
        concat_ws(', ', messages.queue_name, messages.kind, 'attempts ' || messages.attempts) as detail,
        messages.queue_name
    from messages
    cross join lateral (
        values
        (4, messages.enqueued_at, 'its message was sent'),
        (7, messages.due_at, 'its message is due'),
        (9, messages.observed_at, 'its message was seen by the last snapshot')
    ) as seen (place, at, what)
    union all
    select
        5 as place,
        locks.expires_at as at,
        'its lock in Redis ends' as what,
        null as detail,
        null as queue_name
    from {schema}.int_current_locks as locks
    where locks.jobspec_id = (select job.jobspec_id from job)
    union all
    select
        step.place,
        step.at,
        step.what,
        concat_ws(', ', executions.execution_id::text, nullif(step.detail, '')) as detail,
        null as queue_name
    from executions
    cross join lateral (
        values
        (
            6,
            coalesce(executions.started_at, executions.created_at),
            'an execution began',
            concat_ws(
                ', ', executions.provider_id, executions.region, executions.model_id, nullif(executions.question_id, ''),
                case when executions.completed_at is null then executions.status end
            )
        ),
        (
            7,
            executions.completed_at,
            'an execution ended',
            concat_ws(', ', executions.status, nullif(executions.failure_type, executions.status))
        )
    ) as step (place, at, what, detail)
    union all
    select
        7 as place,
        ended_at as at,
        case when is_failed then 'an attempt failed' else 'an attempt ended' end as what,
        null as detail,
        null as queue_name
    from attempts
    union all
    select
        7 as place,
        coalesce(last_beat_at, started_at) as at,
        case when last_beat_at is null then 'taken by a worker that is not known' else 'last sign of life of its worker' end
            as what,
        holder_id::text as detail,
        null as queue_name
    from {schema}.stg_holders
    where job_id = %(key)s
    union all
    select
        8 as place,
        last_recovered_at as at,
        'given to another worker by the system' as what,
        recoveries || ' times' as detail,
        null as queue_name
    from {schema}.stg_recoveries
    where job_id = %(key)s
    union all
    select
        8 as place,
        recovered_at as at,
        concat(case outcome when 'applied' then 'recovered by ' else 'not recovered by ' end, remedy) as what,
        concat_ws(', ', accumulation_point, actor, nullif(outcome, 'applied'), reason) as detail,
        null as queue_name
    from recoveries
    union all
    select
        8 as place,
        given_up_at as at,
        'given up' as what,
        concat_ws(', ', cause, 'attempts ' || concat_ws(' of ', attempts, max_attempts), error) as detail,
        null as queue_name
    from {schema}.stg_given_up
    where job_id = %(key)s
)

select
    case when at between '0002-01-01' and '9998-12-31' then at end as at,
    what,
    left(detail, 300) as detail,
    queue_name
from dated
where at is not null
order by at, place, detail
