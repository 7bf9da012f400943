-- The life of each job as a trace, for any tracing system: when it waited in the outbox and the queue, when it was
-- worked on, each execution, and the last write. What has not ended has no end, and says so if it is stuck.
{% set source_jobs = source_table('jobs') %}

with jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
    where source_updated_at >= {{ source_instant(source_jobs, 'updated_at', analysed_since()) }}
),

lifecycles as (
    select * from {{ ref('int_job_lifecycles') }}
),

all_executions as (
    select * from {{ ref('stg_executions') }}
),

outbox as (
    select * from {{ ref('stg_outbox') }}
    where created_at >= {{ analysed_since() }}
),

stale_jobs as (
    select * from {{ ref('stale_jobs') }}
),

unclosed_jobs as (
    select * from {{ ref('status_mismatches') }}
    where accumulation_point = 'job_not_closed'
),

jobs_closed_early as (
    select * from {{ ref('status_mismatches') }}
    where accumulation_point = 'job_closed_early'
),

lost_workers as (
    select distinct on (job_id) * from {{ ref('lost_workers') }}
),

unpublished_outbox as (
    select * from {{ ref('unpublished_outbox') }}
),

stuck_executions as (
    select * from {{ ref('stuck_executions') }}
),

published as (
    select
        jobspec_id,
        min(topic) as topic,
        min(published_at) as published_at
    from outbox
    group by jobspec_id
),

phases as (
    select
        lifecycles.*,
        published.topic,
        stale_jobs.accumulation_point as stale_at,
        unclosed_jobs.accumulation_point as unclosed_at,
        lost_workers.accumulation_point as lost_at,
        case
            when published.published_at is not null then published.published_at
            when lifecycles.work_began_at is not null or published.jobspec_id is null then lifecycles.created_at
        end as queued_at,
        case
            when lifecycles.is_closed and lifecycles.work_ended_at < lifecycles.closed_at then lifecycles.work_ended_at
            when lifecycles.is_closed and lifecycles.work_ended_at is not null then lifecycles.closed_at
            when unclosed_jobs.job_id is not null then lifecycles.work_ended_at
        end as worked_until
    from lifecycles
    left join published on lifecycles.jobspec_id = published.jobspec_id
    left join stale_jobs on lifecycles.job_id::text = stale_jobs.job_id
    left join unclosed_jobs on lifecycles.job_id::text = unclosed_jobs.job_id
    left join lost_workers on lifecycles.job_id::text = lost_workers.job_id
),

job_spans as (
    select
        phases.job_id,
        phases.jobspec_id,
        phases.is_closed,
        phases.updated_at,
        span.part,
        span.parent,
        span.part as name,
        span.kind,
        span.start_at,
        span.end_at,
        span.status_code,
        span.stuck_at,
        span.attributes
    from phases
    cross join lateral (
        values
        (
            'job',
            null,
            'internal',
            coalesce(phases.created_at, phases.work_began_at, phases.updated_at),
            phases.closed_at,
            case phases.status when 'completed' then 'ok' when 'failed' then 'error' else 'unset' end,
            coalesce(phases.stale_at, phases.unclosed_at, phases.lost_at),
            jsonb_build_object(
                'error.type', case phases.status when 'failed' then '_OTHER' end,
                'stuck_jobs.job.status', phases.status
            )
        ),
        (
            'queue_wait',
            'job',
            'consumer',
            phases.queued_at,
            coalesce(phases.work_began_at, phases.closed_at),
            'unset',
            phases.stale_at,
            jsonb_build_object(
                'messaging.system', 'redis',
                'messaging.operation.name', 'brpop',
                'messaging.operation.type', 'receive',
                'messaging.destination.name', phases.topic
            )
        ),
        (
            'processing',
            'job',
            'internal',
            phases.work_began_at,
            coalesce(phases.worked_until, phases.closed_at),
            'unset',
            coalesce(phases.stale_at, phases.lost_at),
            '{}'::jsonb
        ),
        (
            'final_write',
            'job',
            'client',
            phases.worked_until,
            phases.closed_at,
            'unset',
            phases.unclosed_at,
            jsonb_build_object(
                'db.system.name', 'postgresql',
                'db.operation.name', 'UPDATE',
                'db.collection.name', '{{ source_jobs.name }}'
            )
        )
    ) as span (part, parent, kind, start_at, end_at, status_code, stuck_at, attributes)
),

outbox_spans as (
    select
        jobs.job_id,
        jobs.jobspec_id,
        coalesce(jobs.status in ('completed', 'failed', 'cancelled'), false) as is_closed,
        jobs.updated_at,
        'outbox/' || outbox.outbox_id as part,
        'job' as parent,
        'outbox_wait' as name,
        'producer' as kind,
        outbox.created_at as start_at,
        outbox.published_at as end_at,
        'unset' as status_code,
        unpublished_outbox.accumulation_point as stuck_at,
        jsonb_build_object(
            'messaging.system', 'redis',
            'messaging.operation.name', 'lpush',
            'messaging.operation.type', 'send',
            'messaging.destination.name', outbox.topic,
            'stuck_jobs.outbox.id', outbox.outbox_id
        ) as attributes
    from jobs
    inner join outbox on jobs.jobspec_id = outbox.jobspec_id
    left join unpublished_outbox on outbox.outbox_id::text = unpublished_outbox.outbox_id
),

execution_spans as (
    select
        jobs.job_id,
        jobs.jobspec_id,
        coalesce(jobs.status in ('completed', 'failed', 'cancelled'), false) as is_closed,
        jobs.updated_at,
        'execution/' || executions.execution_id as part,
        'processing' as parent,
        'execution' as name,
        'client' as kind,
        coalesce(executions.started_at, executions.created_at) as start_at,
        case when executions.status in {{ finished_statuses() }} then executions.completed_at end as end_at,
        case
            when executions.status = 'completed' then 'ok'
            when executions.status in ('failed', 'timeout') then 'error'
            else 'unset'
        end as status_code,
        coalesce(
            stuck_executions.accumulation_point,
            case when executions.status in ('pending', 'running') then jobs_closed_early.accumulation_point end
        ) as stuck_at,
        jsonb_build_object(
            'gen_ai.operation.name', 'chat',
            'gen_ai.provider.name', executions.provider_id,
            'gen_ai.request.model', executions.model_id,
            'cloud.region', executions.router_region,
            'error.type', case
                when executions.status = 'timeout' then 'timeout'
                when executions.status = 'failed' then coalesce(executions.failure_type, '_OTHER')
            end,
            'stuck_jobs.execution.id', executions.execution_id,
            'stuck_jobs.execution.status', executions.status,
            'stuck_jobs.execution.retry_count', executions.retry_count,
            'stuck_jobs.question.id', executions.question_id
        ) as attributes
    from jobs
    inner join lateral (
        select * from all_executions
        where all_executions.job_id = jobs.job_id
        offset 0
    ) as executions on true
    left join stuck_executions on executions.execution_id::text = stuck_executions.execution_id
    left join jobs_closed_early on jobs.job_id::text = jobs_closed_early.job_id
),

spans as (
    select * from job_spans
    union all
    select * from outbox_spans
    union all
    select * from execution_spans
),

ended as (
    select
        spans.*,
        case when isfinite(end_at) then greatest(start_at, end_at) end as ended_at
    from spans
    where isfinite(start_at)
)

select
    md5(jobspec_id) as trace_id,
    {{ span_id('jobspec_id', 'part') }} as span_id,
    case when parent is not null then {{ span_id('jobspec_id', 'parent') }} end as parent_span_id,
    name,
    kind,
    start_at,
    ended_at as end_at,
    status_code,
    jsonb_strip_nulls(attributes || jsonb_build_object(
        'stuck_jobs.job.id', job_id,
        'stuck_jobs.jobspec.id', jobspec_id,
        'stuck_jobs.stuck', case when ended_at is null and stuck_at is not null then true end,
        'stuck_jobs.accumulation_point', case when ended_at is null then stuck_at end
    )) as attributes,
    job_id::text as job_id,
    jobspec_id,
    is_closed as job_is_closed,
    updated_at as job_updated_at,
    case when ended_at is null then stuck_at end as accumulation_point
from ended
