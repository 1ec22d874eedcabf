"""The template functions whose value depends on their arguments alone, by lower-case name."""

from provisioner.simulator.template_language.array_functions import ARRAY_FUNCTIONS
from provisioner.simulator.template_language.date_functions import DATE_FUNCTIONS
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.lambda_functions import LAMBDA_FUNCTIONS
from provisioner.simulator.template_language.logical_functions import LOGICAL_FUNCTIONS
from provisioner.simulator.template_language.network_functions import NETWORK_FUNCTIONS
from provisioner.simulator.template_language.numeric_functions import NUMERIC_FUNCTIONS
from provisioner.simulator.template_language.object_functions import OBJECT_FUNCTIONS
from provisioner.simulator.template_language.string_functions import STRING_FUNCTIONS
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def _fail(message: Value) -> Value:
    raise ExpressionError(f"the template asked for it to fail: {message}")


PLAIN_FUNCTIONS: Functions = {
    **ARRAY_FUNCTIONS,
    **DATE_FUNCTIONS,
    **LAMBDA_FUNCTIONS,
    **LOGICAL_FUNCTIONS,
    **NETWORK_FUNCTIONS,
    **NUMERIC_FUNCTIONS,
    **OBJECT_FUNCTIONS,
    **STRING_FUNCTIONS,
    "fail": _fail,
}
