{% macro first_id_since(log, instant, undated=[]) -%}
    {%- set since = '(' ~ instant ~ ') - ' ~ stuck_jobs.minutes(var('completeness_overlap_minutes')) -%}
    coalesce((
        with recursive bounds as (
            select
                min(id) as low,
                max(id) as high
            from {{ log }}
            union all
            select
                case when middle.at < {{ since }} then middle.id else bounds.low end as low,
                case when middle.at < {{ since }} then bounds.high else (bounds.low + bounds.high) / 2 end as high
            from bounds
            cross join lateral (
                select
                    entries.id,
                    entries.at
                from {{ log }} as entries
                where
                    entries.id >= (bounds.low + bounds.high) / 2
                    {%- if undated %} and entries.type not in ('{{ undated | join("', '") }}'){% endif %}
                order by entries.id
                limit 1
            ) as middle
            where bounds.high - bounds.low > 100
        )

        select max(low) from bounds
    ), 0)
{%- endmacro %}
