{#- A rule as the seed has it, or an error that names what is wrong with it: a
    mistyped bound would else empty a column without a word. -#}
{% macro checked_rule(dataset, row, kinds, forms) -%}
    {%- set rule = {
        "column": row["column"],
        "name": row["rule"],
        "kind": row["kind"],
        "parameters": parameters_in(dataset, row),
        "values": [],
    } -%}
    {%- set allowed = kinds.get(rule.kind) -%}
    {%- if allowed is none -%}
        {%- do wrong_rule(dataset, rule.column, "there is no kind '" ~ rule.kind
            ~ "'; cleaning_rules.yml lists those that there are") -%}
    {%- endif -%}
    {%- for name, value in rule.parameters.items() -%}
        {%- if name not in allowed -%}
            {%- do wrong_rule(dataset, rule.column, "'" ~ rule.kind
                ~ "' has no parameter '" ~ name ~ "', but "
                ~ (allowed | join(", ") or "none")) -%}
        {%- elif not modules.re.fullmatch(forms[allowed[name].form], value) -%}
            {%- do wrong_rule(dataset, rule.column, name ~ " is '" ~ value
                ~ "', which is no " ~ allowed[name].form) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in allowed if allowed[name].needed
        and name not in rule.parameters -%}
        {%- do wrong_rule(dataset, rule.column, "'" ~ rule.kind
            ~ "' needs the parameter '" ~ name ~ "'") -%}
    {%- endfor -%}
    {%- set bounds = rule.parameters -%}
    {%- if "min" in bounds and bounds.min | float > bounds.max | float -%}
        {%- do wrong_rule(dataset, rule.column, "min is " ~ bounds.min
            ~ ", above max, " ~ bounds.max) -%}
    {%- endif -%}
    {{ return(rule) }}
{%- endmacro %}


{% macro wrong_rule(dataset, column, fault) -%}
    {{ exceptions.raise_compiler_error(
        "seeds/cleaning_rules.csv: " ~ dataset ~ "." ~ column ~ ": " ~ fault
    ) }}
{%- endmacro %}


{#- The parameters that each kind of rule takes, their form, and whether it can do
    without. -#}
{% macro parameters_of_kinds() -%}
    {%- set whole = {"form": "whole number", "needed": true} -%}
    {%- set number = {"form": "number", "needed": true} -%}
    {%- set maybe_number = {"form": "number", "needed": false} -%}
    {{ return({
        "key": {},
        "text": {},
        "category": {},
        "flag": {},
        "checkbox": {},
        "polygon": {},
        "leading_zeros": {},
        "integer": {
            "min": whole,
            "max": whole,
            "step": {"form": "whole number", "needed": false},
        },
        "quantity": {"min": whole, "max": whole},
        "number": {"min": number, "max": number},
        "vehicle_year": {"min": whole, "max": whole, "after_crash": whole},
        "latitude": {"min": number, "max": number, "within_ft": maybe_number},
        "longitude": {"min": number, "max": number},
        "location": {
            "within_m": maybe_number,
            "south": maybe_number,
            "north": maybe_number,
            "west": maybe_number,
            "east": maybe_number,
        },
        "code": {"pattern": {"form": "pattern", "needed": true}},
        "timestamp": {
            "not_before": {"form": "day", "needed": false},
            "not_after": {"form": "day or 'fetch'", "needed": false},
            "keep": {"form": "'yes'", "needed": false},
        },
    }) }}
{%- endmacro %}


{% macro forms() -%}
    {{ return({
        "whole number": "-?[0-9]+",
        "number": "-?[0-9]+([.][0-9]+)?(e[0-9]+)?",
        "pattern": "state|zip",
        "day": timestamp_pattern(),
        "day or 'fetch'": "fetch|" ~ timestamp_pattern(),
        "'yes'": "yes",
    }) }}
{%- endmacro %}


{#- `min=0 max=120` as a dictionary. -#}
{% macro parameters_in(dataset, row) -%}
    {%- set parameters = {} -%}
    {%- for pair in (row["parameters"] or "").split() -%}
        {%- if not modules.re.fullmatch("[^=]+=[^=]+", pair) -%}
            {%- do wrong_rule(dataset, row["column"], "'" ~ row["parameters"]
                ~ "' is not of the form name=value, with a blank between two") -%}
        {%- endif -%}
        {%- do parameters.update([pair.split("=", 1)]) -%}
    {%- endfor -%}
    {{ return(parameters) }}
{%- endmacro %}
