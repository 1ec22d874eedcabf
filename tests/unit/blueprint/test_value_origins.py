"""Where a property is stated, that a resource has from its group, from the blueprint, or from an
expression."""

from provisioner.blueprint.value_origins import stated_places
from tests.unit.blueprint.invented_catalog import composed

RESOURCES = """\
tags:
  purpose: starter
  owner: ${team}
  Stage: ${"the " + stage}
resources:
  net:
    type: Invented.Network/networks
    name: net
    resourceGroup: main
    tags: {stage: own, costCentre: "${stage}"}
    properties: {addressSpace: {addressPrefixes: ["10.0.0.0/16", "${range}"]}}
  other:
    type: Invented.Network/networks
    name: ${'other-' + stage}
    resourceGroup: main
    location: northeurope
    tags: ${more}
    properties: {addressSpace: {addressPrefixes: ["${range}"]}}
"""
PARAMETERS = "parameters: {team: platform, stage: dev, range: 10.1.0.0/16, more: {a: b}}"
DECLARED = (
    "parameters:\n  team: {type: string}\n  stage: {type: string}\n"
    "  range: {type: string}\n  more: {type: map}\n"
)


def told(address, path):
    """Return what is said of a property: the file and line, the parameter, and whether it is
    exact."""
    graph = composed(DECLARED + RESOURCES, PARAMETERS)
    places = stated_places(graph.resources[address], path)
    return [(one.span.line, one.parameter, one.is_exact) for one in places]


def line_of(text):
    blueprint = composed(DECLARED + RESOURCES, PARAMETERS).resources["net"].scope.node
    return next(one.span.line for one in blueprint.walk() if one.value == text)


def test_a_location_is_stated_by_the_group_and_reads_none_of_the_resources_parameters():
    assert told("net", "location") == told("resourceGroups.main", "location")
    ((_, parameter, is_exact),) = told("net", "location")
    assert (parameter, is_exact) == (None, True)


def test_a_location_of_its_own_is_stated_there():
    assert told("other", "location")[0][0] != told("net", "location")[0][0]
    assert told("other", "location") == [(line_of("northeurope"), None, True)]


def test_a_tag_of_the_blueprint_is_stated_there_with_what_its_value_reads():
    assert told("net", "tags.purpose") == [(line_of("starter"), None, True)]
    (stated, given) = told("net", "tags.owner")
    assert stated == (line_of("${team}"), None, True)
    assert given[1:] == ("team", True)


def test_a_tag_of_the_resource_itself_comes_before_that_of_the_blueprint():
    assert told("net", "tags.stage") == [(line_of("own"), None, True)]


def test_an_expression_over_a_parameter_is_not_the_value_itself():
    (stated, given) = told("other", "tags.Stage")[-2:]
    assert stated[0] == line_of('${"the " + stage}')
    assert given[1:] == ("stage", False)


def test_what_an_expression_holds_is_not_exact():
    """`tags: ${more}` may hold the tag, and the blueprint has it else."""
    places = told("other", "tags.purpose")
    assert (line_of("${more}"), None, False) in places
    assert (line_of("starter"), None, False) in places


def test_what_no_file_states_names_the_resource_alone():
    places = told("net", "properties.somethingElse")
    assert [(parameter, is_exact) for _, parameter, is_exact in places] == [(None, False)]
