{% macro raw_tables_ddl(schema) -%}
-- not "if not exists", for which PostgreSQL asks for the right to create schemas even where this one exists
do $$
begin
    if to_regnamespace('{{ schema }}') is null then
        create schema {{ schema }};
    end if;
end
$$;

create sequence if not exists {{ schema }}.queue_snapshot_ids;

create table if not exists {{ schema }}.queue_snapshots (
    snapshot_id bigint not null,
    observed_at timestamptz not null,
    queue_name text not null,
    kind text not null check (kind in ('main', 'retry', 'dead')),
    depth bigint,
    messages_read bigint not null,
    complete boolean not null,
    error text,
    primary key (snapshot_id, queue_name, kind)
);

create table if not exists {{ schema }}.queue_messages (
    snapshot_id bigint not null,
    queue_name text not null,
    kind text not null check (kind in ('main', 'retry', 'dead')),
    position bigint not null,
    message_id text,
    jobspec_id text,
    attempts bigint,
    max_attempts bigint,
    enqueued_at timestamptz,
    due_at timestamptz,
    error text,
    parsed boolean not null,
    size_bytes bigint not null,
    primary key (snapshot_id, queue_name, kind, position)
);

create table if not exists {{ schema }}.job_locks (
    snapshot_id bigint not null,
    jobspec_id text not null,
    expires_at timestamptz,
    primary key (snapshot_id, jobspec_id)
);

create table if not exists {{ schema }}.messages_in_flight (
    snapshot_id bigint not null,
    message_id text not null,
    primary key (snapshot_id, message_id)
);

-- what `stuck-jobs trace` has sent: up to when, and the spans that it would meet again
create table if not exists {{ schema }}.trace_bookmark (
    id smallint primary key default 1 check (id = 1),
    exported_until timestamptz not null,
    exported_at timestamptz not null
);

create table if not exists {{ schema }}.trace_sent (
    span_id text primary key,
    job_id bigint not null,
    end_ns bigint -- nanoseconds since 1970; null while it is open
);

-- what `stuck-jobs alert` has told, and has still to deliver
create table if not exists {{ schema }}.alert_state (
    accumulation_point text primary key,
    seen_state text not null,
    changed_at timestamptz[] not null,
    flapping boolean not null,
    told_state text not null,
    told_count bigint not null,
    told_severity text not null,
    told_at timestamptz
);

create table if not exists {{ schema }}.alert_deliveries (
    delivery_id bigint generated always as identity primary key,
    channel text not null,
    accumulation_point text not null,
    notice jsonb not null,
    created_at timestamptz not null,
    attempts bigint not null default 0,
    last_error text,
    delivered_at timestamptz
);

create table if not exists {{ schema }}.alert_mutes (
    accumulation_point text primary key,
    muted_until timestamptz not null,
    reason text not null
);

-- every change that recovery made to the pipeline, or tried to make
create table if not exists {{ schema }}.recovery_log (
    recovery_id bigint generated always as identity primary key,
    recovered_at timestamptz not null default clock_timestamp(),
    actor text not null default session_user,
    run_id uuid not null,
    accumulation_point text,
    entity_type text not null,
    entity_id text not null,
    jobspec_id text,
    cause text,
    remedy text not null check (
        remedy in ('republish', 'reset', 'timeout', 'close', 'fail', 'cancel', 'requeue')
    ),
    outcome text not null check (outcome in ('applied', 'skipped', 'failed')),
    reason text,
    before jsonb,
    after jsonb
);

create index if not exists recovery_log_jobs on {{ schema }}.recovery_log (jobspec_id, recovered_at);
{%- endmacro %}
