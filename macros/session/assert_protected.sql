{% macro assert_protected() %}
    {% set settings = stuck_jobs.settings_asked_for() %}
    {% if execute and settings %}
        {% set missing = run_query(stuck_jobs.settings_that_do_not_hold(settings)) %}
        {% set words = [] %}
        {% for setting in missing.rows %}
            {% do words.append(setting.name ~ ' is ' ~ setting.value ~ ', not ' ~ settings[setting.name]) %}
        {% endfor %}
        {% if words %}
            {% do exceptions.raise_compiler_error(
                "the profile's settings do not hold: " ~ words | join(', ')
                ~ "; is there a pooler? see docs/deployment.md, Behind a pooler"
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
