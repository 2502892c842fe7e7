-- One row is a hexagon of a grid over the city.
{{ config(indexes=spatial_indexes("geom")) }}

with

crashes as (

    select
        *,
        st_x(geom) as x,
        st_y(geom) as y
    from {{ ref("crashes") }}
    where coordinate_quality = 'ok'

),

nearest as (

    {{ even_and_odd_hexagons("crashes") }}

),

placed as (

    select
        *,
        case
            when {{ is_in_even_hexagon() }} then even_column
            else odd_column
        end as hexagon_column,
        case
            when {{ is_in_even_hexagon() }} then even_row
            else odd_row
        end as hexagon_row
    from nearest

),

totals as (

    select
        placed.hexagon_column,
        placed.hexagon_row,
        {{ crash_totals("placed") }}
    from placed
    group by placed.hexagon_column, placed.hexagon_row

),

-- A crash beside the city counts as one of its own, and its hexagon does.
grid as (

    select
        hexagon_column,
        hexagon_row
    from {{ ref("int_hexagons") }}
    union
    select
        hexagon_column,
        hexagon_row
    from totals

),

hexagons as (

    select
        hexagon_column,
        hexagon_row,
        {{ hexagon("hexagon_column", "hexagon_row") }} as geom
    from grid

),

final as (

    select
        hexagons.hexagon_column || '-' || hexagons.hexagon_row as hex_id,
        {{ totals_or_zero("totals") }},
        {{ rank_of_totals("totals") }} as rank,
        hexagons.geom,
        {{ in_degrees("hexagons.geom") }} as geom_4326
    from hexagons
    left join totals
        on
            hexagons.hexagon_column = totals.hexagon_column
            and hexagons.hexagon_row = totals.hexagon_row

)

select * from final
