"""The field's own clients against the built-in Azure, unchanged and with nothing in front.

`make interop` installs az into an environment of its own (by the hashes of requirements.lock),
builds the Go program of tests/clients/go, starts `azsec local serve --tls`, and runs them.
"""
