{#- Geometry is in Illinois's state plane, EPSG:3435, in US survey feet; for maps
    also in degrees, EPSG:4326. A column's type names which. -#}
{% macro geometry_type(srid, kind="geometry") -%}
    {{ return(adapter.dispatch("geometry_type")(srid, kind)) }}
{%- endmacro %}


{% macro default__geometry_type(srid, kind) -%}
    geometry({{ kind }}, {{ srid }})
{%- endmacro %}


{% macro duckdb__geometry_type(srid, kind) -%}
    geometry('EPSG:{{ srid }}')
{%- endmacro %}


{#- The number of a geometry's spatial reference. -#}
{% macro srid_of(geometry) -%}
    {{ return(adapter.dispatch("srid_of")(geometry)) }}
{%- endmacro %}


{% macro default__srid_of(geometry) -%}
    st_srid({{ geometry }})
{%- endmacro %}


{% macro duckdb__srid_of(geometry) -%}
    cast(replace(st_crs({{ geometry }}), 'EPSG:', '') as integer)
{%- endmacro %}


{% macro point_in_degrees(longitude, latitude) -%}
    {{ return(adapter.dispatch("point_in_degrees")(longitude, latitude)) }}
{%- endmacro %}


{% macro default__point_in_degrees(longitude, latitude) -%}
    st_setsrid(st_makepoint({{ longitude }}, {{ latitude }}), 4326)
{%- endmacro %}


{% macro duckdb__point_in_degrees(longitude, latitude) -%}
    st_setcrs(st_point({{ longitude }}, {{ latitude }}), 'EPSG:4326')
{%- endmacro %}


{#- A text such as `MULTIPOLYGON (((-87.6 41.8, …)))`, longitude first. -#}
{% macro text_in_degrees(wkt) -%}
    {{ return(adapter.dispatch("text_in_degrees")(wkt)) }}
{%- endmacro %}


{% macro default__text_in_degrees(wkt) -%}
    st_geomfromtext({{ wkt }}, 4326)
{%- endmacro %}


{% macro duckdb__text_in_degrees(wkt) -%}
    st_setcrs(st_geomfromtext({{ wkt }}), 'EPSG:4326')
{%- endmacro %}


{#- The same in feet. -#}
{% macro text_in_feet(wkt) -%}
    {{ return(adapter.dispatch("text_in_feet")(wkt)) }}
{%- endmacro %}


{% macro default__text_in_feet(wkt) -%}
    st_geomfromtext({{ wkt }}, 3435)
{%- endmacro %}


{% macro duckdb__text_in_feet(wkt) -%}
    st_setcrs(st_geomfromtext({{ wkt }}), 'EPSG:3435')
{%- endmacro %}


{% macro in_feet(geometry) -%}
    {{ return(adapter.dispatch("in_feet")(geometry)) }}
{%- endmacro %}


{% macro default__in_feet(geometry) -%}
    st_transform({{ geometry }}, 3435)
{%- endmacro %}


{% macro duckdb__in_feet(geometry) -%}
    st_setcrs(
                    st_transform(
                        {{ geometry }},
                        'EPSG:4326',
                        'EPSG:3435',
                        always_xy := true
                    ),
                    'EPSG:3435'
                )
{%- endmacro %}


{% macro in_degrees(geometry) -%}
    {{ return(adapter.dispatch("in_degrees")(geometry)) }}
{%- endmacro %}


{% macro default__in_degrees(geometry) -%}
    st_transform({{ geometry }}, 4326)
{%- endmacro %}


{% macro duckdb__in_degrees(geometry) -%}
    st_setcrs(
                    st_transform(
                        {{ geometry }},
                        'EPSG:3435',
                        'EPSG:4326',
                        always_xy := true
                    ),
                    'EPSG:4326'
                )
{%- endmacro %}


{% macro point_in_feet(longitude, latitude) -%}
    {{ in_feet(point_in_degrees(longitude, latitude)) }}
{%- endmacro %}


{#- Polygons that touch themselves are repaired. -#}
{% macro polygon_in_feet(wkt) -%}
    {{ repaired(in_feet(text_in_degrees(wkt))) }}
{%- endmacro %}


{% macro repaired(polygon) -%}
    {{ return(adapter.dispatch("repaired")(polygon)) }}
{%- endmacro %}


{% macro default__repaired(polygon) -%}
    st_makevalid({{ polygon }})
{%- endmacro %}


{% macro duckdb__repaired(polygon) -%}
    st_setcrs(st_makevalid({{ polygon }}), 'EPSG:3435')
{%- endmacro %}


{#- Polygons as one; of one kind, however many pieces it has. -#}
{% macro united(polygons, srid) -%}
    {{ return(adapter.dispatch("united")(polygons, srid)) }}
{%- endmacro %}


{% macro default__united(polygons, srid) -%}
    st_multi(st_union({{ polygons }}))
{%- endmacro %}


{% macro duckdb__united(polygons, srid) -%}
    st_setcrs(st_multi(st_union_agg({{ polygons }})), 'EPSG:{{ srid }}')
{%- endmacro %}


{#- Whether a point lies in a polygon or so near to it. The distance, which is
    dearer, is measured for points outside alone. -#}
{% macro is_within_ft(polygon, point, feet) -%}
    case
                    when st_intersects({{ polygon }}, {{ point }}) then true
                    else st_distance({{ polygon }}, {{ point }}) <= {{ feet }}
                end
{%- endmacro %}


{#- US survey feet: a metre has 3937 / 1200 of them. -#}
{% macro feet_of_metres(metres) -%}
    ({{ metres }} * 3937.0 / 1200.0)
{%- endmacro %}


{% macro metres_of_feet(feet) -%}
    ({{ feet }} * 1200.0 / 3937.0)
{%- endmacro %}


{#- Of an area in square US survey feet; a mile has 5280 of them. -#}
{% macro square_miles(geometry) -%}
    st_area({{ geometry }}) / (5280.0 * 5280.0)
{%- endmacro %}


{#- An index by which geometry is found: GiST on PostGIS, an R-tree on DuckDB. -#}
{% macro spatial_indexes(column) -%}
    {{ return(adapter.dispatch("spatial_indexes")(column)) }}
{%- endmacro %}


{% macro default__spatial_indexes(column) -%}
    {{ return([{"columns": [column], "type": "gist"}]) }}
{%- endmacro %}


{% macro duckdb__spatial_indexes(column) -%}
    {{ return([{"columns": [column]}]) }}
{%- endmacro %}


{#- DuckDB's indexes of dbt know no type; one on a geometry can only be an R-tree. -#}
{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
    {%- set index = adapter.parse_index(index_dict) -%}
    create index "{{ index.render(relation) }}" on {{ relation }}
    using rtree ({{ index.columns | join(", ") }})
{%- endmacro %}


{#- What of a geometry lies in a square cell. -#}
{% macro part_in_square(geometry, cell_x, cell_y, feet) -%}
    {{ return(adapter.dispatch("part_in_square")(geometry, cell_x, cell_y, feet)) }}
{%- endmacro %}


{% macro default__part_in_square(geometry, cell_x, cell_y, feet) -%}
    st_intersection(
            {{ geometry }},
            st_makeenvelope(
                {{ cell_x }} * {{ feet }},
                {{ cell_y }} * {{ feet }},
                ({{ cell_x }} + 1) * {{ feet }},
                ({{ cell_y }} + 1) * {{ feet }},
                3435
            )
        )
{%- endmacro %}


{% macro duckdb__part_in_square(geometry, cell_x, cell_y, feet) -%}
    st_setcrs(
            st_intersection(
                {{ geometry }},
                st_makeenvelope(
                    {{ cell_x }} * {{ feet }},
                    {{ cell_y }} * {{ feet }},
                    ({{ cell_x }} + 1) * {{ feet }},
                    ({{ cell_y }} + 1) * {{ feet }}
                )
            ),
            'EPSG:3435'
        )
{%- endmacro %}


{#- The numbers from one to another, a row each. -#}
{% macro each_number(first, last) -%}
    {{ return(adapter.dispatch("each_number")(first, last)) }}
{%- endmacro %}


{% macro default__each_number(first, last) -%}
    generate_series({{ first }}, {{ last }})
{%- endmacro %}


{% macro duckdb__each_number(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}


{#- The point in the middle of a square cell. -#}
{% macro middle_of_square(cell_x, cell_y, feet) -%}
    {{ return(adapter.dispatch("middle_of_square")(cell_x, cell_y, feet)) }}
{%- endmacro %}


{% macro default__middle_of_square(cell_x, cell_y, feet) -%}
    st_setsrid(
            st_makepoint(
                ({{ cell_x }} + 0.5) * {{ feet }}, ({{ cell_y }} + 0.5) * {{ feet }}
            ),
            3435
        )
{%- endmacro %}


{% macro duckdb__middle_of_square(cell_x, cell_y, feet) -%}
    st_setcrs(
            st_point(
                ({{ cell_x }} + 0.5) * {{ feet }}, ({{ cell_y }} + 0.5) * {{ feet }}
            ),
            'EPSG:3435'
        )
{%- endmacro %}
