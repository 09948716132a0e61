package attribute

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSearchAttributesAreDeclaredOnce keeps one list: a second one would drift,
// and an engine without an attribute refuses every order.
func TestSearchAttributesAreDeclaredOnce(t *testing.T) {
	t.Parallel()
	require.Len(t, All, 3)
	found := map[string][]string{}
	root := os.DirFS(filepath.Join("..", "..", ".."))
	require.NoError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, a := range All {
			if strings.Contains(string(text), `"`+a.Name) {
				found[a.Name] = append(found[a.Name], path)
			}
		}
		return nil
	}))
	for _, a := range All {
		require.Equal(t, []string{"workflows/contract.go"}, found[a.Name], a.Name)
	}
}
