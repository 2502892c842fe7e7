-- One row is the part of a place in a square cell of a quarter of a mile: few
-- corners, or none where the cell lies in the place as a whole.
{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="layer",
    on_schema_change="fail",
    pre_hook="{{ without_layers_gone() }}"
) }}

{%- set feet = piece_width_ft() %}

with

layers as (

    select
        layer,
        digest
    from {{ ref("int_layers") }}
    where kind = 'polygons'
    {%- if is_incremental() %}
        and digest not in (select digest from {{ this }})
    {%- endif %}

),

places as (

    select
        places.layer,
        places.place_id,
        places.geom,
        layers.digest,
        {{ cell("st_xmin(places.geom)", feet) }} as west,
        {{ cell("st_xmax(places.geom)", feet) }} as east,
        {{ cell("st_ymin(places.geom)", feet) }} as south,
        {{ cell("st_ymax(places.geom)", feet) }} as north
    from {{ ref("places") }} as places
    inner join layers
        on places.layer = layers.layer

),

strips as (

    select
        places.*,
        cast(spread.cell_x as integer) as cell_x
    from places
    cross join
        {{ each_number("places.west", "places.east") }}
            as spread (cell_x)

),

cells as (

    select
        strips.*,
        cast(spread.cell_y as integer) as cell_y
    from strips
    cross join
        {{ each_number("strips.south", "strips.north") }}
            as spread (cell_y)

),

pieces as (

    select
        layer,
        place_id,
        cell_x,
        cell_y,
        {{ part_in_square("geom", "cell_x", "cell_y", feet) }} as geom,
        digest
    from cells

),

final as (

    select
        layer,
        place_id,
        cell_x,
        cell_y,
        -- A thousandth of a square foot less than the whole is none.
        st_area(geom) > {{ feet }} * {{ feet }} - 0.001 as is_whole_cell,
        geom,
        digest
    from pieces
    where not st_isempty(geom)

)

select * from final
