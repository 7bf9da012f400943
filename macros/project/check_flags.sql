{% macro check_flags() %}
    {% set flag = '--empty' if invocation_args_dict.empty else '--sample' if invocation_args_dict.sample %}
    {% for name in selected_resources if flag and flags.WHICH in ('build', 'run') and name.startswith('model.stuck_jobs.') %}
        {% do exceptions.raise_compiler_error(
            "dbt " ~ flags.WHICH ~ " " ~ flag ~ " would leave views that see none or few of the rows, such as "
            ~ name.split('.')[2] ~ " of the package stuck_jobs; leave the option out, or add --exclude package:stuck_jobs"
        ) %}
    {% endfor %}
{% endmacro %}
