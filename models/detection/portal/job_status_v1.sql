-- What a portal should show of each job that is live or was closed lately, so that it need not guess whether a result
-- is still to come (pending) or will never come (missing).
{% set source_jobs = source_table('jobs') %}
{% set recent = as_of() ~ ' - ' ~ minutes(var('portal_recent_minutes')) %}

with jobs as (
    select * from {{ ref('stg_jobs') }}
),

live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

stale_jobs as (
    select * from {{ ref('stale_jobs') }}
),

execution_cells as (
    select * from {{ ref('int_execution_cells') }}
),

shown_jobs as (
    select
        job_id,
        jobspec_id,
        status,
        waits_for,
        is_polled,
        updated_at,
        null::timestamptz as closed_at,
        true as is_live,
        true as is_open
    from live_jobs
    union all
    select
        job_id,
        jobspec_id,
        status,
        waits_for,
        is_polled,
        updated_at,
        {{ closed_at() }} as closed_at,
        false as is_live,
        coalesce({{ closed_at() }} >= {{ as_of() }} - {{ max_age('execution_missing') }}, false) as is_open
    from jobs
    where
        status in ('completed', 'failed', 'cancelled')
        -- what was closed lately was written lately: for the index
        and (source_updated_at > {{ source_instant(source_jobs, 'updated_at', recent) }} or source_updated_at is null)
        and coalesce({{ closed_at() }} > {{ recent }}, source_updated_at is not null)
),

counted as (
    select
        shown_jobs.*,
        cells.executions_expected,
        cells.executions_finished,
        case when shown_jobs.is_open or shown_jobs.status = 'cancelled' then 0 else cells.unwritten end
            as executions_missing
    from shown_jobs
    cross join lateral (
        select
            count(*) as executions_expected,
            count(*) filter (where execution_cells.is_finished) as executions_finished,
            count(*) filter (where not execution_cells.is_written) as unwritten
        from execution_cells
        where execution_cells.job_id = shown_jobs.job_id
    ) as cells
),

explained as (
    select
        counted.*,
        case
            when counted.status = 'cancelled' then 0
            else counted.executions_expected - counted.executions_finished - counted.executions_missing
        end as executions_pending,
        stale_jobs.cause as stuck_cause,
        stale_jobs.job_id is not null as is_stuck
    from counted
    left join stale_jobs on counted.job_id::text = stale_jobs.job_id
)

select
    job_id::text as job_id,
    jobspec_id,
    status,
    case
        when is_stuck then 'stuck'
        when status in ('created', 'queued') then 'waiting'
        when is_live and (executions_pending > 0 or executions_expected = 0) then 'running'
        when is_live then 'finishing'
        when status = 'completed' and executions_missing > 0 then 'incomplete'
        when status = 'completed' and executions_pending > 0 then 'finishing'
        else status
    end as display_status,
    case
        when is_stuck then stuck_cause
        when waits_for is not null then 'waiting_for_its_turn'
        when status in ('created', 'queued') then 'waiting_for_worker'
        when is_polled and is_live then 'results_pending'
        when is_polled then 'done'
        when executions_expected = 0 then 'spec_unreadable'
        when executions_missing > 0 then 'results_missing'
        when executions_pending > 0 then 'results_pending'
        when is_live then 'final_status_pending'
        else 'done'
    end as reason,
    executions_expected,
    executions_finished,
    executions_pending,
    executions_missing,
    updated_at,
    closed_at
from explained
