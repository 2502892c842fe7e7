-- One row is a crash and a layer of the user's own: the place that it lies in.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    indexes=indexes_on("crash_record_id", ["layer, place_id"]),
    pre_hook="{{ without_crashes_to_be_joined(layers_of_ones_own()) }}"
) }}

{%- set feet = piece_width_ft() %}
{%- set digest = digest_of_layers(layers_of_ones_own()) %}

with

layers as (

    {{ digest }}

),

crashes as (

    select
        crash_record_id,
        geom,
        _dlt_load_id
    from {{ ref("stg_crashes") }}
    where
        geom is not null
        and {{ is_to_be_joined(digest) }}

),

pieces as (

    select * from {{ ref("int_place_pieces") }}
    where not {{ layers_of_the_city() }}

),

pairs as (

    select
        crashes.crash_record_id,
        crashes._dlt_load_id,
        pieces.layer,
        pieces.place_id
    from crashes
    inner join pieces
        on
            {{ cell("st_x(crashes.geom)", feet) }} = pieces.cell_x
            and {{ cell("st_y(crashes.geom)", feet) }} = pieces.cell_y
    where
        pieces.is_whole_cell
        or st_intersects(pieces.geom, crashes.geom)

),

-- Of places that overlap or meet in the crash it is that whose id comes first,
-- byte by byte.
within as (

    select
        crash_record_id,
        layer,
        min({{ by_bytes("place_id") }}) as place_id,
        max(_dlt_load_id) as _dlt_load_id
    from pairs
    group by crash_record_id, layer

),

final as (

    select
        within.crash_record_id,
        within.layer,
        within.place_id,
        layers.digest as _layers,
        within._dlt_load_id
    from within
    cross join layers

)

select * from final
