// Package helm holds the tests of the chart beside it. They render it for each file of
// testdata/values, decode every manifest strictly, compare it with a golden file, and
// compare its network policies with the table of callers. The table itself, and the list
// of processes, are compared with the code by package deploy.
package helm
