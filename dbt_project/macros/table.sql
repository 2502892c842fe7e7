{#-
    A table of DuckDB, made in the place of the one that was. dbt's own way
    makes it beside the old one and exchanges their names, so that readers need
    not wait; DuckDB lets nobody read while a process writes, and each exchange
    costs more than most of these queries.
-#}
{% materialization table, adapter="duckdb" -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set table = this.incorporate(type="table") -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {%- if existing is not none and not existing.is_table -%}
        {%- do adapter.drop_relation(existing) -%}
        {%- set existing = none -%}
    {%- endif -%}
    {% call statement("main") -%}
        {%- if existing is not none %}
        drop table {{ table }};
        {%- endif %}
        {{ create_table_as(false, table, compiled_code) }}
    {%- endcall %}
    {%- do create_indexes(table) -%}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {%- do persist_docs(table, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({"relations": [table]}) }}
{%- endmaterialization %}
