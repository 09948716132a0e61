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

// File reads an exported history. An error about its content is a [BadExport], describes the
// expected format and does not name the file.
func File(path string) (History, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return History{}, err
	}
	events, err := parse(data)
	if err != nil {
		return History{}, BadExport{fmt.Errorf("it is not a history as `temporal workflow show -o json` or "+
			"`tctl workflow show --output_filename` writes it: %w", err)}
	}
	return History{Name: path, Events: events}, nil
}

func parse(data []byte) (*historypb.History, error) {
	events, err := eventsOf(data)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, errors.New(`it has no "events"`)
	}
	whole, err := json.Marshal(map[string]any{"events": events})
	if err != nil {
		return nil, err
	}
	return client.HistoryFromJSON(bytes.NewReader(whole), client.HistoryJSONOptions{})
}

// eventsOf returns the events of an export: those of an object, as the tools write it, an
// array of events, as its users cut it out, or either as "history", as the engine's own
// API answers. It leaves each event to its parser: encoding/json has the better messages
// about malformed JSON.
func eventsOf(data []byte) (events []json.RawMessage, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = json.Unmarshal(data, &events)
		return events, err
	}
	var object struct {
		Events  []json.RawMessage
		History json.RawMessage
	}
	if err := json.Unmarshal(data, &object); err != nil || len(object.Events) > 0 || len(object.History) == 0 {
		return object.Events, err
	}
	return eventsOf(object.History)
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
