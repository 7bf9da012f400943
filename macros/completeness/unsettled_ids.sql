{% macro unsettled_ids(known_gaps) -%}
    {{ stuck_jobs.unjudged_ids(known_gaps) }}
    union
    select job_id
    from {{ known_gaps }}
    where job_id is not null
{%- endmacro %}
