package sources

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestLinesThatNameAStepAreCounted(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"workflows/a.go":             {Data: []byte("package a\n\n// Book books.\nvar bookings, booked = \"x\", \"book\" // book\nvar other = 1\n")},
		"workflows/a_test.go":        {Data: []byte("package a\n\nvar book = 1\n")},
		"workflows/below/a.go":       {Data: []byte("package below\n\nvar book = 1\n")},
		"activities/b.go":            {Data: []byte("package b\n\nvar a = 1\nvar (\n\treserve = 1\n\tauthorized = Book\n)\n")},
		"reactions/c.go":             {Data: []byte("package c\n\nvar reserved = authorize(1)\nvar shelf = \"shipping.book\"\n")},
		"services/order/course/d.go": {Data: []byte("package d\n\nfunc Booked() {}\n")},
	}
	all, err := Steps(tree)
	require.NoError(t, err)
	require.Equal(t, []Step{
		{"inventory.reserve", Code{1, 1}, Code{1, 1}},
		{"payment.authorize", Code{1, 1}, Code{1, 1}},
		{"shipping.book", Code{2, 2}, Code{2, 2}},
	}, all)
	delete(tree, "reactions/c.go")
	_, err = Steps(tree)
	require.EqualError(t, err, "inventory.reserve is named nowhere")
}

func TestTheStepsOfThisTreeAreNamed(t *testing.T) {
	t.Parallel()
	all, err := Steps(os.DirFS("../../.."))
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Contains(t, Table(all).Markdown(), "| shipping.book | ")
}
