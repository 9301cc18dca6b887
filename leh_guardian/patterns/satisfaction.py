"""Do the leaves of an event satisfy the fields of an alternative, all together?

Rule kept: what costs little is asked first. Each field by itself; then, only where several fields reach into arrays of
objects, whether one element can satisfy them; and the exact and general answer of ``arrays`` only where the arrays are
nested, or an absence is asked for in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from leh_guardian.patterns.arrays import consistent
from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.leaves import Leaves
from leh_guardian.patterns.many import Many
from leh_guardian.patterns.values import MISSING

_Group = list[tuple[Field, Many]]


def satisfied(fields: Sequence[Field], leaves: Leaves) -> bool:
    """Tell whether the leaves satisfy all these fields."""
    value_at = leaves.found.get
    several: _Group = []
    for field in fields:
        value = value_at(field.path, MISSING)
        if isinstance(value, Many):
            if not value.satisfies(field) and not _may_be_hidden(field, leaves):
                return False
            several.append((field, value))
        elif not field.matches(value):
            return False
    return not leaves.owner_of or _satisfied_in_arrays(fields, several, leaves)


def _may_be_hidden(field: Field, leaves: Leaves) -> bool:
    """Tell whether other fields, by choosing elements of arrays, could make every leaf of this one absent."""
    return field.may_be_absent and all(leaves.places(field.path))


def _satisfied_in_arrays(fields: Sequence[Field], several: _Group, leaves: Leaves) -> bool:
    nested = [(field, many) for field, many in several if leaves.shape(field.path).nested]
    if len(nested) < 2:
        return all(many.satisfies(field) for field, many in nested)
    if any(field.may_be_absent for field in fields):
        return consistent(fields, leaves)
    groups: defaultdict[int, _Group] = defaultdict(list)
    for field, many in nested:
        array = leaves.shape(field.path).array
        if array is None:
            return consistent(fields, leaves)
        groups[array].append((field, many))
    # Arrays side by side do not concern each other.
    return all(len(group) < 2 or _meet(group, leaves) for group in groups.values())


def _meet(group: _Group, leaves: Leaves) -> bool:
    """Tell whether these fields, all found in one outermost array, are satisfied within one of its elements."""
    elements: set[int] | None = None
    for field, many in sorted(group, key=lambda pair: pair[0].exact_keys is None):
        elements = _satisfying(field, many, elements, leaves.outermost)
        if not elements:
            return False
    fields = [field for field, _ in group]
    if all(leaves.shape(field.path).flat for field in fields):
        return True
    paths = [field.path for field in fields]
    return any(consistent(fields, leaves.within(element, paths)) for element in elements or ())


def _satisfying(field: Field, many: Many, among: set[int] | None, outermost: Sequence[int]) -> set[int]:
    """Give the elements, among some or all, in which a field is satisfied."""
    if field.exact_keys is not None:
        found = {outermost[many.places[at]] for key in field.exact_keys for at in many.at_value(key)}
        return found if among is None else found & among
    elements = {outermost[place] for place in many.places} if among is None else among
    return {
        element
        for element in elements
        if any(field.matches(many.values[at]) for at in many.in_element(element, outermost))
    }
