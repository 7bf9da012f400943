{% macro create_found(name, queries) %}
    {% set function = this.include(database=false, identifier=false) ~ '.found_' ~ name ~ '()' %}
    {% set body -%}
#variable_conflict use_column
begin
    {%- for query in queries if query.sent %}
    return query {{ query.sent }};
    {%- endfor %}
end
    {%- endset %}
    {% if not stuck_jobs.has_function(function, body) %}
        {% do stuck_jobs.query_in_transaction(
            "drop function if exists " ~ function ~ ";
            create function " ~ function ~ " returns table (" ~ stuck_jobs.kept_columns(name) ~ ")
            language plpgsql stable
            set search_path = pg_catalog, pg_temp set jit = off set max_parallel_workers_per_gather = 0
            as $found$" ~ body ~ "$found$;
            comment on function " ~ function ~ " is 'What the check keeps as kept_" ~ name ~ ", asked on the node where the"
            ~ " shards are, by their names there, so that it plans once a session.';
            select create_distributed_function(" ~ stuck_jobs.text_literal(function) ~ ")"
        ) %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}
