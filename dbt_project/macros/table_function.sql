{#-
    A function that gives rows, of the same name, arguments and SQL on both
    engines: an SQL function of PostgreSQL, which plans it as if its query stood
    in the place of the call, and a table macro of DuckDB.

    The model's `meta` lists the arguments and their types, its columns those of
    the rows. What the query reads, it has to name without the database.
-#}
{% materialization table_function, default -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement("main") -%}
        {{ make_table_function(this.include(database=false), sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({"relations": []}) }}
{%- endmaterialization %}


{% materialization table_function, adapter="duckdb" -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement("main") -%}
        {{ make_table_function(this.include(database=false), sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({"relations": []}) }}
{%- endmaterialization %}


{% macro make_table_function(name, sql) -%}
    {{ return(adapter.dispatch("make_table_function")(name, sql)) }}
{%- endmacro %}


{% macro default__make_table_function(name, sql) -%}
    {%- set arguments = [] -%}
    {%- for argument, type in model.meta.arguments.items() -%}
        {%- do arguments.append(argument ~ " " ~ type) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append(column.name ~ " " ~ column.data_type) -%}
    {%- endfor -%}
    {#- Its rows may be others than they were, which none that exists allows.
        Not parallel: to start workers takes longer than all of a call. -#}
    drop function if exists {{ name }};
    create function {{ name }} ({{ arguments | join(", ") }})
    returns table ({{ columns | join(", ") }})
    language sql stable parallel unsafe
    as $function$ {{ sql }} $function$;
    comment on function {{ name }} is $comment${{ model.description }}$comment$
{%- endmacro %}


{% macro duckdb__make_table_function(name, sql) -%}
    create or replace macro {{ name }} (
        {{- model.meta.arguments | join(", ") -}}
    ) as table (
        {{ sql }}
    )
{%- endmacro %}


{#- An argument of the function, which PostgreSQL tells from a column by the
    function's name and DuckDB by having no name before it. -#}
{% macro argument(name) -%}
    {{ return(adapter.dispatch("argument")(name)) }}
{%- endmacro %}


{% macro default__argument(name) -%}
    {{ model.name }}.{{ name }}
{%- endmacro %}


{% macro duckdb__argument(name) -%}
    {%- if execute -%}
        cast({{ name }} as {{ model.meta.arguments[name] }})
    {%- endif -%}
{%- endmacro %}


{#- The text of an argument as the caller wrote it, before DuckDB made it of its type. -#}
{% macro argument_as_given(name) -%}
    {{ return(adapter.dispatch("argument_as_given")(name)) }}
{%- endmacro %}


{% macro default__argument_as_given(name) -%}
    cast({{ argument(name) }} as text)
{%- endmacro %}


{% macro duckdb__argument_as_given(name) -%}
    cast({{ name }} as text)
{%- endmacro %}


{#- Whether a whole number was given: PostgreSQL has no function for another, DuckDB
    would round it. -#}
{% macro is_whole_number(name) -%}
    {{ return(adapter.dispatch("is_whole_number")(name)) }}
{%- endmacro %}


{% macro default__is_whole_number(name) -%}
    true
{%- endmacro %}


{% macro duckdb__is_whole_number(name) -%}
    cast({{ name }} as double) = {{ argument(name) }}
{%- endmacro %}


{#- Whether the arguments can be: fails with the first message whose condition
    does not hold. PostgreSQL asks it once and before all else; DuckDB may ask
    it last, and is spared it here. -#}
{% macro arguments_hold(checks) -%}
    {{ return(adapter.dispatch("arguments_hold")(checks)) }}
{%- endmacro %}


{% macro default__arguments_hold(checks) -%}
    {{ first_that_fails(checks) }}
{%- endmacro %}


{% macro duckdb__arguments_hold(checks) -%}
    true
{%- endmacro %}


{#- For the end of the query, a part of it without a row that asks the arguments:
    what can have no rows, for an argument that is null, is left out by both
    engines, and a condition within it is not asked. -#}
{% macro or_refused(checks) -%}
    union all
select
    {%- for column in model.columns %}
    null{{ "," if not loop.last }}
    {%- endfor %}
where not {{ first_that_fails(checks) }}
{%- endmacro %}


{% macro first_that_fails(checks) -%}
    (
        select
            case
                {%- for condition, message in checks %}
                when not coalesce({{ condition }}, false)
                    then {{ refused(message) }}
                {%- endfor %}
                else true
            end
    )
{%- endmacro %}


{% macro refused(message) -%}
    {{ return(adapter.dispatch("refused")(message)) }}
{%- endmacro %}


{% macro default__refused(message) -%}
    marts.refused({{ message }})
{%- endmacro %}


{% macro duckdb__refused(message) -%}
    error({{ message }})
{%- endmacro %}


{#- PostgreSQL's SQL cannot fail by itself; DuckDB's can. -#}
{% macro make_refused() -%}
    {{ return(adapter.dispatch("make_refused")()) }}
{%- endmacro %}


{% macro default__make_refused() -%}
    do $$ begin
        if to_regnamespace('marts') is null then
            create schema marts;
        end if;
    end $$;
    create or replace function marts.refused(message text) returns boolean
    language plpgsql stable parallel safe
    as $function$
    begin
        raise exception using
            message = message, errcode = 'invalid_parameter_value';
    end
    $function$
{%- endmacro %}


{% macro duckdb__make_refused() -%}
{%- endmacro %}
