{% macro remedy_command(job_id, when='command', public_id='null') -%}
    {%- set commands = [] -%}
    {%- for remedy, how in stuck_jobs.job_system().get('remedies', {}).items() if how[when] -%}
        {%- set command = namespace(sql=stuck_jobs.text_literal(how[when] | replace('{schema}', stuck_jobs.source_schema()))) -%}
        {%- if '{job_id}' in how[when] -%}
            {%- set command.sql = "replace(" ~ command.sql ~ ", '{job_id}', " ~ job_id ~ ")" -%}
        {%- endif -%}
        {%- for part in ('1', '2', '3') if '{' ~ part ~ '}' in how[when] -%}
            {%- set command.sql = "replace(" ~ command.sql ~ ", '{" ~ part ~ "}', split_part(" ~ public_id ~ ", '/', " ~ part ~ "))" -%}
        {%- endfor -%}
        {%- do commands.append("when '" ~ remedy ~ "' then " ~ command.sql) -%}
    {%- endfor -%}
    {%- if commands -%} case remedy {{ commands | join(' ') }} end {%- else -%} null::text {%- endif -%}
{%- endmacro %}
