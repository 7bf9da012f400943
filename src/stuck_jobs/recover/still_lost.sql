-- Whether a job is as the plan saw it, nobody gives a sign of life for it now, and nothing else forbids to recover it.
select
    md5(contents.content) = %(fingerprint)s and heartbeats.is_held is false
    and heartbeats.no_remedy is null as may_be_changed
from {schema}.stg_job_contents as contents
left join {schema}.int_heartbeats as heartbeats on heartbeats.job_id = contents.job_id
where contents.job_id = %(id)s
