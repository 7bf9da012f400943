{% macro own_scope(item) -%}
    case
        when {{ item }}.waits_in_queue then {{ item }}.queue_name
        -- a job that waits does so for one cause, whichever of the two its status is
        when {{ item }}.accumulation_point = 'job_created' then concat_ws('/', 'job_queued', {{ item }}.cause)
        else concat_ws('/', {{ item }}.accumulation_point, {{ item }}.cause)
    end
{%- endmacro %}
