-- The jobs that were picked again while they were picked: their worker died or stood still, and another one took them
-- over. No attempt is counted, so that a job which kills its worker is taken over for ever.
{{ config(enabled=is_system('pgqueuer')) }}

select
    job_id,
    job_id::text as jobspec_id,
    'running' as status,
    entrypoint as queue_name,
    entrypoint as job_kind,
    times_picked - 1 as recoveries,
    first_picked_at as first_recovered_at,
    last_picked_at as last_recovered_at
from {{ ref('base_pgqueuer_picked') }}
where times_picked > 1
