"""One package a resource provider, one module a type; each module holds one `TYPE`."""
