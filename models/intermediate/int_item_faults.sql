-- The one fault that each stuck item belongs to: the strongest that it, or another item of its job, or the job that it
-- waits for, speaks for. A job that others wait for is a fault of its own; else its items stay together, folded with
-- those of other jobs that are stuck alike.
with evidence as materialized (
    select * from {{ ref('int_fault_evidence') }}
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
        evidence.item,
        coalesce(jobs.jobspec_id, evidence.tie) as holder
    from evidence
    left join jobs on evidence.tie = jobs.job_id
    where evidence.accumulation_point = 'job_blocked' and evidence.kind = 'point' and evidence.tie is not null
),

holders as (
    select distinct holder as jobspec_id from waiting
),

faults as (
    select
        item,
        kind,
        scope,
        strength,
        names_fault
    from evidence
    where kind <> 'point'
    union all
    select
        evidence.item,
        job_faults.kind,
        job_faults.scope,
        job_faults.strength,
        false as names_fault
    from evidence
    inner join job_faults on evidence.jobspec_id = job_faults.jobspec_id
    where evidence.kind = 'point'
    union all
    select
        waiting.item,
        coalesce(job_faults.kind, 'job') as kind,
        coalesce(job_faults.scope, waiting.holder) as scope,
        coalesce(job_faults.strength, {{ fault_strength("'job'") }}) as strength,
        false as names_fault
    from waiting
    left join job_faults on waiting.holder = job_faults.jobspec_id
    union all
    select
        evidence.item,
        'job' as kind,
        evidence.jobspec_id as scope,
        {{ fault_strength("'job'") }} as strength,
        false as names_fault
    from evidence
    inner join holders on evidence.jobspec_id = holders.jobspec_id
    where evidence.kind = 'point'
),

strongest as (
    select distinct on (item)
        item,
        kind,
        scope,
        names_fault
    from faults
    order by item asc, strength asc, scope asc, names_fault desc
),

scattered_jobs as (
    select jobspec_id from evidence
    where kind = 'point'
    group by jobspec_id
    having count(*) > 1
),

-- what the items of a job are folded by where nothing stronger speaks: the nearest to the root
leading_points as (
    select distinct on (evidence.jobspec_id)
        evidence.jobspec_id,
        evidence.scope
    from evidence
    inner join scattered_jobs on evidence.jobspec_id = scattered_jobs.jobspec_id
    where evidence.kind = 'point'
    order by evidence.jobspec_id, {{ point_precedence('evidence.accumulation_point') }}, evidence.scope
),

belonging as (
    select
        evidence.*,
        coalesce(strongest.kind, 'point') as fault_kind,
        coalesce(strongest.scope, leading_points.scope, evidence.scope) as fault_scope,
        coalesce(strongest.names_fault, leading_points.scope = evidence.scope, true) as names_its_fault
    from evidence
    left join strongest on evidence.item = strongest.item
    left join leading_points on evidence.jobspec_id = leading_points.jobspec_id
    where evidence.kind = 'point'
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    stuck_since,
    age_seconds,
    threshold_seconds,
    cause,
    queue_name,
    job_kind,
    case
        when entity_type in ('execution', 'missing_execution', 'provider_region')
            then substring(coalesce(tie, entity_id) from '/([^/]+)$')
    end as region,
    case when accumulation_point = 'queue_dead_letter' then tie end as error,
    evidence,
    fault_kind as kind,
    fault_scope as scope,
    names_its_fault as names_fault
from belonging
