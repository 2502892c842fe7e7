{#- Geometry in Illinois's state plane, EPSG:3435, in US survey feet. -#}
{% macro point_in_feet(longitude, latitude) -%}
    {{ return(adapter.dispatch("point_in_feet")(longitude, latitude)) }}
{%- endmacro %}


{% macro default__point_in_feet(longitude, latitude) -%}
    st_transform(
                    st_setsrid(
                        st_makepoint({{ longitude }}, {{ latitude }}), 4326
                    ),
                    3435
                )
{%- endmacro %}


{% macro duckdb__point_in_feet(longitude, latitude) -%}
    st_transform(
                    st_point({{ longitude }}, {{ latitude }}),
                    'EPSG:4326',
                    'EPSG:3435',
                    always_xy := true
                )
{%- endmacro %}


{#- A text such as `MULTIPOLYGON (((-87.6 41.8, …)))` in degrees. -#}
{% macro polygon_in_feet(wkt) -%}
    {{ return(adapter.dispatch("polygon_in_feet")(wkt)) }}
{%- endmacro %}


{% macro default__polygon_in_feet(wkt) -%}
    st_makevalid(st_transform(st_geomfromtext({{ wkt }}, 4326), 3435))
{%- endmacro %}


{% macro duckdb__polygon_in_feet(wkt) -%}
    st_makevalid(
            st_transform(
                st_geomfromtext({{ wkt }}),
                'EPSG:4326',
                'EPSG:3435',
                always_xy := true
            )
        )
{%- endmacro %}


{% macro union_of(geometry) -%}
    {{ return(adapter.dispatch("union_of")(geometry)) }}
{%- endmacro %}


{% macro default__union_of(geometry) -%}
    st_union({{ geometry }})
{%- endmacro %}


{% macro duckdb__union_of(geometry) -%}
    st_union_agg({{ geometry }})
{%- endmacro %}


{#- Whether a point lies in a polygon or so near to it. The distance, which is
    dearer, is measured for points outside alone. -#}
{% macro is_within_ft(polygon, point, feet) -%}
    case
                    when st_intersects({{ polygon }}, {{ point }}) then true
                    else st_distance({{ polygon }}, {{ point }}) <= {{ feet }}
                end
{%- endmacro %}
