{% macro as_jsonb_ddl(name) -%}
    create function {{ name }}(value text) returns jsonb
    language plpgsql immutable strict parallel safe as $$
    begin
        return value::jsonb;
    exception when data_exception or program_limit_exceeded or untranslatable_character then
        return null;
    end
    $$;

    comment on function {{ name }}(text)
    is 'A value of JSON, or NULL where PostgreSQL takes it as text and refuses it as jsonb: \u0000, half of a surrogate pair.'
{%- endmacro %}
