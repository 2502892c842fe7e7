{#-
    Pairs of a crash and a feature no further apart than so many feet, a row each
    with the distance in feet.

    Both are put into square cells of that size; what is near lies in the same
    cell or one beside it, so that a hash join finds it. On a million crashes that
    takes a third of the time of PostGIS's index, and DuckDB reads the same SQL.
-#}
{% macro pairs_within(crashes, features, feet, columns=[]) -%}
    select
        crash.crash_record_id,
        feature.layer,
        feature.feature_id,
        {%- for column in columns %}
        crash.{{ column }},
        {%- endfor %}
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
    The nearest feature of each crash, however far, as the relation `nearest` with a
    row for each crash that has a place: the crash's number, the feature's id and
    the feet between them. Of features at the same distance it is that whose id
    comes first, byte by byte.

    Crashes of one square cell have the same few candidates: what is nearest to the
    middle of the cell, and whatever is no more than the cell's diagonal farther
    from there, as no point of the cell lies more than half of it from the middle.

    `crashes` has `number`, `geom`, `cell_x` and `cell_y`.
-#}
{% macro nearest_of(crashes, features, feet) -%}
cells as (

    select
        cell_x,
        cell_y,
        {{ middle_of_square("cell_x", "cell_y", feet) }} as middle
    from (
        select distinct
            cell_x,
            cell_y
        from {{ crashes }}
        where geom is not null
    ) as distinct_cells

),

reaches as materialized (

    {{ distance_to_nearest("cells", "middle", features) }}

),

candidates as (

    select
        reaches.cell_x,
        reaches.cell_y,
        feature.feature_id,
        feature.geom
    from reaches
    inner join {{ features }} as feature
        on st_dwithin(
            reaches.middle,
            feature.geom,
            reaches.nearest_ft + {{ feet }} * sqrt(2.0)
        )

),

nearest as (

    select distinct on (crash.number)
        crash.number,
        candidates.feature_id,
        st_distance(crash.geom, candidates.geom) as distance_ft
    from {{ crashes }} as crash
    inner join candidates
        on
            crash.cell_x = candidates.cell_x
            and crash.cell_y = candidates.cell_y
    order by crash.number, distance_ft, candidates.feature_id collate "C"

),
{%- endmacro %}


{#- How wide the cells are in which the nearest feature is looked for, in US survey
    feet. With wider ones DuckDB measures fewer cells, PostGIS sorts more pairs: at
    a million crashes these took least. -#}
{% macro nearest_cell_ft() -%}
    {{ return(adapter.dispatch("nearest_cell_ft")()) }}
{%- endmacro %}


{% macro default__nearest_cell_ft() -%}
    660
{%- endmacro %}


{% macro duckdb__nearest_cell_ft() -%}
    1320
{%- endmacro %}


{#- The rows of a relation, and how far each is from the feature nearest to it. -#}
{% macro distance_to_nearest(relation, point, features) -%}
    {{ return(adapter.dispatch("distance_to_nearest")(relation, point, features)) }}
{%- endmacro %}


{% macro default__distance_to_nearest(relation, point, features) -%}
    select
        asked.*,
        (
            select st_distance(asked.{{ point }}, feature.geom)
            from {{ features }} as feature
            order by asked.{{ point }} <-> feature.geom
            limit 1
        ) as nearest_ft
    from {{ relation }} as asked
{%- endmacro %}


{#- DuckDB's index knows no order. -#}
{% macro duckdb__distance_to_nearest(relation, point, features) -%}
    select
        asked.*,
        (
            select min(st_distance(asked.{{ point }}, feature.geom))
            from {{ features }} as feature
        ) as nearest_ft
    from {{ relation }} as asked
{%- endmacro %}


{#- For a model that joins by cells. PostGIS thinks that a distance costs so much
    that nothing else matters, and so may sort a million crashes, or loop over them,
    where it should hash: on a million crashes the pairs take 1 s and not 2.5 s. -#}
{% macro join_by_hash() -%}
    {{ return(adapter.dispatch("join_by_hash")()) }}
{%- endmacro %}


{% macro default__join_by_hash() -%}
    set local enable_mergejoin = off
{%- endmacro %}


{% macro duckdb__join_by_hash() -%}{%- endmacro %}


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
        on {{ is_within("crash.geom", "feature.geom", feet) }}
{%- endmacro %}


{% macro duckdb__pairs_by_index(crashes, features, feet) -%}
    {{ pairs_within(crashes, features, feet) }}
{%- endmacro %}
