"""Builds the real etcd and kube-apiserver that the tests of the cluster talk to."""
