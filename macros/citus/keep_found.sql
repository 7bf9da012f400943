{% macro keep_found(name, queries) -%}
    {%- set found = this.include(database=false, identifier=false) ~ '.found_' ~ name ~ '()' -%}
    {%- set views = stuck_jobs.views_beneath(queries | map(attribute='view')) -%}
    {%- set versions = stuck_jobs.view_versions(views) -%}
    {%- set kept = this.include(database=false, identifier=false) ~ '.kept_' ~ name -%}
    delete from {{ kept }};

    if {{ versions }} = '{{ stuck_jobs.query_in_transaction('select ' ~ versions ~ ' as versions').rows[0].versions }}' then
        insert into {{ kept }} select found.* from {{ stuck_jobs.on_node(found ~ ' as found') }};
    else -- a view was changed after the build that wrote the function
        {%- for query in queries if query.sent %}
        insert into {{ kept }} {{ query.text }};
        {%- endfor %}
    end if;
    {%- for query in queries if not query.sent %}

    insert into {{ kept }} {{ query.text }};
    {%- endfor %}
{%- endmacro %}
