{% macro item_columns() -%}
    accumulation_point, entity_type, entity_id, jobspec_id, status, stuck_since, age_seconds, threshold_seconds, cause,
    queue_name, job_kind, evidence
{%- endmacro %}
