{% macro remedy_command(job_id, when='command') -%}
    {%- set commands = [] -%}
    {%- for remedy, how in stuck_jobs.job_system().get('remedies', {}).items() if how[when] -%}
        {%- do commands.append(
            "when '" ~ remedy ~ "' then replace(" ~ stuck_jobs.text_literal(how[when] | replace('{schema}', stuck_jobs.source_schema())) ~ ", '{job_id}', " ~ job_id ~ ")"
        ) -%}
    {%- endfor -%}
    {%- if commands -%} case remedy {{ commands | join(' ') }} end {%- else -%} null::text {%- endif -%}
{%- endmacro %}
