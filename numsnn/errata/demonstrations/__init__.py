"""The errata's demonstrations, a module a paper: a few lines each, and the number they assert."""
