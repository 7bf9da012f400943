-- What must be unchanged of a job when somebody acts on it: its row without the payload, and the lock of its queue.
{{ config(enabled=is_system('graphile_worker')) }}

select
    jobs.id as job_id,
    concat_ws(
        ' ',
        jobs.attempts, jobs.max_attempts, jobs.priority, jobs.run_at, jobs.revision, jobs.updated_at, jobs.job_queue_id,
        coalesce(jobs.key, '-'), coalesce(jobs.locked_at::text, '-'), coalesce(jobs.locked_by, '-'),
        coalesce(job_queues.locked_at::text, '-'), coalesce(job_queues.locked_by, '-')
    ) as content
from {{ source('graphile_worker', 'jobs') }} as jobs
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on jobs.job_queue_id = job_queues.id
