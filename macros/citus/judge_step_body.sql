{% macro judge_step_body(known_gaps, incomplete_jobs) %}
{%- set batch = var('completeness_batch_jobs') %}
{%- set tables = [source('pipeline', 'jobs'), source('pipeline', 'executions')] %}
{%- set kept_files = stuck_jobs.own_schema() ~ '.kept_files' %}
{%- set key_type = stuck_jobs.source_key_type('jobs') %}
#variable_conflict use_column
declare
    shards text[];
    current_files text;
    current_basis text;
    held record;
    newest_id {{ key_type }};
    known_until timestamptz;
    last_id {{ key_type }};
    known_ids {{ key_type }}[];
    job_ids {{ key_type }}[];
    incomplete_ids {{ key_type }}[];
    found_ids {{ key_type }}[];
    settled_ids {{ key_type }}[];
    most bigint;
    is_long boolean;
begin
    if not pg_catalog.pg_try_advisory_xact_lock({{ stuck_jobs.turn() }}) then
        raise notice 'another check is under way';
        return;
    end if;

    is_done := false;
    {{ stuck_jobs.settle_session() }}
    perform set_config('client_min_messages', 'warning', true);

    {{ stuck_jobs.assert_in_place() }}

    shards := {{ stuck_jobs.shard_names(tables) | indent(4) }};

    {{ stuck_jobs.shard_files('shards') | indent(4) }}
    into strict current_files;

    -- what is written goes to every node, so nothing is where nothing has changed
    if exists (select from {{ kept_files }} where file_ids is distinct from current_files) then
        update {{ kept_files }} set file_ids = current_files;
    end if;

    select basis into current_basis from {{ ref('stg_judgment_basis') }};

    if exists (select from {{ known_gaps }} where job_id is null and basis is distinct from current_basis) then
        update {{ known_gaps }}
        set basis = current_basis, judged_until = null, judged_id = null, judged_xid = null, walked_to = null
        where job_id is null;
    end if;

    select judged_until, walked_to, walk_id, walk_until into held
    from {{ known_gaps }}
    where job_id is null;

    known_ids := array(select job_id from {{ known_gaps }} where job_id is not null);

    select
        (select jobs.job_id from {{ ref('stg_jobs') }} as jobs order by jobs.job_id desc limit 1),
        {{ stuck_jobs.horizon() | indent(8) }}
    into newest_id, known_until;

    if begins_anew or (held.judged_until is null and held.walked_to is null) then
        select count(*) > {{ batch }} into is_long
        from (
            select 1 from {{ ref('stg_jobs') }}
            where status in ('completed', 'failed')
            limit {{ batch + 1 }}
        ) as closed_jobs;

        if is_long then
            update {{ known_gaps }}
            set walked_to = {{ stuck_jobs.key_bounds().least }}, walk_id = newest_id, walk_until = known_until
            where job_id is null;
        else
            {{ stuck_jobs.forget_marks(known_gaps) | indent(12) }};
            is_done := true;
        end if;
        return;
    end if;

    if held.walked_to is not null then
        job_ids := array(
            select job_id from {{ ref('stg_jobs') }}
            where job_id > held.walked_to and job_id <= held.walk_id
            order by job_id
            limit {{ batch }}
        );
        last_id := job_ids[{{ batch }}];
    else
        most := 100 * {{ batch }} + cardinality(known_ids);

        job_ids := array(
            select job_id from (
                {{ stuck_jobs.unsettled_ids(known_gaps) | indent(16) }}
            ) as unsettled_ids
            limit most + 1
        );

        if cardinality(job_ids) > most then
            update {{ known_gaps }} set judged_until = null, judged_id = null where job_id is null;
            return;
        end if;
    end if;

    with candidates as (
        select * from {{ ref('stg_jobs') }}
        where job_id = any(job_ids) and status in ('completed', 'failed')
    ),

    incomplete as (
        {{ incomplete_jobs | indent(8) }}
    )

    select array_agg(incomplete.job_id) into incomplete_ids from incomplete;

    found_ids := array(select unnest(incomplete_ids) except select unnest(known_ids));
    if cardinality(found_ids) > 0 then
        insert into {{ known_gaps }} (job_id) select unnest(found_ids);
    end if;

    if held.walked_to is null then
        settled_ids := array(select unnest(known_ids) except select unnest(incomplete_ids));
        if cardinality(settled_ids) > 0 then
            delete from {{ known_gaps }} where job_id = any(settled_ids);
        end if;

        if known_until > held.judged_until + interval '1 minute' or cardinality(job_ids) > {{ batch }} then
            update {{ known_gaps }}
            set judged_until = greatest(judged_until, known_until), judged_id = greatest(judged_id, newest_id)
            where job_id is null;
        end if;
        is_done := true;
    elsif last_id is not null then
        update {{ known_gaps }} set walked_to = last_id where job_id is null;
    else
        update {{ known_gaps }}
        set
            walked_to = null,
            judged_until = greatest(judged_until, held.walk_until),
            judged_id = greatest(judged_id, held.walk_id)
        where job_id is null;
    end if;
end
{% endmacro %}
