{% macro is_standby() -%}
    {%- set is_setting = "select current_setting('in_hot_standby', true) is not null" -%}
    {%- if not execute or run_query(is_setting).columns[0].values()[0] -%}
        current_setting('in_hot_standby') = 'on'
    {%- else -%}
        pg_is_in_recovery()
    {%- endif -%}
{%- endmacro %}
