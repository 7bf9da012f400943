{#
    A pipeline in which work is stuck at every level, in tables of other names, with times of another zone. It is made
    anew at the start of every run, so that the ages are always the same, and far enough from every limit for a slow run.
#}
{% macro make_pipeline() %}
    {{ stuck_jobs.raw_tables_ddl(stuck_jobs.raw_schema()) }}

    do $$
    begin
        if to_regrole('"integration reader"') is null then
            create role "integration reader";
        end if;
    end
    $$;

    create schema if not exists "The app";
    set local search_path to "The app";
    set local time zone '{{ var('source_time_zone') }}';

    create table if not exists "Job" (
        id bigint primary key,
        jobspec_id text,
        jobspec_data jsonb,
        status text,
        created_at timestamp,
        updated_at timestamp,
        started_at timestamp,
        completed_at timestamp
    );
    create table if not exists runs (
        id bigint primary key,
        job_id bigint,
        provider_id text default 'modal-us-east',
        region text default 'US',
        status text default 'completed',
        output_data jsonb,
        model_id text default 'm',
        question_id text default 'q',
        retry_count bigint default 0,
        max_retries bigint default 3,
        original_error text,
        created_at timestamp,
        started_at timestamp,
        completed_at timestamp
    );
    create table if not exists messages (
        id bigint primary key,
        topic text default 'jobs',
        payload jsonb,
        created_at timestamp,
        published_at timestamp
    );
    delete from "Job";
    delete from runs;
    delete from messages;
    delete from {{ source('raw', 'queue_snapshots') }};
    delete from {{ source('raw', 'queue_messages') }};
    delete from {{ source('raw', 'job_locks') }};

    insert into "Job"
    select
        id,
        jobspec_id,
        jsonb_build_object(
            'constraints', jsonb_build_object('regions', regions),
            'metadata', '{"models": ["m"]}'::jsonb,
            'questions', '["q"]'::jsonb
        ),
        status,
        now() - created * interval '1 minute',
        now() - updated * interval '1 minute',
        now() - started * interval '1 minute',
        now() - completed * interval '1 minute'
    from (
        values
        (1, 'lost-message', '["US"]'::jsonb, 'created', 20, 20, null::int, null::int),
        (2, 'young-enough-for-us', '["US"]', 'created', 10, 10, null, null),
        (3, 'lost-worker', '["US"]', 'processing', 40, 30, 30, null),
        (4, 'long-running', '["US"]', 'running', 60, 40, 40, null),
        (5, 'silent-region', '["US", "EU"]', 'completed', 60, 30, 59, 30),
        (6, 'cut-off', '["US", "EU"]', 'failed', 90, 50, 89, 50),
        (7, 'not-closed', '["US"]', 'running', 15, 12, 12, null),
        (8, 'closed-early', '["US"]', 'completed', 60, 25, 59, 25),
        (9, 'unlisted-status', '["US"]', 'finalizing', 90, 60, 80, null),
        (10, 'unpublished', '["US"]', 'queued', 9, 9, null, null),
        (11, 'healthy', '["US"]', 'completed', 60, 55, 59, 55),
        (12, 'just-begun', '["US"]', 'created', 0, 0, null, null)
    ) as job (id, jobspec_id, regions, status, created, updated, started, completed);

    insert into runs (id, job_id, provider_id, status, original_error, retry_count, created_at, started_at, completed_at)
    select
        id,
        job_id,
        provider_id,
        status,
        original_error,
        retry_count,
        now() - began * interval '1 minute',
        now() - began * interval '1 minute',
        now() - ended * interval '1 minute'
    from (
        values
        (101, 5, 'modal-us-east', 'completed', null, 0, 59, 58),
        (102, 6, 'modal-us-east', 'completed', null, 0, 89, 88),
        (103, 7, 'modal-us-east', 'completed', null, 0, 11, 8),
        (104, 8, 'modal-us-east', 'running', null, 0, 30, null),
        (105, 8, 'modal-us-east', 'pending', null, 0, 30, null),
        (106, 11, 'modal-us-east', 'completed', null, 0, 59, 58),
        (107, 11, 'slow-us-east', 'timeout', null, 0, 20, 18),
        (108, 11, 'slow-us-east', 'timeout', null, 0, 21, 19),
        (109, 11, 'slow-us-east', 'timeout', null, 0, 22, 20),
        (110, 11, 'slow-us-east', 'timeout', null, 0, 23, 21),
        (111, 11, 'slow-us-east', 'timeout', null, 0, 24, 22),
        (112, 11, 'failing-us-east', 'failed', 'refused', 3, 25, 24),
        (113, 11, 'modal-us-east', 'streaming', null, 0, 59, null)
    ) as run (id, job_id, provider_id, status, original_error, retry_count, began, ended);

    insert into messages (id, payload, created_at, published_at)
    select
        id,
        jsonb_build_object('id', jobspec_id),
        created_at,
        case when status != 'queued' then created_at end
    from "Job";

    insert into {{ source('raw', 'queue_snapshots') }}
    select
        look, now() - (4 - look) * interval '4 minutes', 'jobs', kind, depth, depth, true, null,
        case kind when 'main' then 'm1' end
    from (values ('main', 2), ('retry', 1), ('dead', 1)) as queue (kind, depth)
    cross join generate_series(1, 4) as look;

    insert into {{ source('raw', 'queue_messages') }}
    select
        4, 'jobs', kind, position, message_id, jobspec_id, 1, 3,
        now() - enqueued * interval '1 minute', now() - due * interval '1 minute', null, true, 100
    from (
        values
        ('main', 0, 'm1', 'young-enough-for-us', 10, null::int),
        ('main', 1, 'm2', 'nobody-knows', 0, null),
        ('retry', 0, 'm3', 'unpublished', 9, 6),
        ('dead', 0, 'm4', 'cut-off', 80, null)
    ) as message (kind, position, message_id, jobspec_id, enqueued, due);

    insert into {{ source('raw', 'job_locks') }}
    select 4, jobspec_id, now() + interval '10 minutes'
    from (values ('long-running'), ('not-closed')) as lock (jobspec_id);
{% endmacro %}
