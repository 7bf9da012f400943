{% macro registry_values() -%}
    values
    {%- for point, fields in stuck_jobs.registry().items() if fields.enabled %}
        (
            '{{ point }}', '{{ fields.level }}', {{ fields.max_count | int }},
            '{{ fields.severity }}', '{{ fields.remedy }}', '{{ fields.evidence }}'
        ){{ ',' if not loop.last }}
    {%- else %}
        (null, null, null, null, null, null)
    {%- endfor %}
{%- endmacro %}
