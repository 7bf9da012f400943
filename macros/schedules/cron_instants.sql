{% macro cron_instants(fields, zone, since) -%}
    select due.at
    from generate_series(
        date_trunc('day', ({{ since }}) at time zone {{ zone }}), {{ as_of() }} at time zone {{ zone }}, interval '1 day'
    ) as days (day)
    cross join (
        select hour from generate_series(0, 23) as hours (hour)
        where {{ stuck_jobs.cron_matches(fields ~ '[2]', 'hour', 0, 23) }}
    ) as hours
    cross join (
        select minute from generate_series(0, 59) as minutes (minute)
        where {{ stuck_jobs.cron_matches(fields ~ '[1]', 'minute', 0, 59) }}
    ) as minutes
    cross join lateral (select day + make_interval(hours => hour, mins => minute) as local_time) as clocks
    cross join lateral (select local_time at time zone {{ zone }} as at) as due
    where
        {{ stuck_jobs.cron_matches(fields ~ '[4]', 'extract(month from day)::integer', 1, 12) }}
        -- where both days are given, either is enough
        and case when '*' in ({{ fields }}[3], {{ fields }}[5]) then 2 else 1 end <= (
            ({{ stuck_jobs.cron_matches(fields ~ '[3]', 'extract(day from day)::integer', 1, 31) }})::integer
            + (
                {{ stuck_jobs.cron_matches(fields ~ '[5]', 'extract(dow from day)::integer', 0, 7) }}
                or (
                    extract(dow from day) = 0
                    and {{ stuck_jobs.cron_matches(fields ~ '[5]', '7', 0, 7) }}
                )
            )::integer
        )
        and due.at >= date_trunc('minute', {{ since }})
        and due.at <= {{ as_of() }}
        and due.at at time zone {{ zone }} = local_time
        and (due.at - interval '1 hour') at time zone {{ zone }} <> local_time
        and (due.at + interval '1 hour') at time zone {{ zone }} <> local_time
{%- endmacro %}
