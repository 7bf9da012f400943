{#
    That a view has the grain that it promises.
    Passes if no two rows agree in the given columns, NULL being a value like any other; fails with those that are there
    more than once.
#}
{% test one_row_per(model, columns) %}
    {%- set repeated_rows %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
    {%- endset %}
    {{ stuck_jobs.whole_test(repeated_rows) }}
{% endtest %}
