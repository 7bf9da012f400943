{% materialization view_in_place, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set definition = local_md5(sql ~ model.columns ~ model.contract ~ model.description) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if not should_full_refresh() and stuck_jobs.is_defined_so(existing_relation, definition) %}
        {% call noop_statement('main', 'VIEW AS IT WAS') %}{{ sql }}{% endcall %}
    {% else %}
        {% do stuck_jobs.assert_replaceable(existing_relation, sql) %}
        {% set grants = stuck_jobs.drop_set_aside(target_relation) if existing_relation is not none and not model.version %}
        {% call statement('main') -%}
            {{ get_replace_view_sql(target_relation, sql) }}
        {%- endcall %}
        {% if grants %}
            {% do run_query(grants) %}
        {% endif %}
        {% do stuck_jobs.describe_relation(target_relation) %}
        {% do stuck_jobs.note_definition(target_relation, definition) %}
    {% endif %}

    {% do apply_grants(target_relation, config.get('grants'), should_revoke=false) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {% if model.version and model.version == model.latest_version %}
        {% do stuck_jobs.point_to_latest(target_relation) %}
    {% endif %}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
