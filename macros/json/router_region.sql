{% macro router_region(region) -%}
    {%- set known = {'US': 'us-east', 'EU': 'eu-west', 'APAC': 'asia-pacific', 'ASIA': 'asia-pacific'} -%}
    {%- set aliases = dict(known, **(var('region_aliases', {}) or {})) -%}
    case {{ region }}
        {%- for alias, name in aliases.items() %} when {{ dbt.string_literal(dbt.escape_single_quotes(alias)) }} then {{ dbt.string_literal(dbt.escape_single_quotes(name)) }}{% endfor %}
        else {{ region }}
    end
{%- endmacro %}
