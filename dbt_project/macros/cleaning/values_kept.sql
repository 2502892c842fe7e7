{#- How many values each source column of a staging model has, by the month of a
    date, or in all where its records have none. -#}
{% macro values_kept(dataset, model, date=none) -%}
    {%- set rules = cleaning_rules(dataset) -%}
    with

    months as (

        select
            {%- for column in rules %}
            count({{ column }}) as {{ column }},
            {%- endfor %}
            count(*) as records,
            {{ month_of(date) }} as month
        from {{ model }}
        {%- if date %}
        group by {{ month_of(date) }}
        {%- endif %}

    )

    {% for column in rules or ["records"] %}
    select
        '{{ dataset }}' as dataset,
        '{{ column }}' as column_name,
        month,
        {{ column }} as values_kept
    from months
    where {{ is_read(dataset) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro month_of(date) -%}
    {%- if date -%}
        cast(date_trunc('month', {{ date }}) as date)
    {%- else -%}
        cast(null as date)
    {%- endif -%}
{%- endmacro %}


{#- The category values of a staging model's records that the City's list has
    not, a row each. -#}
{% macro unlisted_values(dataset, model) -%}
    {%- set categories = cleaning_rules(dataset).values()
        | selectattr("kind", "equalto", "category") | list -%}
    with

    found as (

        select
            nullif(
                '[' || concat_ws(
                    ','
                    {%- for rule in categories %},
                    case
                        when
                            {{ rule.column }} not in (
                                'UNKNOWN'
                                {%- for value in rule["values"] %},
                                {{ as_literal(value) }}
                                {%- endfor %}
                            )
                            then '{"column":"{{ rule.column }}","raw":'
                                || {{ as_json(rule.column) }} || '}'
                    end
                    {%- endfor %}
                ) || ']',
                '[]'
            ) as _cleaned
        from {{ model }}
        where
            _deleted_at is null
            and {{ is_read(dataset) }}

    )

    select
        '{{ dataset }}' as dataset,
        change."column" as column_name,
        change.raw as value
    from {{ listed_changes("found") }}
    where records._cleaned is not null
{%- endmacro %}
