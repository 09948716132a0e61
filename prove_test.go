package amends

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A part that the page forgets is proved for nobody, and a part that is listed but never run
// shows as "not run" for ever.
func TestThePageOfTheProofHasEveryPart(t *testing.T) {
	t.Parallel()
	read := func(file string) string {
		text, err := os.ReadFile("scripts/" + file)
		require.NoError(t, err)
		return string(text)
	}
	first := func(text, pattern string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, strings.Fields(m[1])...)
		}
		slices.Sort(all)
		return all
	}
	prove, page := read("prove.sh"), read("proof-page.sh")
	parts := first(prove, `(?m)^part ([a-z-]+) \d+ `)
	require.NotEmpty(t, parts)
	require.Equal(t, parts, first(prove, `parts=\$\{PARTS:-([a-z -]+)\}`), "those that run by default")
	require.Equal(t, parts, first(page, `for p in ([a-z -]+); do`), "those of the table")
	require.Equal(t, parts, first(page, `(?m)^\$\(part ([a-z-]+) [a-z_]+\)$`), "those with a section")
	for _, m := range regexp.MustCompile(`(?m)^\$\(part [a-z-]+ ([a-z_]+)\)$`).FindAllStringSubmatch(page, -1) {
		require.Regexp(t, `(?m)^`+m[1]+`\(\) \{`, page, "it is read by a function")
	}
}
