{% macro sent_to_node(query) %}
    {% set plan = stuck_jobs.whole_answer('explain (verbose, costs off, format json) ' ~ query).row[0][0]['Plan'] %}
    {% set sent = plan.get('Distributed Query', {}) %}
    {% if 'Job' in sent and 'Subplans' not in sent and sent['Job']['Task Count'] == 1 %}
        {{ return(sent['Job']['Tasks'][0]['Query']) }}
    {% endif %}
{% endmacro %}
