-- Jobs that were cut off half-way, by the timeout of their context or with their worker: some regions are whole, others
-- have gaps. And whether more of them may be than were judged, so that who counts them need not look a second time.
{% set most = var('judged_live_jobs') | int %}

with overdue_jobs as (
    {{ overdue_jobs() | indent }}
    limit {{ most + 1 }}
),

failed_jobs as (
    select
        job_id,
        jobspec_id,
        status,
        {{ closed_at() }} as interrupted_at,
        case
            when {{ closed_at() }} - {{ max_age('job_interrupted') }} >= coalesce(started_at, created_at)
                then 'context_timeout'
            else 'context_cancelled'
        end as cause
    from {{ ref('int_unsettled_jobs') }}
    where
        status = 'failed'
        and coalesce({{ closed_at() }} < {{ as_of() }} - {{ max_age('execution_missing') }}, true)
),

-- each spec is opened
candidates as (
    (
        select
            job_id,
            jobspec_id,
            status,
            updated_at as interrupted_at,
            'context_timeout' as cause
        from overdue_jobs
        limit {{ most }}
    )
    union all
    select * from failed_jobs
),

job_cells as (
    {{ job_cells('candidates', ['jobspec_id', 'status', 'interrupted_at', 'cause']) | indent }}
),

judged as (
    select
        job_cells.*,
        progress.regions_complete,
        progress.regions_incomplete
    from job_cells
    cross join lateral ({{ region_progress() | indent }}) as progress
    where job_cells.cells && job_cells.written_cells and progress.is_interrupted
),

interrupted as (
    select
        judged.*,
        {{ believable('interrupted_at') }} as stuck_since
    from judged
),

found as (
    select
        job_id::text as job_id,
        jobspec_id,
        status,
        stuck_since,
        cause,
        null::text as queue_name,
        null::text as job_kind,
        concat(regions_complete, ' regions are whole, ', regions_incomplete, ' have gaps') as evidence,
        regions_complete,
        regions_incomplete
    from interrupted
    {% if not execute or not is_left_out('stg_given_up') %}
    union all
    select
        job_id::text as job_id,
        jobspec_id,
        status,
        {{ believable('given_up_at') }} as stuck_since,
        cause,
        queue_name,
        job_kind,
        concat('ended ', {{ ago('given_up_at') }}, ': ' || error) as evidence,
        null::bigint as regions_complete,
        null::bigint as regions_incomplete
    from {{ ref('stg_given_up') }}
    where kind = 'interrupted'
    {% endif %}
)

select
    'job_interrupted' as accumulation_point,
    'job' as entity_type,
    job_id as entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from {{ max_age('job_interrupted') }})::bigint as threshold_seconds,
    cause,
    queue_name,
    job_kind,
    evidence,
    job_id,
    regions_complete,
    regions_incomplete,
    false as is_beyond
from found
where 'job_interrupted' in {{ enabled_points() }}
{% if not execute or not is_left_out('stg_executions') %}
union all
{{ beyond('job_interrupted', {'job_id': 'text', 'regions_complete': 'bigint', 'regions_incomplete': 'bigint'}) }}
where
    'job_interrupted' in {{ enabled_points() }}
    and exists (select 1 from overdue_jobs offset {{ most }})
{% endif %}
