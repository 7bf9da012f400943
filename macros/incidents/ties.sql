{% macro ties(last_lost_jobs) %}
    {{ return({
        'lost_workers':
            "coalesce('worker ' || holder_id, to_char(to_timestamp(floor("
            ~ "extract(epoch from max(last_signal_at) over (partition by crash_group)) / 30"
            ~ ") * 30) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))",
        'stuck_executions':
            "concat_ws('/', coalesce(provider_id, ''), coalesce(" ~ stuck_jobs.router_region('region') ~ ", ''))",
        'missing_executions': "'/' || region",
        'blocked_jobs': 'holder_job_id',
        'unserved_queues':
            "case when cause = 'no_living_worker' then (select last_lost.jobs from " ~ last_lost_jobs
            ~ " as last_lost) ->> queue_name end",
        'stalled_pipeline': 'live_jobs',
        'dead_letters': 'case when error is not null then ' ~ stuck_jobs.error_signature('error') ~ ' end',
    }) }}
{% endmacro %}
