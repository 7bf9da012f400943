{% macro percentiles(seconds, prefix='') -%}
    {%- for percent in (50, 95, 99) %}
        percentile_cont(0.{{ percent }}) within group (order by {{ seconds }})
            as {{ prefix }}p{{ percent }}_seconds{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
