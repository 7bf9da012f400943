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
    oldest_message text,
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
    job_kind text,
    members jsonb,
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
    queue_name text,
    job_kind text,
    attempts bigint,
    due_at timestamptz,
    delivered_at timestamptz,
    members jsonb,
    primary key (snapshot_id, message_id)
);

-- which jobs workers had claimed before Redis was looked at, and the version of their rows
create table if not exists {{ schema }}.jobs_at_work (
    snapshot_id bigint not null,
    jobspec_id text not null,
    updated_at numeric, -- seconds since 1970, by the source's own clock
    primary key (snapshot_id, jobspec_id)
);

-- which Redis answered: what it lacks is gone only if it is the one that the pipeline uses, and was whole all the time
create table if not exists {{ schema }}.queue_servers (
    snapshot_id bigint primary key,
    server text not null,
    evicted bigint not null,
    is_known boolean not null,
    whole_since timestamptz,
    listeners bigint -- null where that is not known
);

-- since when a broker's messages wait in a list, jobs at work have no message, and nobody listens: it says none of that
create table if not exists {{ schema }}.queue_sightings (
    kind text not null check (kind in ('message', 'no_message', 'deserted')),
    name text not null,
    version text,
    first_seen_at timestamptz not null,
    primary key (kind, name)
);

-- tables of an older version lack columns, and only their owner may add one
do $$
declare
    lacking record;
begin
    for lacking in
        select added.table_name, added.column_name, added.type
        from (
            values
            ('queue_snapshots', 'oldest_message', 'text'),
            ('queue_messages', 'job_kind', 'text'),
            ('queue_messages', 'members', 'jsonb'),
            ('messages_in_flight', 'queue_name', 'text'),
            ('messages_in_flight', 'job_kind', 'text'),
            ('messages_in_flight', 'attempts', 'bigint'),
            ('messages_in_flight', 'due_at', 'timestamptz'),
            ('messages_in_flight', 'delivered_at', 'timestamptz'),
            ('messages_in_flight', 'members', 'jsonb'),
            ('queue_servers', 'listeners', 'bigint')
        ) as added (table_name, column_name, type)
        inner join pg_catalog.pg_class on pg_class.oid = to_regclass('{{ schema }}.' || added.table_name)
        where
            pg_has_role(pg_class.relowner, 'usage')
            and not exists (
                select from pg_catalog.pg_attribute
                where attrelid = pg_class.oid and attname = added.column_name
            )
    loop
        execute
            'alter table {{ schema }}.' || lacking.table_name || ' add column ' || lacking.column_name || ' ' || lacking.type;
    end loop;
end
$$;

-- what `stuck-jobs trace` has sent: up to when, and the spans that it would meet again
create table if not exists {{ schema }}.trace_bookmark (
    id smallint primary key default 1 check (id = 1),
    exported_until timestamptz not null,
    exported_at timestamptz not null
);

create table if not exists {{ schema }}.trace_sent (
    span_id text primary key,
    job_id text not null,
    end_ns bigint -- nanoseconds since 1970; null while it is open
);

-- what `stuck-jobs alert` has told, and has still to deliver, of points and of incidents: of these accumulation_point
-- holds the id
create table if not exists {{ schema }}.alert_state (
    accumulation_point text primary key,
    seen_state text not null,
    changed_at timestamptz[] not null,
    flapping boolean not null,
    told_state text not null,
    told_count bigint not null,
    told_severity text not null,
    told_at timestamptz,
    reached text[] not null default '{}',
    about jsonb
);

do $$
begin
    if exists (
        select from pg_catalog.pg_class
        where
            oid = to_regclass('{{ schema }}.alert_state')
            and pg_has_role(relowner, 'usage')
            and not exists (
                select from pg_catalog.pg_attribute
                where attrelid = pg_class.oid and attname = 'about'
            )
    ) then
        alter table {{ schema }}.alert_state add column reached text[] not null default '{}', add column about jsonb;
    end if;
end
$$;

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
        remedy in ('republish', 'reset', 'timeout', 'close', 'fail', 'cancel', 'requeue', 'retry')
    ),
    outcome text not null check (outcome in ('applied', 'skipped', 'failed')),
    reason text,
    before jsonb,
    after jsonb
);

-- who did it is not for the writer to say
create or replace function {{ schema }}.sign_recovery() returns trigger language plpgsql as $$
begin
    new.actor := case when tg_op = 'INSERT' then session_user else old.actor end;
    return new;
end;
$$;

do $$
declare
    is_on_all_nodes boolean := false;
begin
    if to_regclass('pg_catalog.pg_dist_partition') is not null then
        is_on_all_nodes := exists (
            select 1 from pg_catalog.pg_dist_partition where logicalrelid = '{{ schema }}.recovery_log'::regclass
        );
    end if;

    -- a table that is on all nodes of a cluster can have no trigger
    if not is_on_all_nodes then
        drop trigger if exists sign_recovery on {{ schema }}.recovery_log;

        create trigger sign_recovery before insert or update on {{ schema }}.recovery_log
        for each row execute function {{ schema }}.sign_recovery();
    end if;
end
$$;

create index if not exists recovery_log_jobs on {{ schema }}.recovery_log (jobspec_id, recovered_at);
{%- endmacro %}
