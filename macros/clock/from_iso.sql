{% macro from_iso(text) -%}
    {%- set time = '([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{1,9})?([+-](0[0-9]|1[0-4]):[0-5][0-9]|Z)' -%}
    (
        select
            case
                when written.said ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{{ time }}$' then case
                    -- the days that its month has
                    when
                        extract(
                            day from (left(written.said, 8) || '01')::date + interval '1 month' - interval '1 day'
                        ) >= substr(written.said, 9, 2)::integer
                        then written.said::timestamptz
                end
            end
        from (select {{ text }} as said) as written
    )
{%- endmacro %}
