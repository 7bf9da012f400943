{% macro judge_step_by_step(known_gaps, incomplete_jobs, anew) %}
    {% set ddl = stuck_jobs.procedure_ddl(
        'judge_step', 'inout is_done boolean default null, begins_anew boolean default false',
        stuck_jobs.judge_step_body(known_gaps, incomplete_jobs),
        'Judges a part of what int_known_gaps has not judged yet, and says whether nothing is left; NULL, if'
        ~ ' another check is under way.'
    ) %}
    {% if ddl %}
        {% do stuck_jobs.query_in_transaction(ddl ~ '; select 1') %}
        {% do adapter.commit() %}
    {% endif %}
    {% set run = namespace(is_done=false, begins_anew=anew) %}
    {% for _ in range(100000) %}
        {% do stuck_jobs.query_in_transaction('select pg_advisory_xact_lock(' ~ stuck_jobs.turn() ~ ')') %}
        {% set step = stuck_jobs.whole_answer('call ' ~ stuck_jobs.own_schema() ~ '.judge_step(null, ' ~ run.begins_anew ~ ')') %}
        {% if not step.is_whole %}
            {% do exceptions.raise_compiler_error("a part of an answer was lost between the nodes: nothing was judged by it; build again") %}
        {% endif %}
        {% set run.is_done = step.row[0] %}
        {% set run.begins_anew = false %}
        {% do adapter.commit() %}
        {% if run.is_done %}{% break %}{% endif %}
    {% endfor %}
{% endmacro %}
