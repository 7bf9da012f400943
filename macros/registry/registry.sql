{% macro registry() %}
    {% set merged = stuck_jobs.default_registry() %}
    {% set provable = stuck_jobs.job_system().points %}
    {% for point in merged %}
        {% do merged.update({point: dict(merged[point], **provable.get(point, {'enabled': false}))}) %}
    {% endfor %}
    {% set overrides = var('thresholds', {}) or {} %}
    {% if overrides is not mapping %}
        {% do exceptions.raise_compiler_error("vars: thresholds must map points to fields, got '" ~ overrides ~ "'") %}
    {% endif %}
    {% for point, fields in overrides.items() %}
        {% if point not in merged %}
            {% do exceptions.raise_compiler_error(
                "vars: thresholds names the unknown point '" ~ point ~ "'; known: " ~ merged | join(', ')
            ) %}
        {% endif %}
        {% if fields is not mapping %}
            {% do exceptions.raise_compiler_error(
                "vars: thresholds." ~ point ~ " must map fields to values, got '" ~ fields ~ "'"
            ) %}
        {% endif %}
        {% for field, value in fields.items() %}
            {% if field not in merged[point] or field == 'evidence' %}
                {% do exceptions.raise_compiler_error(
                    "vars: thresholds." ~ point ~ " has the unknown field '" ~ field ~ "'; known: " ~ merged[point] | reject('equalto', 'evidence') | join(', ')
                ) %}
            {% endif %}
            {% do stuck_jobs.validate_field(point, field, value) %}
        {% endfor %}
        {% if point not in provable and fields.enabled %}
            {% do exceptions.raise_compiler_error(
                "vars: thresholds." ~ point ~ " cannot be enabled: " ~ var('job_system')
                ~ " has no evidence for it; known are " ~ provable | join(', ')
            ) %}
        {% endif %}
        {% do merged.update({point: dict(merged[point], **fields)}) %}
        {% set how = stuck_jobs.job_system().get('remedies', {}).get(merged[point].remedy, {}) %}
        {% if merged[point].auto and how.by_hand %}
            {% do exceptions.raise_compiler_error(
                "vars: thresholds." ~ point ~ ".auto must be false for " ~ var('job_system') ~ ": " ~ how.by_hand
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(merged) }}
{% endmacro %}
