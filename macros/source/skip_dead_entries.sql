{% macro skip_dead_entries() %}
    set local enable_bitmapscan = off;

    select {{ stuck_jobs.live_entries() }};

    reset enable_bitmapscan
{%- endmacro %}
