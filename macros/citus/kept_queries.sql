{% macro kept_queries() %}
    {% set ties = stuck_jobs.ties(stuck_jobs.built('int_last_lost_jobs')) %}
    {% set columns = {} %}
    {% for detection in stuck_jobs.detections_in_use() %}
        {% do columns.update({detection: stuck_jobs.item_columns() ~ ', ' ~ ties.get(detection, 'null') ~ '::text'}) %}
    {% endfor %}
    {% do columns.update({'int_unproven_points': 'accumulation_point, problems, is_part'}) %}
    {% set kept = {'items': [], 'unproven_points': []} %}
    {% for model in columns %}
        {% set view = stuck_jobs.built(model) %}
        {% set text = 'select ' ~ columns[model] ~ ' from ' ~ view %}
        {% do kept['unproven_points' if loop.last else 'items'].append({
            'view': view, 'text': text, 'sent': stuck_jobs.sent_to_node(text),
        }) %}
    {% endfor %}
    {#- in the transaction of an EXPLAIN Citus reads no reference table after it -#}
    {% do adapter.commit() %}
    {{ return(kept) }}
{% endmacro %}
