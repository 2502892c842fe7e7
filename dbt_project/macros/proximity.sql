{#-
    Pairs of a crash and a feature no further apart than so many feet, a row each
    with the distance in feet.

    Both are put into square cells of that size; what is near lies in the same
    cell or one beside it, so that a hash join finds it. On a million crashes that
    takes a third of the time of PostGIS's index, and DuckDB reads the same SQL.
-#}
{% macro pairs_within(crashes, features, feet) -%}
    select
        crash.crash_record_id,
        feature.layer,
        feature.feature_id,
        st_distance(crash.geom, feature.geom) as distance_ft
    from {{ crashes }} as crash
    inner join (
        select
            around.layer,
            around.feature_id,
            around.geom,
            {{ cell("st_x(around.geom)", feet) }} + steps_x.step as cell_x,
            {{ cell("st_y(around.geom)", feet) }} + steps_y.step as cell_y
        from {{ features }} as around
        cross join generate_series(-1, 1) as steps_x (step)
        cross join generate_series(-1, 1) as steps_y (step)
    ) as feature
        on
            {{ cell("st_x(crash.geom)", feet) }} = feature.cell_x
            and {{ cell("st_y(crash.geom)", feet) }} = feature.cell_y
    where st_distance(crash.geom, feature.geom) <= {{ feet }}
{%- endmacro %}


{#-
    The nearest feature of each crash, however far, a row each. Of features at the
    same distance it is that whose id comes first, byte by byte.

    Most crashes have one within an eighth of a mile; for those that have none the
    search is widened, in the end to all features.
-#}
{% macro nearest_of(crashes, features) -%}
    {%- set widths = [660, 2640, 10560] -%}
    {%- for feet in widths %}
within_{{ feet }} as (

    select distinct on (crash_record_id)
        crash_record_id,
        feature_id,
        distance_ft
    from (
        {{ pairs_within(
            crashes if loop.first else "beyond_" ~ loop.previtem,
            features, feet
        ) }}
    ) as pairs
    order by crash_record_id, distance_ft, feature_id collate "C"

),

beyond_{{ feet }} as (

    select
        left_over.crash_record_id,
        left_over.geom
    from {{ crashes if loop.first else "beyond_" ~ loop.previtem }} as left_over
    left join within_{{ feet }}
        on left_over.crash_record_id = within_{{ feet }}.crash_record_id
    where within_{{ feet }}.crash_record_id is null

),
    {% endfor %}
far_away as (

    select distinct on (crash.crash_record_id)
        crash.crash_record_id,
        feature.feature_id,
        st_distance(crash.geom, feature.geom) as distance_ft
    from beyond_{{ widths | last }} as crash
    cross join {{ features }} as feature
    order by crash.crash_record_id, distance_ft, feature.feature_id collate "C"

),

nearest as (
    {% for feet in widths %}
    select * from within_{{ feet }}
    union all
    {%- endfor %}
    select * from far_away

),
{%- endmacro %}


{#- The number of the cell that a coordinate lies in. -#}
{% macro cell(coordinate, feet) -%}
    cast(floor({{ coordinate }} / {{ feet }}) as integer)
{%- endmacro %}


{#- The same pairs where few are asked for, or the distance is known only when it
    is asked: PostGIS finds them by its index, DuckDB by the cells. -#}
{% macro pairs_by_index(crashes, features, feet) -%}
    {{ return(adapter.dispatch("pairs_by_index")(crashes, features, feet)) }}
{%- endmacro %}


{% macro default__pairs_by_index(crashes, features, feet) -%}
    select
        crash.crash_record_id,
        feature.layer,
        feature.feature_id,
        st_distance(crash.geom, feature.geom) as distance_ft
    from {{ features }} as feature
    inner join {{ crashes }} as crash
        on st_dwithin(crash.geom, feature.geom, {{ feet }})
{%- endmacro %}


{% macro duckdb__pairs_by_index(crashes, features, feet) -%}
    {{ pairs_within(crashes, features, feet) }}
{%- endmacro %}
