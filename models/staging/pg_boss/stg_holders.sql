-- The jobs that are worked on and of whose workers anything is known. A job with a heartbeat has its own; for others
-- speak the processes, none of which says which jobs it has. Beyond the time that a job may take, a living worker has
-- let it go by itself, and a supervisor takes it back within a minute: what is still there after three has neither.
-- Without a WITH clause, as int_heartbeats.
{{ config(enabled=is_system('pg_boss')) }}
{% set is_overdue = "coalesce(jobs.started_on < " ~ as_of() ~ " - (jobs.expires_in + interval '3 minutes'), false)" %}
{% set beats_within = "jobs.heartbeat_seconds * interval '1 second'" %}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.name as queue_name,
    null::text as job_kind,
    witness.instance_id as holder_id,
    case when jobs.heartbeat_seconds is not null then jobs.heartbeat_on else witness.heartbeat_on end as last_beat_at,
    jobs.started_on as started_at,
    coalesce({{ beats_within }}, witness.dead_after, jobs.expires_in + interval '3 minutes') as dead_after,
    null::text as suspicion,
    coalesce({{ beats_within }}, witness.dead_after, jobs.expires_in + interval '3 minutes') as lost_after,
    case
        when witness.instance_id is not null
            then format(
                'a busy process is as silent as a dead one; if it is dead: boss.fail(%L, %L)', jobs.name, jobs.id
            )
        when jobs.retry_count >= jobs.retry_limit
            then format('it has no attempt left; to fail it for good: boss.fail(%L, %L)', jobs.name, jobs.id)
    end as no_remedy,
    null::text as loss,
    false as is_free,
    null::text as evidence
from {{ ref('base_pg_boss_jobs') }} as jobs
-- counted once for each queue, and not for each of its jobs
left join (
    select
        name,
        count(*) as jobs
    from {{ source('pg_boss', 'jobs') }}
    where state = 'active'
    group by name
) as at_work on jobs.name = at_work.name
left join (
    select
        workers.entry ->> 'queue' as queue_name,
        sum((workers.entry ->> 'active')::integer) as jobs
    from {{ ref('base_pg_boss_instances') }} as living
    cross join lateral jsonb_array_elements(living.workers) as workers (entry)
    where living.is_living
    group by queue_name
) as claimed on jobs.name = claimed.queue_name
-- a living one that is at work on the queue, or has said nothing since; else a dead one that served it
left join lateral (
    select
        instances.id::text as instance_id,
        instances.heartbeat_on,
        instances.dead_after
    from {{ ref('base_pg_boss_instances') }} as instances
    where
        jobs.heartbeat_seconds is null
        and not {{ is_overdue }}
        and case
            when
                instances.heartbeat_on < greatest(jobs.started_on, jobs.heartbeat_on)
                and coalesce(jobs.started_on <= instances.stopped_on, true)
                then jobs.started_on <= instances.heartbeat_on + instances.dead_after
            when not instances.workers @> jsonb_build_array(jsonb_build_object('queue', jobs.name)) then false
            when not instances.is_living then jobs.started_on <= instances.heartbeat_on + interval '1 hour'
            when
                not exists (
                    select 1 from jsonb_array_elements(instances.workers) as workers (entry)
                    where workers.entry ->> 'queue' = jobs.name and workers.entry ->> 'active' is distinct from '0'
                )
                then false
            -- one that began later has it only if the living have all that there are
            else instances.started_on <= jobs.started_on or at_work.jobs <= claimed.jobs
        end
    order by instances.is_living desc, instances.heartbeat_on desc
    limit 1
) as witness on true
where
    jobs.state = 'active'
    and (jobs.heartbeat_seconds is not null or witness.instance_id is not null or {{ is_overdue }})
