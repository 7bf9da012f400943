{% macro fault_strength(kind) -%}
    array_position(
        array[
            'worker_crash', 'queue_unserved', 'conductor_dead', 'redis_untrusted', 'provider_failing', 'kind_failing',
            'error_repeated', 'job', 'queue_lagging', 'point'
        ],
        {{ kind }}
    )
{%- endmacro %}
