"""The ARM template language: reading, checking and evaluating templates.

`templates` reads a template and checks it as a whole; `instances` expands its resources in a scope;
`dependencies` orders them; `parameters` and `expressions` evaluate, with the functions of the
`*_functions` modules. Nothing here reads the state of the cloud: functions that do (`reference`,
`list*`, `deployment()`) are passed in by `deployments`.

The implementation is the simulator's own: `provisioner.export` writes templates, and a shared
parser would repeat the exporter's mistakes instead of finding them.
"""
