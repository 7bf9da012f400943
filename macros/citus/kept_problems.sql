{% macro kept_problems() -%}
    {%- set live = ref('stg_watched_tables') -%}
    {%- if not stuck_jobs.is_distributed() -%} {{ live }}
    {%- else -%}
    (
        select
            table_name,
            problem
        from {{ stuck_jobs.kept('stg_watched_tables') }}
        union all
        select
            'kept_check' as table_name,
            case
                when kept_check.run_id is null then 'nothing was checked yet: run stuck-jobs check'
                when kept_check.is_whole is null
                    then 'whoever checked did not say that the answer is whole: run stuck-jobs check'
                when not kept_check.is_whole then 'a part of the last answer was lost on its way: run stuck-jobs check'
                when
                    kept_check.checked_at < {{ as_of() }} - {{ stuck_jobs.minutes(var('check_max_age_minutes')) }}
                    or kept_check.checked_at > {{ stuck_jobs.latest_plausible() }}
                    then concat('the last check is of ', {{ stuck_jobs.ago('kept_check.checked_at') }})
            end as problem
        from (values (true)) as always (is_so)
        left join {{ stuck_jobs.own_schema() }}.kept_check on always.is_so
    ) as kept_problems
    {%- endif -%}
{%- endmacro %}
