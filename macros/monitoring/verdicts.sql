{% macro verdicts(summary, history) -%}
    {%- if flags.WHICH == 'build' and 'model.stuck_jobs.accumulation_history' in selected_resources and not stuck_jobs.is_distributed() -%}
        (select * from {{ history }} where run_id = '{{ invocation_id }}')
    {%- else -%}
        {{ summary }}
    {%- endif -%}
{%- endmacro %}
