-- The chords that have not ended, each with the member that is furthest from its end. One that is counted was not there
-- for sure before it was seen.
{{ config(enabled=is_system('celery')) }}

select distinct on (task_id)
    task_id as job_id,
    task_id as jobspec_id,
    queue_name,
    job_kind,
    'end' as waits_for,
    member_id as holder_job_id,
    since
from {{ ref('base_celery_members') }}
where since is not null and (has_result or has_message or is_absence_known)
order by task_id asc, (has_result or has_message) asc, has_result asc, member_id asc
