{% macro router_region(region) -%}
    {%- set known = {'US': 'us-east', 'EU': 'eu-west', 'APAC': 'asia-pacific', 'ASIA': 'asia-pacific'} -%}
    {%- set aliases = dict(known, **(var('region_aliases', {}) or {})) -%}
    case {{ region }}
        {%- for alias, name in aliases.items() %} when {{ stuck_jobs.text_literal(alias) }} then {{ stuck_jobs.text_literal(name) }}{% endfor %}
        else {{ region }}
    end
{%- endmacro %}
