"""ARM deployments: a template is prepared, its resources are written in order, the result recorded.

`requests` reads the body; `prepared_deployment` validates everything that can be before the first
write; `execution` writes; `records` keeps what GET answers; `what_if` runs an execution and undoes
it. The language itself is `simulator.template_language`.
"""
