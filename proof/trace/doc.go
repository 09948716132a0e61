// Package trace proves that one trace leads from a request to the statements, to the
// publications and, by a link, to the listeners. It has tests only.
package trace
