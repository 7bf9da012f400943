{% macro error_signature(error) -%}
    {%- set steps = [
        ('^\\s*Traceback .*\\n(?=\\S)', ''),
        ('\\n.*', ''),
        ('\\m[a-z][a-z0-9+.-]*://\\S+', '<url>'),
        ('\\S+@\\S+', '<address>'),
        ('\\S*(passw|passphrase|\\mpass\\M|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|signature'
            ~ '|cookie|authorization)[a-z_-]*["\']?\\s*[:=].*', '<secret>'),
        ('\\m(bearer|basic)\\s+\\S{8,}', '<secret>'),
        ('\\{.*\\}|\\([^()]*\\)=\\([^()]*\\)', '<value>'),
        ('"[^"]*("|$)|`[^`]*(`|$)|(?<!\\w)[bfru]{0,2}\'[^\']*(\'|$)', '<value>'),
        ('\\m[0-9a-f]{8}-[0-9a-f-]{27}\\M|\\meyJ[0-9a-z_-]+\\.[0-9a-z._-]+', '<id>'),
        ('\\m\\d+\\M', '<n>'),
        ('\\m(?=[0-9a-z_+/-]*[0-9])[0-9a-z_+/-]{16,}=*', '<id>'),
        ('\\m(0x)?(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\\M', '<id>'),
        ('\\d+', '<n>'),
        ('[[:cntrl:]]', ' '),
    ] -%}
    {#- of a very long text its beginning and its end tell what it is -#}
    {%- set signature = namespace(sql="btrim(concat(left(" ~ error ~ ", 2000), right(substr(" ~ error ~ ", 2001), 2000)), e' \\n\\r\\t')") -%}
    {%- for pattern, replacement in steps -%}
        {%- set signature.sql = "regexp_replace(" ~ signature.sql ~ ", " ~ stuck_jobs.text_literal(pattern) ~ ", '" ~ replacement ~ "', 'gi')" -%}
    {%- endfor -%}
    coalesce(nullif(left(btrim({{ signature.sql }}), 120), ''), 'no error text')
{%- endmacro %}
