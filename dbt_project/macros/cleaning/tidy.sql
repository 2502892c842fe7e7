{#-
    A text in Unicode's composed form, without zero-width characters, with one
    blank for each run of blanks and controls, none outside; null where it says
    `NULL` or `N/A` or nothing.

    Plain ASCII is as it should be, and is found out by one look.
-#}
{% macro tidy(text) -%}
    case
            when
                {{ text }} ~ '^[!-~]+( [!-~]+)*$'
                and (
                    length({{ text }}) > 4
                    or upper({{ text }}) not in ('NULL', 'N/A')
                )
                then {{ text }}
            else nullif(
                regexp_replace(
                    trim({{ single_blanks(visible(text)) }}),
                    '^([Nn][Uu][Ll][Ll]|[Nn]/[Aa])$',
                    ''
                ),
                ''
            )
        end
{%- endmacro %}


{#- U+200B, U+2060 and U+FEFF have no width, and no place in a value. They go first,
    for they may stand between a letter and its accent. -#}
{% macro visible(text) -%}
    {%- set seen = "translate(" ~ text
        ~ ", chr(8203) || chr(8288) || chr(65279), '')" -%}
    {{ adapter.dispatch("nfc")(seen) }}
{%- endmacro %}


{% macro default__nfc(text) -%}
    normalize({{ text }}, nfc)
{%- endmacro %}


{% macro duckdb__nfc(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}


{#- Each run of blanks and control characters as one blank. -#}
{% macro single_blanks(text) -%}
    {{ return(adapter.dispatch("single_blanks")(text)) }}
{%- endmacro %}


{% macro default__single_blanks(text) -%}
    {%- set wide = "\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000" -%}
    regexp_replace(
                        {{ text }},
                        '[\u0001-\u0020\u007F-\u00A0{{ wide }}]+',
                        ' ',
                        'g'
                    )
{%- endmacro %}


{% macro duckdb__single_blanks(text) -%}
    {%- set controls = "\\x{0}-\\x{20}\\x{7F}-\\x{A0}" -%}
    {%- set wide = "\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}"
        ~ "\\x{202F}\\x{205F}\\x{3000}" -%}
    regexp_replace(
                        {{ text }},
                        '[{{ controls }}{{ wide }}]+',
                        ' ',
                        'g'
                    )
{%- endmacro %}


{#- Upper case for the letters A to Z alone, whatever the database's locale. -#}
{% macro ascii_upper(text) -%}
    translate(
                {{ text }},
                'abcdefghijklmnopqrstuvwxyz',
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
            )
{%- endmacro %}
