{% macro check_schedules() %}
    {% set schedules = var('schedules') or {} %}
    {% if schedules is not mapping %}
        {% do exceptions.raise_compiler_error(
            "vars: schedules must map schedules to {every_minutes: ...}, got '" ~ schedules ~ "'"
        ) %}
    {% endif %}
    {% if schedules and stuck_jobs.is_left_out('stg_schedules') %}
        {% do exceptions.raise_compiler_error("vars: schedules is set, and " ~ var('job_system') ~ " has no schedules") %}
    {% endif %}
    {% for name, stated in schedules.items() %}
        {% set every = stated.every_minutes if stated is mapping and stated | list == ['every_minutes'] else none %}
        {% if every is boolean or every is not number or not (0 < every <= 1e9) %}
            {% do exceptions.raise_compiler_error(
                "vars: schedules." ~ name ~ " must be {every_minutes: a number above 0}, got '" ~ stated ~ "'"
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
