package words

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLanguageHasEveryText(t *testing.T) {
	t.Parallel()
	verbs := regexp.MustCompile(`%(\[\d\])?[a-z]`)
	for _, w := range all[1:] {
		require.Equal(t, slices.Sorted(maps.Keys(all[0].texts)), slices.Sorted(maps.Keys(w.texts)), w.Lang)
		for name, text := range w.texts {
			require.NotEmpty(t, text, name)
			require.ElementsMatch(t, verbs.FindAllString(all[0].texts[name], -1), verbs.FindAllString(text, -1), name)
		}
	}
}

// TestEveryTextIsUsed finds names in templates and in code; those of a group are made of codes.
func TestEveryTextIsUsed(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, pattern := range []string{"../*/*.go", "../pages/*.html", "../parts/*.html"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range found {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			sources.Write(content)
		}
	}
	for name := range all[0].texts {
		group, _, _ := strings.Cut(name, ".")
		if all[0].texts[group+".other"] == "" {
			require.Contains(t, sources.String(), `"`+name+`"`)
		} else {
			require.Contains(t, sources.String(), `"`+group+`"`)
		}
	}
}

func TestTheLanguageIsTheReaders(t *testing.T) {
	t.Parallel()
	require.Equal(t, "de", In("", "de-AT, en;q=0.5").Lang)
	require.Equal(t, "en", In("en", "de").Lang)
	require.Equal(t, "en", In("", "fr").Lang)
	require.Equal(t, "en", In().Lang)
}
