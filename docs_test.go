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

// pages returns the text of every page of the repository, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir // for example the databases of `amends dev`
			}
			return nil
		}
		if filepath.Ext(path) == ".md" {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			all[path] = string(text)
		}
		return nil
	}))
	require.Greater(t, len(all), 10)
	return all
}

// TestDocsLinksResolve follows every relative link of every page, headings included.
func TestDocsLinksResolve(t *testing.T) {
	t.Parallel()

	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for path, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
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
	}
}

// TestDocsUseTheGlossary keeps the terms of the pages to those of docs/glossary.md.
func TestDocsUseTheGlossary(t *testing.T) {
	t.Parallel()

	retired := regexp.MustCompile(`(?i)\b(decided against|the outside|heals?|healed|stretch of|nobody|somebody|whoever|everybody|anybody)\b`)
	code := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	all := pages(t)
	for path, text := range all {
		if word := retired.FindString(code.ReplaceAllString(text, "")); word != "" {
			t.Errorf("%s says %q: use the term of docs/glossary.md, or name who acts", path, word)
		}
	}
	require.Contains(t, all["README.md"], "](docs/glossary.md)")
	require.Contains(t, all["docs/architecture.md"], "](glossary.md)")
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

// TestTheSagaOfThePageIsTheExample finds every piece of code of the page in the example, so
// that what a reader copies is tested.
func TestTheSagaOfThePageIsTheExample(t *testing.T) {
	t.Parallel()

	var code strings.Builder
	require.NoError(t, filepath.WalkDir("examples/travel", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	}))
	page, err := os.ReadFile("docs/write-your-own-saga.md")
	require.NoError(t, err)
	pieces := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(pieces), 5)
	for _, piece := range pieces {
		require.Contains(t, code.String(), piece[1])
	}
}
