{% macro status_ranges(ends) %}
    {% set ranges = ["status is null", "status >= '' and status < '" ~ ends[0] ~ "'"] %}
    {% for end in ends %}
        {% set range = "status > '" ~ end ~ "'" %}
        {% do ranges.append(range if loop.last else range ~ " and status < '" ~ loop.nextitem ~ "'") %}
    {% endfor %}
    {{ return(ranges) }}
{% endmacro %}
