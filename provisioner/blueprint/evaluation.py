"""Evaluates the nodes of a file: binds names in their scope and computes expressions.

Values are found on demand and remembered: a parameter or local is evaluated when it is first read.
A property that Azure only knows after apply is Unknown, with the addresses of the resources that it
comes from; those become edges of the graph. Called by `blueprint.composition`.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from provisioner.blueprint.composition_state import (
    EACH,
    ENVIRONMENT,
    GROUP,
    GROUPS,
    Context,
    Instance,
    Key,
    Names,
    TracedValue,
    addresses_in,
)
from provisioner.blueprint.expression import (
    Chain,
    ExceededError,
    Expression,
    ExpressionError,
    evaluate,
    known_functions,
    parse_template,
    unknown_functions,
)
from provisioner.blueprint.expression_limits import BudgetError, exceeded
from provisioner.blueprint.file_schemas import span_of
from provisioner.blueprint.functions import ELSEWHERE
from provisioner.blueprint.parameters import check_parameter, fill_defaults
from provisioner.blueprint.secret_checks import check_result, check_values
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.schema import Kind, Property
from provisioner.catalog.sensitive_values import conceal_sensitive
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.span import Span
from provisioner.model.values import Bound, ResourceValue, Unknown, Value

Path: TypeAlias = tuple[str | int, ...]

_NODE = 3
"""What evaluating one node costs, in units of a budget."""


class Evaluator:
    """Evaluates nodes in the names of the file that contains them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._parameters: dict[tuple[int, str], TracedValue] = {}
        self._resources: dict[str, _KnownResource] = {}
        self._locals: dict[tuple[int, Path, int], TracedValue] = {}
        self._texts: dict[tuple[int, str, int], TracedValue] = {}
        self._given_values: dict[tuple[int, str], TracedValue] = {}
        self._outputs: dict[tuple[int, str], TracedValue] = {}

    def evaluate(self, instance: Instance, node: Node, each: TracedValue | None) -> TracedValue:
        """Return the value of a node, its expressions evaluated, with its sources.

        Raises:
            DiagnosticError: Where the budget of the environment ends, or an expression has no
                value.
        """
        try:
            self._context.budget.charge(_NODE)
        except BudgetError as problem:
            raise DiagnosticError(exceeded(f"evaluating this {problem}", node.span)) from None
        if isinstance(node.value, str):
            return self._evaluate_text(instance, node, each)
        if isinstance(node.value, Mapping):
            keys = self.evaluate_keys(instance, node, each)
            parts = {
                key.value: self.evaluate(instance, node.entries[name], each)
                for name, key in keys.items()
            }
            value: Bound = {key: part.value for key, part in parts.items()}
            sources = [key.sources for key in keys.values()]
            sources += [part.sources for part in parts.values()]
            return TracedValue(value, frozenset().union(*sources))
        if isinstance(node.value, tuple):
            listed = [self.evaluate(instance, item, each) for item in node.items]
            return TracedValue(
                [p.value for p in listed], frozenset().union(*(p.sources for p in listed))
            )
        return TracedValue(node.value)

    def evaluate_keys(
        self, instance: Instance, node: Node, each: TracedValue | None
    ) -> Mapping[str, Key]:
        """Return the keys of a mapping as they are written, each with its value.

        A key may hold expressions (`${identity.id}: {}` under userAssignedIdentities).

        Raises:
            DiagnosticError: For a key that is no text, or is only known after apply: the shape of a
                body has to be known when it is planned. And for two keys with the same value.
        """
        found: dict[str, Key] = {}
        written: dict[str, str] = {}
        for name in node.entries:
            if "${" not in name:
                key = Key(name)
            else:
                span = node.key_spans.get(name, node.span)
                traced = self._evaluate_text(instance, Node(name, span), each)
                if not isinstance(traced.value, str):
                    raise DiagnosticError(_wrong_key(name, traced.value, span))
                key = Key(traced.value, traced.sources)
            if key.value in written:
                raise DiagnosticError(
                    error(
                        "duplicate-key",
                        f"the keys {written[key.value]!r} and {name!r} are both {key.value!r}.",
                        node.key_spans.get(name, node.span),
                        "Remove one of them.",
                    )
                )
            written[key.value] = name
            found[name] = key
        return found

    def _evaluate_text(
        self, instance: Instance, node: Node, each: TracedValue | None
    ) -> TracedValue:
        text = str(node.value)
        if "${" not in text:
            return TracedValue(text)
        # Groups are placed one after the other: what reads them may change until all are.
        key = (id(instance), text, len(self._context.groups))
        memo = self._texts.get(key) if each is None else None
        if memo is not None:
            self._charge_again(memo, text, node.span)
            return memo
        span = Span(
            node.span.file, node.span.line, node.span.column + node.quoted + text.index("${")
        )
        try:
            template = parse_template(text)
            expression = template.expression
            if expression is None:
                return TracedValue(template.text)
            self._check_functions(expression, span)
            scope = self._names_of(instance, expression, each, span)
            names = {name: traced.value for name, traced in scope.items()}
            value = evaluate(expression, names, self._known_body, self._context.budget)
        except ExceededError as problem:
            raise DiagnosticError(
                exceeded(f"the expression {_short_text(text)} {problem}", span)
            ) from None
        except ExpressionError as problem:
            raise DiagnosticError(
                error(
                    "bad-expression",
                    f"the expression {_short_text(text)} {_reason_of(problem)}.",
                    span,
                )
            ) from None
        for secret in check_result(value, span):
            raise DiagnosticError(secret)
        traced = TracedValue(value, self._sources_of(expression, scope))
        if each is None:
            self._texts[key] = traced
        return traced

    def _charge_again(self, memo: TracedValue, text: str, span: Span) -> None:
        """Charge for a value that was evaluated before.

        Whoever walks what it is put into meets it once more.

        Raises:
            DiagnosticError: Where the budget ends.
        """
        try:
            self._context.budget.charge_value(memo.value)
        except BudgetError as problem:
            raise DiagnosticError(
                exceeded(f"the expression {_short_text(text)} {problem}", span)
            ) from None

    @staticmethod
    def _check_functions(expression: Expression, span: Span) -> None:
        for name in unknown_functions(expression):
            raise DiagnosticError(
                error(
                    "unknown-function",
                    f"there is no function {name!r}.",
                    span,
                    f"Write {ELSEWHERE[name]}."
                    if name in ELSEWHERE
                    else nearest(name, known_functions()),
                )
            )

    def _names_of(
        self, instance: Instance, expression: Expression, each: TracedValue | None, span: Span
    ) -> Names:
        scope: dict[str, TracedValue] = {}
        for chain in expression.chains:
            traced = self._bind_root(instance, chain, each, span)
            before = scope.get(chain.root)
            if (
                before is not None
                and isinstance(before.value, Mapping)
                and isinstance(traced.value, Mapping)
            ):
                traced = TracedValue(
                    _join_readings(before.value, traced.value), before.sources | traced.sources
                )
            scope[chain.root] = traced
            self._check_chain(traced.value, chain, span)
        return scope

    def _bind_root(
        self, instance: Instance, chain: Chain, each: TracedValue | None, span: Span
    ) -> TracedValue:
        """Return the meaning of a chain's root in a file.

        Raises:
            DiagnosticError: Where the file has no such name (`unknown-name`).
        """
        name = chain.root
        given = self._parameter_or_local(instance, name, each)
        if given is not None:
            return given
        if name in instance.locals:
            return self.local(instance, name, chain.path)
        if name in instance.resources:
            return self._context.place_resource(instance, name)
        if name in instance.modules:
            return self._module_outputs(instance, chain, span)
        raise DiagnosticError(
            error(
                "unknown-name",
                f"nothing here is called {name!r}.",
                span,
                nearest(name, instance.names()),
            )
        )

    def parameter(self, instance: Instance, name: str) -> TracedValue | None:
        """Return the value of a parameter; None where the file has none of this name.

        It is evaluated when it is first read, so that modules can give each other values.

        Raises:
            DiagnosticError: Where it is required and not given, does not fit its declaration, or is
                a secret.
        """
        spec = instance.parameters.get(name)
        if spec is None:
            return None
        memo = self._parameters.get((id(instance), name))
        if memo is not None:
            return memo
        given = instance.given.get(name)
        if given is not None:
            traced, span = self.given_value(instance, name), given.node.span
        elif spec.is_required:
            raise DiagnosticError(
                error(
                    "missing-parameter",
                    f"the parameter {name!r} is not given.",
                    instance.place,
                    f"{(spec.description or 'It has no default').rstrip('.')}. Add it.",
                )
            )
        else:
            traced, span = TracedValue(spec.default), span_of(instance.node, "parameters", name)
            _refuse_expressions(instance.node.find(("parameters", name, "default")))
        for secret in check_values(traced.value, given.node if given else instance.node, name):
            raise DiagnosticError(secret)
        problem = check_parameter(f"parameter {name!r}", spec, traced.value)
        if problem:
            raise DiagnosticError(error("wrong-parameter", f"{problem}.", span))
        bound = TracedValue(fill_defaults(spec, traced.value), traced.sources)
        self._parameters[id(instance), name] = bound
        return bound

    def given_value(self, instance: Instance, name: str) -> TracedValue:
        """Return the value that is given to a parameter, not checked yet.

        Raises DiagnosticError where it cannot be evaluated.
        """
        key = (id(instance), name)
        if key not in self._given_values:
            given = instance.given[name]
            with self._context.opened(f"{instance.prefix}{name}", "its value", given.node.span):
                traced = self.evaluate(given.instance, given.node, given.each)
            self._given_values[key] = traced
        return self._given_values[key]

    def local(self, instance: Instance, name: str, path: Path = ()) -> TracedValue:
        """Return what `path` reads of a local, in the maps around it.

        Of a map that is written out, only the entry that is read is evaluated: the others may come
        from what reads this one, and what reads it waits for nothing that they come from.

        Raises:
            DiagnosticError: Where the value is or holds a secret.
        """
        node = instance.locals[name]
        entered: tuple[str, ...] = ()
        for step in path:
            if step not in node.entries or any("${" in key for key in node.entries):
                break
            entered = (*entered, str(step))
            node = node.entries[str(step)]
        key = (id(instance), (name, *entered), len(self._context.groups))
        memo = self._locals.get(key)
        if memo is None:
            address = ".".join((f"{instance.prefix}{name}", *entered))
            with self._context.opened(address, "its value", node.span):
                memo = self.evaluate(instance, node, None)
            for secret in check_values(memo.value, node, name):
                raise DiagnosticError(secret)
            self._locals[key] = memo
        value = memo.value
        for step in reversed(entered):
            value = {step: value}
        return TracedValue(value, memo.sources)

    def _parameter_or_local(
        self, instance: Instance, name: str, each: TracedValue | None
    ) -> TracedValue | None:
        """Return the meaning of a name that is no resource and no module, or None."""
        if name == EACH:
            return each
        if name == ENVIRONMENT:
            return TracedValue(self.environment_value())
        if name == GROUPS and not instance.prefix:
            return TracedValue(self._context.groups)
        if name == GROUP and instance.group:
            return TracedValue(ResourceValue(instance.group))
        return self.parameter(instance, name)

    def environment_value(self) -> Bound:
        """Return the values that expressions read of the environment."""
        environment = self._context.environment
        return {
            "name": environment.name,
            "cloud": environment.cloud_names,
            "tenantId": environment.tenant_id,
            "subscriptions": dict(environment.subscriptions),
            "egress": [
                {"fqdns": list(e.fqdns), "ports": list(e.ports), "reason": e.reason}
                for e in environment.egress
            ],
        }

    def _module_outputs(self, instance: Instance, chain: Chain, span: Span) -> TracedValue:
        module = self._context.open_module(instance, chain.root)
        if module is None:
            return TracedValue(None)
        if isinstance(module, Instance):
            return self._some_outputs(module, chain.path[:1], chain, span)
        keys = [k for k in module if not chain.path or k == str(chain.path[0])]
        found = {k: self._some_outputs(module[k], chain.path[1:2], chain, span) for k in keys}
        return TracedValue(
            {key: traced.value for key, traced in found.items()},
            frozenset().union(*(traced.sources for traced in found.values())),
        )

    def _some_outputs(
        self, module: Instance, wanted: tuple[str | int, ...], chain: Chain, span: Span
    ) -> TracedValue:
        names = [str(name) for name in wanted] or list(module.outputs)
        values: dict[str, Bound] = {}
        sources: set[str] = set()
        for name in names:
            taken = self._outputs.get((id(module), name))
            if taken is not None:
                values[name] = taken.value
                sources |= taken.sources
                continue
            if name not in module.outputs:
                raise DiagnosticError(
                    error(
                        "unknown-output",
                        f"the module {chain.root!r} has no output {name!r}.",
                        span,
                        nearest(name, list(module.outputs)),
                    )
                )
            traced = self.evaluate(module, module.outputs[name], None)
            values[name] = traced.value
            sources |= traced.sources
        return TracedValue(values, frozenset(sources))

    def take_outputs(self, module: Instance, outputs: Mapping[str, TracedValue]) -> None:
        """Take in values of outputs that need not be evaluated."""
        for name, traced in outputs.items():
            self._outputs[id(module), name] = traced

    def _check_chain(self, bound: Bound, chain: Chain, span: Span) -> None:
        """Check that the type of a resource has the property that a chain reads.

        Raises:
            DiagnosticError: Where it does not (`unknown-property`).
        """
        path = list(chain.path)
        while path and isinstance(bound, Mapping):
            if path[0] not in bound:
                return
            bound = bound[str(path.pop(0))]
        if not isinstance(bound, ResourceValue) or not path:
            return
        resource_type = self._context.placed[bound.address].type_in(self._context.catalog)
        model_path: list[str] = []
        for step in path:
            if step in ("id", "name", "type") and not model_path:
                return
            here = [*model_path, "[]" if isinstance(step, int) else step]
            before = (
                self._context.catalog.schemas.find(resource_type.name, model_path)
                if model_path
                else None
            )
            if before is not None and before.read_only:
                return
            if self._context.catalog.schemas.find(resource_type.name, here) is None:
                model = self._context.catalog.schemas.model_at(resource_type.name, model_path)
                if (model is not None and model.open_ended) or _is_open(before):
                    return
                raise DiagnosticError(
                    error(
                        "unknown-property",
                        f"{chain} does not exist: {resource_type.name} has no "
                        f"{'.'.join(here).replace('.[]', '[]')}.",
                        span,
                        nearest(str(step), list(model.properties)) if model else None,
                    )
                )
            model_path = here

    def _sources_of(self, expression: Expression, scope: Names) -> frozenset[str]:
        found: set[str] = set()
        for chain in expression.chains:
            traced = scope[chain.root]
            if chain.root == EACH and chain.path == ("key",):
                continue  # It was known before anything was placed: there is nothing to wait for.
            found |= traced.sources
            bound: Bound = traced.value
            for step in chain.path:
                if not isinstance(bound, Mapping) or step not in bound:
                    break
                bound = bound[str(step)]
            found |= set(addresses_in(bound))
        return frozenset(found)

    def _known_body(self, address: str) -> Mapping[str, Value] | None:
        found = self._resources.get(address)
        if found is None:
            found = self._resources[address] = _KnownResource(self._context, address)
        return found


class _KnownResource(Mapping[str, Value]):
    """A resource as expressions read it; its body is evaluated when it is read."""

    def __init__(self, context: Context, address: str) -> None:
        self._context = context
        self._address = address
        self._read: tuple[Mapping[str, Value], Mapping[str, Value]] | None = None

    def __getitem__(self, key: str) -> Value:
        if key in ("id", "name", "type"):
            resource, _ = self._context.identify(self._address)
            return {"id": resource.text, "name": resource.name, "type": resource.type}[key]
        return self._readable_body()[key]

    def __iter__(self) -> Iterator[str]:
        return iter({"id", "name", "type", *self._readable_body()})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _readable_body(self) -> Mapping[str, Value]:
        """Return the body as expressions may read it.

        What no document shows where the file states it is shown nowhere else.
        """
        body = self._context.body_of(self._address)
        if self._read is None or self._read[0] is not body:
            catalog = self._context.catalog
            known = self._context.placed[self._address].type_in(catalog)
            self._read = (
                body,
                conceal_sensitive(known, catalog.schemas, self._address, body, is_live=False),
            )
        return self._read[1]


def _is_open(prop: Property | None) -> bool:
    return prop is not None and prop.shape.kind is Kind.ANY


def _refuse_expressions(default: Node) -> None:
    """Check that a default holds no expressions: it is taken as it is written.

    Raises:
        DiagnosticError: At the first expression (`bad-expression`).
    """
    for node in default.walk():
        texts = [(key, node.key_spans[key]) for key in node.entries]
        if isinstance(node.value, str):
            texts.append((node.value, node.span))
        for text, span in texts:
            if "${" in text:
                raise DiagnosticError(
                    error(
                        "bad-expression",
                        f"the default holds the expression {_short_text(text)}.",
                        span,
                        "A default is taken as it is written: give the value where it is used.",
                    )
                )


def _wrong_key(name: str, value: Bound, span: Span) -> Diagnostic:
    what = str(value) if isinstance(value, Unknown) else repr(value)
    return error(
        "bad-expression",
        f"the key {_short_text(name)} is {what}.",
        span,
        "Expected a text that is known before anything is applied.",
    )


def _short_text(text: str) -> str:
    return repr(text) if len(text) <= 200 else f"{text[:197]!r}…"


def _reason_of(problem: ExpressionError) -> str:
    text = str(problem)
    return text if text.startswith(("cannot", "does not", "gives")) else f"has no value: {text}"


def _join_readings(one: Mapping[str, Bound], other: Mapping[str, Bound]) -> Mapping[str, Bound]:
    """Return two readings of one name (different outputs of a module) as one."""
    joined = dict(one)
    for key, item in other.items():
        before = joined.get(key)
        joined[key] = (
            _join_readings(before, item)
            if isinstance(before, Mapping) and isinstance(item, Mapping)
            else item
        )
    return joined
