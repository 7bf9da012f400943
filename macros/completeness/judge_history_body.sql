{% macro judge_history_body(known_gaps, incomplete_jobs) %}
#variable_conflict use_column
declare
    held record;
    reached record;
    begins_anew boolean := false;
    has_walked boolean := false;
    most_jobs bigint := {{ 100 * var('completeness_batch_jobs') }};
begin
    loop
        {{ stuck_jobs.settle_session() }}

        if has_walked
            and clock_timestamp() - statement_timestamp() > 0.5 * nullif(current_setting('statement_timeout'), '0')::interval
        then
            raise exception 'the history is being judged, up to job % of %: check again', held.walked_to, held.walk_id
            using errcode = 'object_not_in_prerequisite_state';
        end if;

        {{ stuck_jobs.assert_in_place() | indent(4) }}

        {{ stuck_jobs.lock_marks(known_gaps) | indent(8) }}
        into held;

        if begins_anew or (held.judged_until is null and held.walked_to is null) then
            begins_anew := false;
            most_jobs := 2147483647;
            if not held.is_long then
                {{ stuck_jobs.forget_marks(known_gaps) | indent(16) }};
                return;
            end if;
            {{ stuck_jobs.begin_walk(known_gaps) | indent(12) }};
        elsif held.walked_to is not null then
            {{ stuck_jobs.walk_on(known_gaps, incomplete_jobs, 'held.walked_to', 'held.walk_id') | indent(12) }}
            into reached;
            has_walked := true;
        else
            {{ stuck_jobs.catch_up(known_gaps, incomplete_jobs, 'most_jobs') | indent(12) }}
            into reached;
            if found then
                return;
            end if;
            begins_anew := true;
        end if;
        commit;
    end loop;
end
{% endmacro %}
