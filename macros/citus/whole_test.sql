{% macro whole_test(wrong_rows) -%}
    {%- if flags.WHICH in ('build', 'test') and stuck_jobs.is_distributed() -%}
        {%- set counted = stuck_jobs.whole_answer('select count(*) from (' ~ wrong_rows ~ ') as wrong_rows') -%}
        {%- if not counted.is_whole -%}
            {%- do exceptions.raise_compiler_error("a part of the answer was lost between the nodes: nothing was tested; test again") -%}
        {%- endif -%}
        select wrong_row from generate_series(1, {{ counted.row[0] }}) as wrong_rows (wrong_row)
    {%- else -%} {{ wrong_rows }} {%- endif -%}
{%- endmacro %}
