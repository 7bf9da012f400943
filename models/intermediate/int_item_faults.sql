-- The one fault that each stuck item belongs to: the strongest that it, or another item of its job, or the job that it
-- waits for, speaks for. A job that others wait for is a fault of its own; else its items stay together, folded with
-- those of other jobs that are stuck alike.
with evidence as materialized (
    select
        *,
        -- one column that tells items apart: of two, PostgreSQL may merge by the point alone and compare all of it
        accumulation_point || '/' || coalesce(entity_id, '') as item
    from {{ ref('int_fault_evidence') }}
),

job_faults as (
    select distinct on (jobspec_id)
        jobspec_id,
        kind,
        scope,
        strength
    from evidence
    where jobspec_id is not null and kind <> 'point'
    order by jobspec_id, strength, scope
),

jobs as (
    select distinct
        entity_id as job_id,
        jobspec_id
    from evidence
    where entity_type = 'job'
),

-- by the job's public id where it is stuck itself
waiting as (
    select
        evidence.*,
        coalesce(jobs.jobspec_id, evidence.tie) as holder
    from evidence
    left join jobs on evidence.tie = jobs.job_id
    where evidence.accumulation_point = 'job_blocked' and evidence.kind = 'point' and evidence.tie is not null
),

holders as (
    select distinct holder as jobspec_id from waiting
),

-- what all items of a job are folded by where nothing stronger speaks: the nearest to the root
leading_points as (
    select distinct on (jobspec_id)
        jobspec_id,
        kind,
        scope
    from evidence
    where jobspec_id is not null and kind = 'point'
    order by jobspec_id, {{ point_precedence('accumulation_point') }}, scope
),

faults as (
    select
        item,
        kind,
        scope,
        strength
    from evidence
    where kind <> 'point' or jobspec_id is null
    union all
    select
        evidence.item,
        leading_points.kind,
        leading_points.scope,
        evidence.strength
    from evidence
    inner join leading_points on evidence.jobspec_id = leading_points.jobspec_id
    where evidence.kind = 'point'
    union all
    select
        evidence.item,
        job_faults.kind,
        job_faults.scope,
        job_faults.strength
    from evidence
    inner join job_faults on evidence.jobspec_id = job_faults.jobspec_id
    where evidence.kind = 'point'
    union all
    select
        waiting.item,
        coalesce(job_faults.kind, 'job') as kind,
        coalesce(job_faults.scope, waiting.holder) as scope,
        coalesce(job_faults.strength, {{ fault_strength("'job'") }}) as strength
    from waiting
    left join job_faults on waiting.holder = job_faults.jobspec_id
    union all
    select
        evidence.item,
        'job' as kind,
        evidence.jobspec_id as scope,
        {{ fault_strength("'job'") }} as strength
    from evidence
    inner join holders on evidence.jobspec_id = holders.jobspec_id
    where evidence.kind = 'point'
),

strongest as (
    select distinct on (item)
        item,
        kind,
        scope,
        strength
    from faults
    order by item, strength, scope
)

select
    evidence.accumulation_point,
    evidence.entity_type,
    evidence.entity_id,
    evidence.jobspec_id,
    evidence.status,
    evidence.stuck_since,
    evidence.age_seconds,
    evidence.threshold_seconds,
    evidence.cause,
    evidence.queue_name,
    evidence.job_kind,
    case
        when evidence.entity_type in ('execution', 'missing_execution', 'provider_region')
            then substring(coalesce(evidence.tie, evidence.entity_id) from '/([^/]+)$')
    end as region,
    case when evidence.accumulation_point = 'queue_dead_letter' then evidence.tie end as error,
    evidence.evidence,
    left(md5(concat_ws(':', strongest.kind, strongest.scope)), 12) as incident_id,
    strongest.kind,
    strongest.scope,
    own.names_fault is not null as names_fault
from evidence
inner join strongest on evidence.item = strongest.item
left join evidence as own
    on
        strongest.item = own.item
        and strongest.kind = own.kind
        and strongest.scope = own.scope
        and own.names_fault
where evidence.kind = 'point'
