-- One row is a hexagon of the grid that lies in the city, at least in part.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook="{{ without_older_grid() }}"
) }}

with

layers as (

    select digest
    from {{ ref("int_layers") }}
    where layer = 'community_areas'
    {%- if is_incremental() %}
        and digest not in (select digest from {{ this }})
    {%- endif %}

),

pieces as (

    select
        pieces.geom,
        layers.digest,
        cast(
            floor(st_xmin(pieces.geom) / {{ hexagon_column_ft() }}) as integer
        ) as west,
        cast(
            ceil(st_xmax(pieces.geom) / {{ hexagon_column_ft() }}) as integer
        ) as east,
        cast(
            floor(st_ymin(pieces.geom) / {{ hexagon_row_ft() }}) as integer
        ) as south,
        cast(
            ceil(st_ymax(pieces.geom) / {{ hexagon_row_ft() }}) as integer
        ) as north
    from {{ ref("int_place_pieces") }} as pieces
    inner join layers
        on pieces.digest = layers.digest
    where pieces.layer = 'community_areas'

),

strips as (

    select
        pieces.*,
        cast(spread.hexagon_column as integer) as hexagon_column
    from pieces
    cross join
        {{ each_number("pieces.west - 1", "pieces.east + 1") }}
            as spread (hexagon_column)

),

candidates as (

    select
        strips.geom,
        strips.digest,
        strips.hexagon_column,
        cast(spread.hexagon_row as integer) as hexagon_row
    from strips
    cross join
        {{ each_number("strips.south - 1", "strips.north + 1") }}
            as spread (hexagon_row)
    where abs(strips.hexagon_column - spread.hexagon_row) % 2 = 0

),

final as (

    select distinct
        hexagon_column,
        hexagon_row,
        digest
    from candidates
    where st_intersects(geom, {{ hexagon("hexagon_column", "hexagon_row") }})

)

select * from final
