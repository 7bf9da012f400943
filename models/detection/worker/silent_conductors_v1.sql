-- Whatever makes a system move and has fallen silent: a scheduler, a supervisor, a leader. Without it nothing is taken,
-- retried or scheduled, and no job says so.
with conductors as (
    select * from {{ ref('stg_conductors') }}
),

limited as (
    select
        conductors.*,
        coalesce(max_silence, {{ max_age('conductor_dead') }}) as max_age
    from conductors
),

silent as (
    select * from limited
    where coalesce(last_beat_at not between {{ as_of() }} - max_age and {{ latest_plausible() }}, true)
)

select
    'conductor_dead' as accumulation_point,
    'conductor' as entity_type,
    conductor as entity_id,
    null::text as jobspec_id,
    'silent' as status,
    {{ believable('last_beat_at') }} as stuck_since,
    {{ seconds_since(believable('last_beat_at')) }} as age_seconds,
    extract(epoch from max_age)::bigint as threshold_seconds,
    case when last_beat_at is null then 'never_seen' else 'heartbeat_stopped' end as cause,
    null::text as queue_name,
    null::text as job_kind,
    case
        when last_beat_at is null then concat('the ', conductor, ' never gave a sign of life')
        else concat('the ', conductor, ' gave its last sign ', {{ ago('last_beat_at') }})
    end as evidence,
    conductor,
    last_beat_at
from silent
where 'conductor_dead' in {{ enabled_points() }}
