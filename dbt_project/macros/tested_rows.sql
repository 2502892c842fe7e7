{#-
    What a generic test reads of a model, which dbt asks by this name: the rows of its
    `where`. Of a model with a row or several for each record of the portal, a test that
    fails by single rows or keys reads those of records that changed since the last build:
    the others passed it. One that only warns tells of all rows each time.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get("where")] if config.get("where") else [] -%}
    {%- set of_a_row = [
        "accepted_range", "accepted_values", "expression_is_true", "has_srid",
        "not_null", "unique", "unique_combination", "within_chicago",
    ] -%}
    {%- if execute
        and last_build() is not none
        and relation.identifier in rows_of_records()
        and model.test_metadata.name in of_a_row
        and config.get("severity") | lower == "error" -%}
        {%- do conditions.append(
            is_of_changed_rows(rows_of_records()[relation.identifier])
        ) -%}
    {%- endif -%}
    {%- if conditions -%}
        {{ return(
            "(select * from " ~ relation ~ " where ("
            ~ conditions | join(") and (") ~ ")) as dbt_subquery"
        ) }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}


{#- The models that have rows of each record, with the dataset whose records these
    change with; none where it is with all that is known of a crash. -#}
{% macro rows_of_records() -%}
    {{ return({
        "crashes": none,
        "crashes_near_features": "crashes",
        "int_crash_places": "crashes",
        "int_crashes_near_features": "crashes",
        "int_nearest_signals": "crashes",
        "int_people_per_crash": none,
        "int_vehicles_per_crash": none,
        "people": "people",
        "stg_crashes": "crashes",
        "stg_people": "people",
        "stg_vehicles": "vehicles",
        "vehicles": "vehicles",
    }) }}
{%- endmacro %}


{#- The condition for the rows of such a model that changed since the last build. What
    changes with all that is known of a crash is made of `int_changed_crashes`, which a
    test need not wait for; dbt knows of no other models in `unique` and `not_null`. -#}
{% macro is_of_changed_rows(dataset) -%}
    {%- if dataset -%}
        {%- set key = keys_of_records()[dataset] -%}
        {{ is_of_changed_keys(dataset, key, key) }}
    {%- else -%}
        {%- set changed = graph.nodes.values()
            | selectattr("name", "equalto", "int_changed_crashes") | first -%}
        crash_record_id in (
            select changed.crash_record_id
            from {{ changed.relation_name }} as changed
        )
    {%- endif -%}
{%- endmacro %}
