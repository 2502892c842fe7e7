{#-
    Keeps the rows for which a test failed or warned, in a table of the test's
    name or alias in the schema `quality`, until the test has passed.

    dbt's own `store_failures` makes a table of every test at every build, which
    takes a quarter of the build's time; few tests have a row to keep.
-#}
{% macro kept_failures(results) -%}
    {%- if execute and flags.WHICH in ["build", "test"] -%}
        {%- for result in results if
            result.node.resource_type == "test"
            and result.status in ["pass", "warn", "fail"] -%}
            {%- set kept = "quality." ~ adapter.quote(result.node.alias) %}
drop table if exists {{ kept }};
            {%- if result.failures %}
create table {{ kept }} as
{{ result.node.compiled_code }};
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
