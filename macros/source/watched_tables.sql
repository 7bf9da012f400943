{% macro watched_tables(sources, unlogged=[]) -%}
    {%- for source in sources %}
    select
        {{ stuck_jobs.text_literal(source.schema ~ '.' ~ source.identifier) }} as table_name,
        case
            when {{ stuck_jobs.hides_rows(source.include(database=false)) | indent(12) }}
                then concat(
                    'row level security hides rows of ', {{ stuck_jobs.text_literal(source.identifier) }}, ' from the role ',
                    (
                        select pg_get_userbyid(relowner) from pg_catalog.pg_class
                        where oid = to_regclass({{ stuck_jobs.text_literal(this.include(database=false)) }})
                    ),
                    '; only the owner of the table, a role with the attribute bypassrls, or one for which a policy says using (true),'
                    ' sees all of them'
                )
            {%- if stuck_jobs.relation_kind(source) == 'view' %}
            else (
                select
                    case
                        when bool_or(beneath.is_copy)
                            then concat(
                                'the view ', {{ stuck_jobs.text_literal(source.identifier) }},
                                ' reads a materialized view, which shows what there was when it was last refreshed'
                            )
                        when bool_or(beneath.has_rows) and not exists (select 1 from {{ source }})
                            then concat(
                                'the view ', {{ stuck_jobs.text_literal(source.identifier) }},
                                ' shows no row of the tables that it reads, which have some'
                            )
                    end
                from ({{ stuck_jobs.tables_beneath(source) | indent(16) }}) as beneath
            )
            {%- elif loop.first %}
            else (
                select concat('the schema ', {{ stuck_jobs.text_literal(source.schema) }}, ' holds no row, and the same tables in ', min(in_use.nspname), ' do')
                from ({{ stuck_jobs.schema_in_use(sources) | indent(16) }}) as in_use
                having count(*) > 0
            )
            {%- endif %}
        end collate "default" as problem
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- for source in unlogged %}
    union all
    select
        {{ stuck_jobs.text_literal(source.schema ~ '.' ~ source.identifier) }} as table_name,
        case
            when {{ stuck_jobs.is_standby() }}
                then concat(
                    'this is a standby, and has no row of ', {{ stuck_jobs.text_literal(source.identifier) }},
                    ', which is UNLOGGED; ask the primary'
                )
            when {{ stuck_jobs.hides_rows(source) | indent(12) }}
                then concat(
                    'row level security hides rows of ', {{ stuck_jobs.text_literal(source.identifier) }},
                    ' from the role that built the views; only a role with the attribute bypassrls, or the owner of the',
                    ' table, sees all of them'
                )
        end collate "default" as problem
    {%- endfor %}
{%- endmacro %}
