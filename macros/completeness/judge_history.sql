{% macro judge_history(known_gaps, incomplete_jobs, anew) %}
    {% set run = namespace(done=false, begin_anew=anew, most=100 * var('completeness_batch_jobs'), steps=0) %}
    {% for _ in range(100000) %}
        {% set marks = stuck_jobs.query_in_transaction(stuck_jobs.lock_marks(known_gaps)).rows[0] %}
        {% if run.begin_anew or marks.judged_until is none and marks.walked_to is none %}
            {% set run.begin_anew = false %}
            {% set run.done = not marks.is_long %}
            {% set run.most = 2147483647 %}
            {% do stuck_jobs.query_in_transaction(stuck_jobs.begin_walk(known_gaps) if marks.is_long else stuck_jobs.forget_marks(known_gaps)) %}
        {% elif marks.walked_to is not none %}
            {% set walk = stuck_jobs.query_in_transaction(stuck_jobs.walk_on(
                known_gaps, incomplete_jobs, stuck_jobs.key_literal(marks.walked_to), stuck_jobs.key_literal(marks.walk_id)
            )).rows[0] %}
            {% set run.steps = run.steps + 1 %}
            {% if run.steps % 10 == 0 or walk.walked_to is none %}
                {% do log(
                    this.identifier ~ ": judged the jobs up to id " ~ (walk.walked_to or marks.walk_id)
                    ~ " of " ~ marks.walk_id, info=true
                ) %}
            {% endif %}
        {% else %}
            {% set caught_up = stuck_jobs.query_in_transaction(stuck_jobs.catch_up(known_gaps, incomplete_jobs, run.most)).rows %}
            {% set run.done = caught_up | length > 0 %}
            {% set run.begin_anew = not run.done %}
        {% endif %}
        {% do adapter.commit() %}
        {% if run.done %}{% break %}{% endif %}
    {% endfor %}
{% endmacro %}
