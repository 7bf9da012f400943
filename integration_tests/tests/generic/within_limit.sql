{#
    A test of a name that the package uses, too.
#}
{% test within_limit(model, most) %}
    select count(*) as rows
    from {{ model }}
    having count(*) > {{ most }}
{% endtest %}
