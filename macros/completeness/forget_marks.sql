{% macro forget_marks(known_gaps) -%}
    delete from {{ known_gaps }} where job_id is not null;

    update {{ known_gaps }}
    set
        judged_until = null,
        judged_id = null,
        judged_xid = null,
        walked_to = null
    where judged_until is not null or walked_to is not null
{%- endmacro %}
