{#- How wide the square cells are into which places are cut: a quarter of a mile,
    in US survey feet. -#}
{% macro piece_width_ft() -%}
    1320
{%- endmacro %}


{#- Which layers a model joins: those of points, the places that a crash has a
    column for, or the places of a user's own. -#}
{% macro layers_of_points() -%}
    kind = 'points'
{%- endmacro %}


{% macro layers_of_the_city() -%}
    layer in ('{{ places_of_a_crash() | join("', '") }}')
{%- endmacro %}


{#- The City's layers of places, and the column that a crash has for each. -#}
{% macro places_of_a_crash() -%}
    {{ return({
        "wards": "ward",
        "community_areas": "community_area",
        "police_beats": "police_beat",
    }) }}
{%- endmacro %}


{% macro layers_of_ones_own() -%}
    kind = 'polygons' and not {{ layers_of_the_city() }}
{%- endmacro %}


{#- The digests of some layers as one, a row. -#}
{% macro digest_of_layers(condition) -%}
    select
        md5(
            coalesce(string_agg(layer || ' ' || digest, ', ' order by layer), '')
        ) as digest
    from {{ ref("int_layers") }}
    where {{ condition }}
{%- endmacro %}


{#- Which crashes a model joins: those whose newest version came after those that
    it has; all of them where a layer is another than it was joined to. -#}
{% macro is_to_be_joined(digest) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif single_value(digest)
        != single_value("select min(_layers) from " ~ this) -%}
        true
    {%- else -%}
        {%- set last_load = single_value(
            "select max(_dlt_load_id) from " ~ this
        ) -%}
        _dlt_load_id > '{{ last_load or "" }}'
    {%- endif -%}
{%- endmacro %}


{#- Forgets the pairs of crashes that are joined anew to some layers, some of
    which may belong to nothing now. -#}
{% macro without_crashes_to_be_joined(condition) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where crash_record_id in (
            select crash_record_id
            from {{ ref("stg_crashes") }}
            where {{ is_to_be_joined(digest_of_layers(condition)) }}
        )
    {%- endif -%}
{%- endmacro %}
