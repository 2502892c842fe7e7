{#- The City's words for an injury as a KABCO letter. -#}
{% macro severity(injury) -%}
    case {{ injury }}
            when 'FATAL' then 'K'
            when 'INCAPACITATING INJURY' then 'A'
            when 'NONINCAPACITATING INJURY' then 'B'
            when 'REPORTED, NOT EVIDENT' then 'C'
            when 'NO INDICATION OF INJURY' then 'O'
            else 'U'
        end
{%- endmacro %}


{% macro severity_score(severity) -%}
    case {{ severity }}
            when 'K' then 5
            when 'A' then 4
            when 'B' then 3
            when 'C' then 2
            when 'O' then 1
        end
{%- endmacro %}


{#- Killed or seriously injured. -#}
{% macro is_ksi(severity) -%}
    {{ severity }} in ('K', 'A')
{%- endmacro %}


{#- The letter of a score; U where there is none. -#}
{% macro severity_of_score(score) -%}
    case {{ score }}
            when 5 then 'K'
            when 4 then 'A'
            when 3 then 'B'
            when 2 then 'C'
            when 1 then 'O'
            else 'U'
        end
{%- endmacro %}
