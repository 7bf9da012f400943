-- One row per cell that ran, as the fault or the kind of the job has it. The calls of a closed job follow one another
-- until it is closed, and each is written when it ends: so those of jobs that ran at the same time lie between each other.
with ran as (
    select
        planned.id as job_id,
        planned.executions,
        planned.draw,
        coalesce(planned.started_at, planned.created_at) as job_started_at,
        case
            when planned.status in ('completed', 'failed', 'cancelled')
                then (planned.updated_at - coalesce(planned.started_at, planned.created_at)) / (1 + cells.cells_of_job)
            else interval '1 second'
        end as call_time,
        cells.*,
        case
            when planned.executions = 'open' and cells.cell = 1 then 'running'
            when planned.executions = 'execution_left_running' and cells.cell = 1 then 'running'
            when planned.executions = 'execution_left_pending' and cells.cell = 1 then 'pending'
            when planned.executions = 'execution_left_retrying' and cells.cell = 1 then 'retrying'
            when planned.status = 'failed' and cells.is_first_region then 'failed'
            when (planned.draw + cells.cell * 31) % 100 = 0 then 'failed'
            else 'completed'
        end as status
    from planned
    inner join cells using (shape)
    where planned.executions <> 'none'
        and not (planned.executions in ('some', 'open') and cells.cell > 3)
        and not (planned.executions = 'region_missing' and cells.is_first_region)
        and not (planned.executions in ('cell_missing', 'cell_hidden_by_retries') and cells.cell = 1)
)

insert into executions (
    job_id, provider_id, region, status, started_at, completed_at, output_data, receipt_data, model_id,
    question_id, created_at, retry_count
)
select
    ran.job_id,
    'modal-' || lower(ran.region) as provider_id,
    ran.region,
    ran.status,
    times.started_at,
    case
        when ran.status in ('completed', 'failed') then times.started_at + ran.call_time
    end as completed_at,
    case ran.status
        when 'completed'
            then jsonb_build_object('response', 'answer ' || ran.draw || ' to ' || ran.question_id, 'tokens', ran.draw)
        when 'failed'
            then '{"failure": {"type": "timeout", "component": "modal", "message": "cold start over 150 s"}}'
    end as output_data,
    case when ran.status = 'completed' then jsonb_build_object('id', ran.job_id, 'cell', ran.cell) end as receipt_data,
    ran.model_id,
    ran.question_id,
    times.started_at as created_at,
    case when ran.status = 'failed' then 3 else 0 end as retry_count
from ran
-- The second cell of a job whose gap is hidden ran three times.
cross join generate_series(1, case when ran.executions = 'cell_hidden_by_retries' and ran.cell = 2 then 3 else 1 end)
cross join lateral (select ran.job_started_at + ran.cell * ran.call_time) as times (started_at)
order by times.started_at + ran.call_time;

-- Rows that manual repairs have cut off from their job.
insert into executions (provider_id, region, status, model_id, question_id, created_at)
select
    'modal-us-east', 'us-east', 'pending', 'llama3.2-1b', 'math_basic', population.anchor - interval '1 day'
from benchmark.population
cross join generate_series(1, 10);
