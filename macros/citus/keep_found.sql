{% macro keep_found(name, queries) -%}
    {%- set schema = this.include(database=false, identifier=false) -%}
    {%- set kept = schema ~ '.kept_' ~ name -%}
    {%- set versions = stuck_jobs.view_versions(stuck_jobs.views_beneath(queries | map(attribute='view'))) -%}
    {%- set built = stuck_jobs.query_in_transaction('select ' ~ versions ~ ' as versions').rows[0].versions -%}
    delete from {{ kept }};

    if {{ versions | indent(4) }} = '{{ built }}' then
        insert into {{ kept }}
        select found.* from {{ stuck_jobs.on_node(schema ~ '.found_' ~ name ~ '() as found') | indent(8) }};
    else -- a view was replaced after the build that made the function
        {%- for query in queries if query.sent %}
        insert into {{ kept }} {{ query.text }};
        {%- endfor %}
    end if;
    {%- for query in queries if not query.sent %}

    insert into {{ kept }} {{ query.text }};
    {%- endfor %}
{%- endmacro %}
