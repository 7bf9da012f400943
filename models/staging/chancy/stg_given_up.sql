-- The jobs that failed for good of late and not by anybody's wish. Chancy itself deletes them a day after they were
-- made.
{{ config(enabled=is_system('chancy')) }}

select
    job_id,
    job_id::text as jobspec_id,
    state::text as status,
    'dead' as kind,
    queue_name,
    func as job_kind,
    ended_at as given_up_at,
    attempts,
    max_attempts,
    exception_class as error,
    case when attempts > 1 then 'retries_exhausted' else 'permanent_failure' end as cause
from {{ ref('base_chancy_ends') }}
where
    state = 'failed'
    and not is_cancelled
    and coalesce(ended_at >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true)
