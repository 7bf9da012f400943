{% macro cell(region, model_id, question_id) -%}
    {{ region }} || e'\x1f' || {{ model_id }} || e'\x1f' || {{ question_id }}
{%- endmacro %}
