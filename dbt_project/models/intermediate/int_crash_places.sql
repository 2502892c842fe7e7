-- One row is a crash: the ward, the community area and the beat it lies in.
{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="crash_record_id",
    on_schema_change="fail",
    indexes=indexes_on("crash_record_id", ["_dlt_load_id"])
) }}

{%- set feet = piece_width_ft() %}
{%- set digest = digest_of_layers(layers_of_the_city()) %}

with

layers as (

    {{ digest }}

),

crashes as (

    select
        crash_record_id,
        geom,
        _dlt_load_id,
        row_number() over () as number
    from {{ ref("stg_crashes") }}
    where {{ is_to_be_joined(digest) }}

),

pieces as (

    select
        layer,
        cast(place_id as integer) as place_number,
        cell_x,
        cell_y,
        is_whole_cell,
        geom
    from {{ ref("int_place_pieces") }}
    where {{ layers_of_the_city() }}

),

-- Of places that overlap or meet in the crash it is the smallest number's.
within as (

    select
        crashes.number,
        min(case when pieces.layer = 'wards' then pieces.place_number end)
            as ward,
        min(
            case
                when pieces.layer = 'community_areas' then pieces.place_number
            end
        ) as community_area,
        min(
            case when pieces.layer = 'police_beats' then pieces.place_number end
        ) as police_beat
    from crashes
    inner join pieces
        on
            {{ cell("st_x(crashes.geom)", feet) }} = pieces.cell_x
            and {{ cell("st_y(crashes.geom)", feet) }} = pieces.cell_y
    where
        pieces.is_whole_cell
        or st_intersects(pieces.geom, crashes.geom)
    group by crashes.number

),

final as (

    select
        crashes.crash_record_id,
        within.ward,
        within.community_area,
        within.police_beat,
        layers.digest as _layers,
        crashes._dlt_load_id
    from crashes
    cross join layers
    left join within
        on crashes.number = within.number

)

select * from final
