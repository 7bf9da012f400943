{% macro thin_history(history) -%}
    delete from {{ history }}
    where
        observed_at >= {{ as_of() }} - interval '2 hours'
        and observed_at < {{ as_of() }} - interval '1 hour'
        and run_id not in (
            select distinct on (date_trunc('minute', observed_at)) run_id
            from {{ history }}
            where
                observed_at >= {{ as_of() }} - interval '2 hours'
                and observed_at < {{ as_of() }} - interval '1 hour'
            order by date_trunc('minute', observed_at), observed_at, run_id
        )
{%- endmacro %}
