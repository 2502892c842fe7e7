{#-
    A grid of hexagons with a corner to the north, each 660 ft from side to side:
    an eighth of a mile, a Chicago block. It is laid from the origin of EPSG:3435,
    so that no city's border moves it.

    Their centres are two grids of rectangles, one between the other: the columns
    are half a hexagon wide and the rows one and a half of a side high, and a
    column and its row are both even or both odd.
-#}
{% macro hexagon_width_ft() -%}
    cast(660 as double precision)
{%- endmacro %}


{% macro hexagon_column_ft() -%}
    ({{ hexagon_width_ft() }} / 2)
{%- endmacro %}


{% macro hexagon_row_ft() -%}
    ({{ hexagon_width_ft() }} * sqrt(3) / 2)
{%- endmacro %}


{#- The columns and rows of the two hexagons that a point can lie in: the one
    whose centre is nearest of the even ones, and of the odd ones. -#}
{% macro even_and_odd_hexagons(points) -%}
    select
        {{ points }}.*,
        2 * cast(floor(x / {{ hexagon_column_ft() }} / 2 + 0.5) as integer)
            as even_column,
        2 * cast(floor(y / {{ hexagon_row_ft() }} / 2 + 0.5) as integer)
            as even_row,
        2 * cast(floor(x / {{ hexagon_column_ft() }} / 2) as integer) + 1
            as odd_column,
        2 * cast(floor(y / {{ hexagon_row_ft() }} / 2) as integer) + 1
            as odd_row
    from {{ points }}
{%- endmacro %}


{#- Whether the point is nearer to the even one's centre; on the side between the
    two it is the even one's. -#}
{% macro is_in_even_hexagon() -%}
    {{ hexagon_distance("even") }} <= {{ hexagon_distance("odd") }}
{%- endmacro %}


{% macro hexagon_distance(which) -%}
    power(x - {{ which }}_column * {{ hexagon_column_ft() }}, 2)
    + power(y - {{ which }}_row * {{ hexagon_row_ft() }}, 2)
{%- endmacro %}


{#- The hexagon of a column and a row, in feet. -#}
{% macro hexagon(hexagon_column, hexagon_row) -%}
    {%- set corners = [(0, 2), (1, 1), (1, -1), (0, -2), (-1, -1), (-1, 1), (0, 2)] -%}
    {%- set places = [] -%}
    {%- for across, up in corners -%}
        {%- do places.append(
            "(" ~ hexagon_column ~ " + (" ~ across ~ ")) * " ~ hexagon_column_ft()
            ~ " || ' ' || (" ~ hexagon_row ~ " + (" ~ up ~ ") / 3.0) * "
            ~ hexagon_row_ft()
        ) -%}
    {%- endfor -%}
    {{ text_in_feet(
        "'POLYGON((' || " ~ places | join(" || ', ' || ") ~ " || '))'"
    ) }}
{%- endmacro %}


{#- Forgets a grid that was laid over another outline of the city. -#}
{% macro without_older_grid() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where digest not in (
            select digest from {{ ref("int_layers") }}
            where layer = 'community_areas'
        )
    {%- endif -%}
{%- endmacro %}
