package replay

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"
)

// File reads one exported history.
func File(path string) (h History, err error) {
	f, err := os.Open(path)
	if err != nil {
		return History{}, err
	}
	defer f.Close()
	events, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
	if err != nil {
		return History{}, fmt.Errorf("%s is not an exported history: %w", path, err)
	}
	return History{Name: path, Events: events}, nil
}

// Files returns the paths of the histories at path, by name: path itself if it
// is a file, else every *.json in the folder and those below it.
func Files(path string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && (p == path || strings.HasSuffix(p, ".json")) {
			files = append(files, p)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}
