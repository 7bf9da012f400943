-- Whoever keeps the others with the same key waiting: one that is at work; where turns are kept also one that failed or
-- is tried again, else the first in the line. For all keys at once: asked for each job that waits, it takes as long as
-- there are jobs with its key.
{{ config(enabled=is_system('pg_boss')) }}

select distinct on (name, policy, coalesce(singleton_key, ''))
    name,
    policy,
    coalesce(singleton_key, '') as key,
    id
from {{ ref('base_pg_boss_jobs') }}
where
    (policy in ('singleton', 'stately') and state = 'active')
    or (
        policy = 'key_strict_fifo'
        and (
            state in ('active', 'retry', 'failed')
            or (state = 'created' and not blocked and ready_on <= {{ as_of() }})
        )
    )
order by name asc, policy asc, coalesce(singleton_key, '') asc, (state <> 'created') desc, created_on asc, id asc
