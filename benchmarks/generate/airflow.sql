-- Airflow's metadata with a history: the tables as its migrations make them, as far as they are read, with all of their
-- indexes. Settings: benchmark.history, how many task instances have ended, and benchmark.live, how many have not.
create table dag_run (
    id serial primary key, dag_id varchar(250) not null, run_id varchar(250) not null, run_type varchar(50) not null,
    state varchar(50), logical_date timestamptz, run_after timestamptz not null, created_at timestamptz,
    queued_at timestamptz, start_date timestamptz, end_date timestamptz, last_scheduling_decision timestamptz,
    updated_at timestamptz, backfill_id integer, clear_number integer not null default 0, conf jsonb,
    data_interval_start timestamptz, data_interval_end timestamptz, context_carrier jsonb,
    created_dag_version_id uuid, unique (dag_id, run_id), unique (dag_id, logical_date)
);
create index on dag_run (state, dag_id) where state = 'running';
create index on dag_run (state, dag_id) where state = 'queued';
create index on dag_run (dag_id, state);
create index on dag_run (run_after);
create index on dag_run (created_dag_version_id);
create index on dag_run (dag_id);

create table task_instance (
    id uuid primary key, task_id varchar(250) not null, dag_id varchar(250) not null, run_id varchar(250) not null,
    map_index integer not null, start_date timestamptz, end_date timestamptz, duration double precision,
    state varchar(20), try_number integer not null, max_tries integer not null, hostname varchar(1000),
    unixname varchar(1000), pool varchar(256) not null, pool_slots integer not null, queue varchar(256),
    priority_weight integer, operator varchar(1000), queued_dttm timestamptz, scheduled_dttm timestamptz,
    queued_by_job_id integer, last_heartbeat_at timestamptz, pid integer, executor_config bytea, updated_at timestamptz,
    context_carrier jsonb, external_executor_id text, trigger_id integer, trigger_timeout timestamptz,
    task_display_name varchar(2000), dag_version_id uuid, retry_delay_override double precision,
    constraint task_instance_composite_key unique (dag_id, task_id, run_id, map_index)
);

create table task_instance_history (
    task_instance_id uuid primary key, task_id varchar(250) not null, dag_id varchar(250) not null,
    run_id varchar(250) not null, map_index integer not null, try_number integer not null, state varchar(20),
    end_date timestamptz, unique (dag_id, task_id, run_id, map_index, try_number)
);
create index on task_instance_history (dag_id, run_id);

create table dag (
    dag_id varchar(250) primary key, is_paused boolean not null, is_stale boolean not null, has_import_errors boolean,
    exceeds_max_non_backfill boolean not null, timetable_type varchar(255) not null, max_active_tasks integer not null,
    max_active_runs integer, next_dagrun_create_after timestamptz
);
create index on dag (next_dagrun_create_after);

create table serialized_dag (
    id uuid primary key, dag_id varchar(250) not null, data jsonb, created_at timestamptz not null,
    last_updated timestamptz not null, dag_version_id uuid not null unique
);

create table backfill (id serial primary key, is_paused boolean, max_active_runs integer not null);

create table job (
    id serial primary key, job_type varchar(30), state varchar(20), latest_heartbeat timestamptz, end_date timestamptz,
    hostname varchar(500)
);
create index on job (job_type, latest_heartbeat);
create index on job (state, latest_heartbeat);

create table trigger (id serial primary key, triggerer_id integer, created_date timestamptz not null);

create table slot_pool (
    id serial primary key, pool varchar(256) unique, slots integer not null, include_deferred boolean not null
);

create table task_reschedule (id serial primary key, ti_id uuid not null, reschedule_date timestamptz not null);
create index on task_reschedule (ti_id, id desc);

create table task_map (
    dag_id varchar(250), task_id varchar(250), run_id varchar(250), map_index integer, length integer not null,
    primary key (dag_id, task_id, run_id, map_index)
);

create table log (id serial primary key, dttm timestamptz, event varchar(60) not null, dag_id varchar(250));
create index on log (event);
create index on log (dttm);

-- Fifty DAGs of ten tasks, each with a run an hour.
insert into dag
select
    'dag_' || number, false, false, false, false, 'CronTriggerTimetable', 16, 1000,
    date_trunc('hour', now()) + interval '1 hour'
from generate_series(0, 49) as numbers (number);

insert into serialized_dag
select
    gen_random_uuid(),
    dag_id,
    jsonb_build_object(
        'dag', jsonb_build_object(
            'timetable', jsonb_build_object(
                '__var', jsonb_build_object('expression', '0 * * * *', 'timezone', 'UTC')
            ),
            'tasks', (
                select jsonb_agg(
                    jsonb_build_object(
                        '__type', 'operator',
                        '__var', jsonb_build_object(
                            'task_id', 'task_' || task, 'retries', 3, 'retry_delay', 3600.0,
                            'doc', repeat('what it does ', 20)
                        )
                    )
                )
                from generate_series(0, 9) as tasks (task)
            )
        )
    ),
    now() - interval '90 days',
    now() - interval '90 days',
    md5(dag_id)::uuid
from dag;

insert into slot_pool (pool, slots, include_deferred) values ('default_pool', -1, false);
insert into job (job_type, state, latest_heartbeat)
select kind, 'running', now()
from unnest(array['SchedulerJob', 'TriggererJob', 'DagProcessorJob']) as kinds (kind);
insert into trigger (triggerer_id, created_date) values (2, now() - interval '20 minutes');

insert into dag_run (
    dag_id, run_id, run_type, state, logical_date, run_after, created_at, queued_at, start_date, end_date,
    last_scheduling_decision, updated_at, created_dag_version_id
)
select
    'dag_' || number % 50,
    'scheduled__' || tick,
    'scheduled',
    case when number % 1000 = 7 then 'failed' else 'success' end,
    tick, tick, tick, tick, tick, tick + interval '5 minutes', tick + interval '5 minutes', tick + interval '5 minutes',
    md5('dag_' || number % 50)::uuid
from generate_series(0, current_setting('benchmark.history')::integer / 10 - 1) as numbers (number)
cross join lateral (select date_trunc('hour', now()) - number / 50 * interval '1 hour' as tick) as ticks;

insert into dag_run (
    dag_id, run_id, run_type, state, run_after, created_at, queued_at, start_date, last_scheduling_decision, updated_at,
    created_dag_version_id
)
select
    'dag_' || number % 50, 'manual__' || number, 'manual', 'running', began, began, began, began, now(), now(),
    md5('dag_' || number % 50)::uuid
from generate_series(0, current_setting('benchmark.live')::integer / 10 - 1) as numbers (number)
cross join lateral (
    select now() - case number % 2 when 0 then interval '50 minutes' else interval '90 minutes' end as began
) as beginnings;

-- The runs that are live have ten tasks each, which run, rest and wait; the half of them for longer than an hour.
insert into task_instance (
    id, task_id, dag_id, run_id, map_index, start_date, end_date, duration, state, try_number, max_tries, hostname,
    unixname, pool, pool_slots, queue, priority_weight, operator, queued_dttm, scheduled_dttm, queued_by_job_id,
    last_heartbeat_at, pid, executor_config, updated_at, context_carrier, trigger_id, task_display_name, dag_version_id
)
select
    gen_random_uuid(), 'task_' || task, runs.dag_id, runs.run_id, -1,
    case when planned.has_begun then runs.start_date end,
    case
        when runs.state <> 'running' then runs.end_date
        when planned.state in ('up_for_retry', 'up_for_reschedule') then now() - interval '10 minutes'
    end,
    case when runs.state <> 'running' then 3600 end,
    planned.state, 1, 3, 'worker-7.example', 'airflow', 'default_pool', 1, 'default', 10 - task, 'PythonOperator',
    case when planned.state = 'queued' then now() else runs.start_date end,
    case when planned.state = 'scheduled' then now() - planned.waited else runs.start_date end,
    1,
    case when planned.has_begun then coalesce(runs.end_date, now()) - planned.silence end,
    4711, '\x80057d942e', coalesce(runs.end_date, now()), '{}',
    case when planned.state = 'deferred' then 1 end,
    'task_' || task, runs.created_dag_version_id
from dag_run as runs
cross join generate_series(0, 9) as tasks (task)
cross join lateral (
    select
        state.name as state,
        state.name not in ('scheduled', 'queued') as has_begun,
        case when task = 4 and runs.id % 2 = 0 then interval '10 minutes' else interval '0' end as silence,
        case when runs.id % 5 > 0 then interval '20 minutes' else interval '0' end as waited
    from (
        select case
            when runs.state = 'success' then 'success'
            when runs.state = 'failed' then case task when 9 then 'failed' else 'success' end
            when task < 5 then 'running'
            when task = 5 then 'scheduled'
            when task = 6 then 'up_for_retry'
            when task = 7 then 'up_for_reschedule'
            when task = 8 then 'deferred'
            else 'queued'
        end as name
    ) as state
) as planned;

create index ti_dag_run on task_instance (dag_id, run_id);
create index ti_dag_state on task_instance (dag_id, state);
create index ti_dag_version_id on task_instance (dag_version_id);
create index ti_heartbeat on task_instance (last_heartbeat_at);
create index ti_pool on task_instance (pool, state, priority_weight);
create index ti_state on task_instance (state);
create index ti_state_lkp on task_instance (dag_id, task_id, run_id, state);
create index ti_trigger_id on task_instance (trigger_id);

insert into task_reschedule (ti_id, reschedule_date)
select id, now() + interval '1 hour' from task_instance where state = 'up_for_reschedule';

create table planted as
select 'worker_lost' as point, count(*) as items from task_instance
where state = 'running' and last_heartbeat_at < now() - interval '5 minutes'
union all
select 'execution_pending', count(*) from task_instance
where state = 'scheduled' and scheduled_dttm < now() - interval '5 minutes'
union all
select 'queue_dead_letter', count(*) from dag_run where state = 'failed' and end_date >= now() - interval '1 day';
