-- What every job will be, decided before a row of the source is written. Everything follows from the number of a
-- job, so that the same settings give the same pipeline. Settings: benchmark.jobs (closed jobs), benchmark.days.
set max_parallel_workers_per_gather = 0;

create schema benchmark;

-- Live rows stay live: freshen.sql moves them up to the present by the time that passed since `anchor`.
create table benchmark.population as
select
    current_setting('benchmark.jobs')::integer as closed_jobs,
    make_interval(days => current_setting('benchmark.days')::integer) as history,
    date_trunc('second', now() at time zone 'UTC') as anchor;

create table benchmark.planted (point text primary key, items bigint not null);

-- Shapes of a spec, and how many of a thousand jobs have it.
create temporary table shapes (shape integer primary key, per_mille integer, regions jsonb, models jsonb, questions jsonb);

insert into shapes values
(1, 560, '["US", "EU", "ASIA"]', '["llama3.2-1b", "qwen2.5-1.5b"]', '["tiananmen_neutral", "math_basic"]'),
(2, 120, '["US", "EU", "ASIA"]', '[{"id": "llama3.2-1b"}, {"id": "mistral-7b"}]', '["identity_basic", "math_basic"]'),
(3, 100, '["US", "EU"]', '["llama3.2-1b", "qwen2.5-1.5b", "mistral-7b"]', '["taiwan_status", "geography_basic"]'),
(
    4, 80, '["US", "EU", "APAC"]', '["qwen2.5-1.5b"]',
    '["tiananmen_neutral", "taiwan_status", "hongkong_2019", "math_basic"]'
),
(
    5, 30, '["US", "EU", "ASIA"]', '["llama3.2-1b", "qwen2.5-1.5b", "mistral-7b"]',
    '["tiananmen_neutral", "taiwan_status", "math_basic"]'
),
(6, 20, '["US", "EU", "ASIA"]', '["llama3.2-1b", {"id": "qwen2.5-1.5b", "regions": ["US", "EU"]}]', '["identity_basic", "math_basic"]'),
(7, 20, '["US", "EU", "ASIA"]', '["llama3.2-1b", "mistral-7b"]', '[]'),
(8, 30, '["EU"]', '["mistral-7b", "qwen2.5-1.5b"]', '["identity_basic", "hongkong_2019", "geography_basic", "math_basic"]'),
(9, 40, '["US", "EU", "ASIA"]', '[{"id": "llama3.2-1b"}, "qwen2.5-1.5b"]', '["hongkong_2019", "geography_basic"]');

create temporary table cells as
select
    shapes.shape,
    -- Shape 9 is the deployment whose executions carry the spec's own spelling of a region.
    case
        when shapes.shape = 9 then regions.spelling
        when regions.spelling = 'US' then 'us-east'
        when regions.spelling = 'EU' then 'eu-west'
        else 'asia-pacific'
    end as region,
    coalesce(models.model ->> 'id', models.model #>> '{}') as model_id,
    questions.question_id,
    row_number() over (
        partition by shapes.shape order by regions.place, models.place, questions.question_id
    ) as cell,
    count(*) over (partition by shapes.shape) as cells_of_job,
    regions.place = 1 as is_first_region
from shapes
cross join jsonb_array_elements_text(shapes.regions) with ordinality as regions (spelling, place)
cross join jsonb_array_elements(shapes.models) with ordinality as models (model, place)
left join jsonb_array_elements_text(shapes.questions) as questions (question_id) on true
where not coalesce(models.model ? 'regions' and not models.model -> 'regions' ? regions.spelling, false);

-- What the questions are about, in up to 4 kB, since a spec of the pipeline has from 1 to 5 kB.
create temporary table prompts as
select
    draw,
    (
        select string_agg(
            (array[
                'answer', 'the', 'following', 'question', 'about', 'history', 'of', 'a', 'region', 'in', 'your', 'own',
                'words', 'and', 'name', 'sources', 'that', 'support', 'it', 'without', 'taking', 'sides', 'model',
                'compare', 'events', 'dates', 'people', 'places', 'because', 'language', 'differs', 'between'
            ])[1 + hashint4(draw * 1000 + place) & 31], ' '
        )
        from generate_series(1, draw * 7 % 1000 * 3 / 5) as places (place)
    ) as prompt
from generate_series(0, 999) as draws (draw);

-- 550 of the closed jobs, evenly spread over the history, have a fault.
create temporary table faults as
select
    1 + (number::bigint * population.closed_jobs / 550)::integer as id,
    case
        when number * 211 % 550 < 160 then 'cell_hidden_by_retries'
        when number * 211 % 550 < 310 then 'region_missing'
        when number * 211 % 550 < 470 then 'cell_missing'
        when number * 211 % 550 < 510 then 'execution_left_running'
        when number * 211 % 550 < 530 then 'execution_left_pending'
        else 'execution_left_retrying'
    end as fault
from generate_series(0, 549) as numbers (number)
cross join benchmark.population;

-- Live jobs by kind, as many at every size. `point` is where each of the kind must be found, `executions` are
-- the cells that have a row already, and the ages are of the clock that judges the status.
create temporary table live_kinds (
    kind text, jobs integer, status text, point text, youngest interval, oldest interval,
    executions text, message text
);

insert into live_kinds values
('created', 430, 'created', null, '0 s', '20 s', 'none', 'published'),
('created, unpublished', 20, 'created', 'job_created', '10 min', '2 days', 'none', 'unpublished'),
('created, message gone', 20, 'created', 'job_created', '10 min', '2 days', 'none', 'published'),
('created, never published', 10, 'created', 'job_created', '10 min', '2 days', 'none', 'none'),
('created, no clock', 5, 'created', 'job_unevaluable', '10 min', '2 days', 'none', 'published'),
('queued', 430, 'queued', null, '0 s', '20 s', 'none', 'published'),
('queued, unpublished', 30, 'queued', 'job_queued', '10 min', '2 days', 'none', 'unpublished'),
('queued, message gone', 20, 'queued', 'job_queued', '10 min', '2 days', 'none', 'published'),
('queued, in the future', 5, 'queued', 'job_unevaluable', '-1 days', '-2 days', 'none', 'published'),
('processing', 630, 'processing', null, '0 s', '2 min', 'some', 'published'),
('processing, stuck', 50, 'processing', 'job_processing', '15 min', '2 days', 'some', 'published'),
('running', 630, 'running', null, '0 s', '5 min', 'open', 'published'),
('running, finished', 20, 'running', 'job_running', '40 min', '2 days', 'all', 'published'),
('running, with gaps', 20, 'running', 'job_running', '40 min', '2 days', 'some', 'published'),
('running, never started', 10, 'running', 'job_running', '40 min', '2 days', 'none', 'published'),
('running, no start', 50, 'running', 'job_running_unstarted', '1 min', '2 days', 'some', 'published'),
('finalizing', 50, 'finalizing', null, '0 s', '5 min', 'all', 'published'),
('finalizing, stuck', 50, 'finalizing', 'job_unevaluable', '40 min', '2 days', 'all', 'published'),
('no status', 10, null, 'job_unevaluable', '40 min', '2 days', 'none', 'published'),
('misspelt status', 10, 'CREATED', 'job_unevaluable', '40 min', '2 days', 'none', 'published');

create temporary table live_jobs as
with numbered as (
    select
        live_kinds.*,
        numbers.number,
        row_number() over () as place
    from live_kinds
    cross join generate_series(1, live_kinds.jobs) as numbers (number)
)

select
    population.closed_jobs + numbered.place::integer as id,
    numbered.kind,
    numbered.status,
    numbered.point,
    numbered.executions,
    numbered.message,
    population.anchor
    - numbered.youngest
    - (numbered.oldest - numbered.youngest) * (numbered.number - 1) / greatest(numbered.jobs - 1, 1) as clock
from numbered
cross join benchmark.population;

-- One row per job. `draw` is a stable random number from 0 to 999.
create temporary table planned as
with numbered as (
    select
        numbers.id,
        (numbers.id * 2654435761 % 4294967296) / 7919 % 1000 as draw,
        population.anchor - interval '1 hour'
        - population.history * (1 - numbers.id::double precision / population.closed_jobs) as created_at
    from benchmark.population
    cross join generate_series(1, population.closed_jobs) as numbers (id)
),

closed as (
    select
        numbered.id,
        numbered.draw,
        faults.fault,
        case
            when numbered.draw % 100 < 93 then 'completed'
            when numbered.draw % 100 < 99 or faults.fault is not null then 'failed'
            else 'cancelled'
        end as status,
        numbered.created_at,
        numbered.created_at + make_interval(secs => 5 + numbered.draw % 50) as started_at,
        numbered.created_at + make_interval(secs => 60 + numbered.draw % 540) as closed_at
    from numbered
    left join faults using (id)
),

jobs as (
    select
        id,
        draw,
        status,
        created_at,
        case when draw % 2 = 0 then started_at end as started_at,
        closed_at as updated_at,
        case when draw % 5 > 0 then closed_at end as completed_at,
        case when status = 'cancelled' then 'some' else coalesce(fault, 'all') end as executions,
        'published' as message
    from closed
    union all
    select
        id,
        id * 37 % 1000 as draw,
        status,
        case
            when kind = 'created, no clock' then null
            when status in ('created', 'queued') then clock
            else clock - interval '40 seconds'
        end as created_at,
        case when status = 'running' and kind <> 'running, no start' then clock end as started_at,
        least(clock, now() at time zone 'UTC') as updated_at,
        null as completed_at,
        executions,
        message
    from live_jobs
)

select
    jobs.*,
    'bias-detection-' || 1760000000000 + jobs.id as jobspec_id,
    (
        select shapes.shape
        from (select shape, sum(per_mille) over (order by shape) as below from shapes) as shapes
        where jobs.draw < shapes.below
        order by shapes.below
        limit 1
    ) as shape
from jobs;

analyze planned;
