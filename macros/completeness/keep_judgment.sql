{% macro keep_judgment() -%}
    on conflict (job_id) do update
        set executions = excluded.executions, gaps = excluded.gaps, is_interrupted = excluded.is_interrupted
        where
            (known_gaps.executions, known_gaps.gaps, known_gaps.is_interrupted)
            is distinct from (excluded.executions, excluded.gaps, excluded.is_interrupted)
{%- endmacro %}
