package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

// File reads an exported history. Its error describes the expected format and does
// not name the file.
func File(path string) (History, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return History{}, err
	}
	events, err := parse(data)
	if err != nil {
		return History{}, fmt.Errorf("it is not a history as `temporal workflow show -o json` or "+
			"`tctl workflow show --output_filename` writes it: %w", err)
	}
	return History{Name: path, Events: events}, nil
}

func parse(data []byte) (*historypb.History, error) {
	h, err := client.HistoryFromJSON(bytes.NewReader(data), client.HistoryJSONOptions{})
	if err == nil && len(h.GetEvents()) > 0 {
		return h, nil
	}
	// encoding/json has better messages about malformed JSON.
	var object struct{ Events []json.RawMessage }
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if len(object.Events) == 0 {
		return nil, errors.New(`it has no "events"`)
	}
	return nil, err
}

// Files returns path itself if it is a file, otherwise every *.json file in the
// folder and its subfolders, sorted.
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
