{#-
    The descriptions of a relation and its columns, in one statement. dbt's own
    way asks the database first, for each model anew, which of the columns that
    are described there are: with that, descriptions take a quarter of a small
    build. Here one that is described and not there fails the model.
-#}
{% macro persist_all_docs(relation, model) -%}
    {%- call statement("docs") -%}
        comment on {{ relation.type }} {{ relation }}
        is '{{ model.description | replace("'", "''") }}';
        {%- for column in model.columns.values() %}
        comment on column {{ relation }}.{{ adapter.quote(column.name) }}
        is '{{ column.description | replace("'", "''") }}';
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}


{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- do persist_all_docs(relation, model) -%}
{%- endmacro %}


{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- do persist_all_docs(relation, model) -%}
{%- endmacro %}
