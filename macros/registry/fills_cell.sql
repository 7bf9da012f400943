{% macro fills_cell(execution, cell) -%}
    {{ execution }}.router_region = {{ cell }}.region
    and ({{ cell }}.model_id is null or {{ execution }}.model_id = {{ cell }}.model_id)
    and ({{ cell }}.question_id is null or {{ execution }}.question_id = {{ cell }}.question_id)
{%- endmacro %}
