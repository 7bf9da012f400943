{% materialization judgment, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set key_type = stuck_jobs.source_key_type('jobs') -%}

    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        select pg_advisory_xact_lock(hashtext({{ stuck_jobs.text_literal(this) }}));

        create table if not exists {{ target_relation }} (
            job_id {{ key_type }},
            judged_until timestamptz,
            judged_id {{ key_type }},
            judged_xid bigint,
            walked_to {{ key_type }},
            walk_id {{ key_type }},
            walk_until timestamptz,
            walk_xid bigint,
            basis text,
            executions bigint,
            gaps bigint,
            is_interrupted boolean
        );

        do $$
        begin
            if not exists (
                select from pg_catalog.pg_attribute
                where attrelid = {{ stuck_jobs.text_literal(target_relation.include(database=false)) }}::regclass and attname = 'gaps'
            ) then
                alter table {{ target_relation }}
                add column executions bigint, add column gaps bigint, add column is_interrupted boolean;
            end if;
        end
        $$;

        create unique index if not exists {{ this.identifier }}_job_id on {{ target_relation }} (job_id);

        insert into {{ target_relation }} (job_id)
        select null
        where not exists (select 1 from {{ target_relation }} where job_id is null)
    {%- endcall %}
    {% do stuck_jobs.describe_relation(target_relation) %}
    {% do adapter.commit() %}

    {% if stuck_jobs.is_distributed() %}
        {% do stuck_jobs.put_on_all_nodes(target_relation.include(database=false)) %}
        {% if stuck_jobs.judges_history() %}
            {% do stuck_jobs.judge_step_by_step(target_relation, sql, anew=should_full_refresh()) %}
        {% endif %}
    {% elif stuck_jobs.judges_history() %}
        {% do stuck_jobs.create_judge_history(target_relation, sql) %}
        {% do stuck_jobs.judge_history(target_relation, sql, anew=should_full_refresh()) %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
