"""Azure Policy: assignments that deny a write, compliance states, external evaluations.

`scope` selects the assignments that apply to a resource, `rules` evaluates their rules,
`restrictions` refuses writes, `compliance` and `states` report. What is not evaluated is never
reported as compliant.
"""
