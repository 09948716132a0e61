package amends

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocsLinksResolve follows every relative link of every page, headings included.
func TestDocsLinksResolve(t *testing.T) {
	t.Parallel()

	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pages := 0
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			if d != nil && d.IsDir() && path != "." && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir // for example the databases of `amends dev`
			}
			return err
		}
		pages++
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
			} else if heading != "" && filepath.Ext(target) == ".md" {
				page, err := os.ReadFile(target)
				require.NoError(t, err)
				require.Contains(t, headings(string(page)), heading, path)
			}
		}
		return nil
	}))
	require.Greater(t, pages, 10)
}

// headings returns the anchors of a page's headings, in GitHub's form.
func headings(page string) []string {
	var anchors []string
	for line := range strings.SplitSeq(page, "\n") {
		if _, text, ok := strings.Cut(line, "# "); ok && strings.HasPrefix(line, "#") {
			text = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(text), "")
			anchors = append(anchors, strings.ReplaceAll(text, " ", "-"))
		}
	}
	return anchors
}
