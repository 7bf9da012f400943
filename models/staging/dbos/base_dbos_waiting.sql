-- The workflows that wait in a queue, with since when each could run. A limit is a reason to wait only while executors
-- live and the version of the workflow's code was seen to run of late, or holds a place of the queue: one of a version
-- that nobody runs would not be taken if there were room.
{{ config(enabled=is_system('dbos')) }}

with newest_version as (
    select version_name
    from {{ source('dbos', 'versions') }}
    order by version_timestamp desc
    limit 1
),

-- those of any queue that were dispatched within ten minutes, and those of each queue that run
running_versions as (
    select
        null::text as queue_name,
        application_version
    from {{ source('dbos', 'jobs') }}
    where
        started_at_epoch_ms
        between {{ epoch_ms(as_of() ~ " - interval '10 minutes'") }} and {{ epoch_ms(latest_plausible()) }}
    union
    select
        queue_name,
        application_version
    from {{ source('dbos', 'jobs') }}
    where status = 'PENDING' and queue_name is not null
),

waiting as (
    select
        jobs.workflow_uuid,
        jobs.name,
        jobs.queue_name,
        jobs.queue_partition_key,
        coalesce(jobs.application_version, (select newest_version.version_name from newest_version)) as wanted_version,
        jobs.recovery_attempts,
        jobs.created_at,
        jobs.updated_at,
        greatest(
            {{ from_epoch_ms('jobs.updated_at') }}, {{ from_epoch_ms('jobs.delay_until_epoch_ms') }}
        ) as ready_at
    from {{ source('dbos', 'jobs') }} as jobs
    where jobs.status = 'ENQUEUED'
),

limited as (
    select
        waiting.*,
        loads.is_full,
        loads.freed_ms,
        executors.has_executor is not false
        and (
            waiting.wanted_version in (
                select anywhere.application_version from running_versions as anywhere
                where anywhere.queue_name is null
            )
            or (waiting.queue_name, waiting.wanted_version) in (
                select
                    of_queue.queue_name,
                    of_queue.application_version
                from running_versions as of_queue
                where of_queue.queue_name is not null
            )
        ) as is_excused
    from waiting
    cross join {{ ref('base_dbos_executors') }} as executors
    left join {{ ref('base_dbos_loads') }} as loads
        on
            waiting.queue_name = loads.queue_name
            and waiting.queue_partition_key is not distinct from loads.queue_partition_key
)

select
    workflow_uuid,
    name,
    queue_name,
    wanted_version,
    recovery_attempts,
    created_at,
    updated_at,
    case when is_excused then greatest(ready_at, {{ from_epoch_ms('freed_ms') }}) else ready_at end as ready_since,
    case when is_full and is_excused then 'limit' end as waits_for
from limited
