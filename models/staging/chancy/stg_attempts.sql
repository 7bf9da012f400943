-- The last attempts of the jobs of which one ended of late, the newest alone if they are very many.
{{ config(enabled=is_system('chancy')) }}

select
    job_id,
    func as job_kind,
    queue_name,
    ended_at,
    state <> 'succeeded' as is_failed,
    exception_class as error
from {{ ref('base_chancy_ends') }}
where
    ended_at >= {{ as_of() }} - {{ minutes(var('provider_window_minutes')) }}
    and not is_cancelled
order by ended_at desc
limit {{ var('provider_window_executions') }}
