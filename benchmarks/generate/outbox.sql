-- Setting: benchmark.outbox, `all` for a message per job, or `recent` where published ones are pruned after two days.
insert into outbox (topic, payload, created_at, published_at)
select
    'jobs' as topic,
    jsonb_build_object(
        'id', planned.jobspec_id, 'enqueued_at', planned.created_at, 'attempt', 0,
        'request_id', md5('request' || planned.id)
    ) as payload,
    coalesce(planned.created_at, planned.updated_at) as created_at,
    case
        when planned.message = 'published'
            then coalesce(planned.created_at, planned.updated_at) + interval '1 second'
    end as published_at
from planned
cross join benchmark.population
where planned.message <> 'none'
    and (
        current_setting('benchmark.outbox') = 'all'
        or planned.created_at is null
        or planned.created_at >= population.anchor - interval '2 days'
        or planned.message = 'unpublished'
    )
order by planned.id;

insert into benchmark.planted (point, items)
select point, count(*) from live_jobs where point is not null group by point
union all
select 'outbox_unpublished', count(*) from live_jobs where message = 'unpublished'
union all
select 'jobs_lacking_executions', count(*) from faults where fault in ('cell_hidden_by_retries', 'region_missing', 'cell_missing')
union all
select 'execution_running', count(*) from faults where fault = 'execution_left_running'
union all
select 'execution_pending', 10 + count(*) from faults where fault in ('execution_left_pending', 'execution_left_retrying');
