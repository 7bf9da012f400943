-- Whether a job is as the plan saw it, and whether nobody gives a sign of life for it now.
select
    md5(contents.content) = %(fingerprint)s and heartbeats.is_held is false as may_be_changed
from {schema}.stg_job_contents as contents
left join {schema}.int_heartbeats as heartbeats on heartbeats.job_id = contents.job_id
where contents.job_id = %(id)s
