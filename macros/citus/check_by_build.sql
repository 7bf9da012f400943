{% macro check_by_build() %}
    {% if execute and stuck_jobs.is_distributed() %}
        {% set schema = stuck_jobs.own_schema() %}
        {% set checked = stuck_jobs.whole_answer('call ' ~ schema ~ '.check(null)') %}
        {% if checked.row[0] is not none %}
            {{ return('call ' ~ schema ~ '.confirm(' ~ checked.is_whole ~ ')') }}
        {% endif %}
    {% endif %}
{% endmacro %}
