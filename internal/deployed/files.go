package deployed

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Files returns the generated files below deploy/, by their paths there.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for path, documents := range map[string][]any{
		"helm/amends/files/callers.yaml": {Callers()},
		"mesh/linkerd/policy.yaml":       Linkerd(),
		"mesh/linkerd/profiles.yaml":     Profiles(),
	} {
		text, err := text(documents)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files[path] = text
	}
	return files, nil
}

const head = "# Code generated from internal/identity/policy/table.go by `go generate ./deploy`. DO NOT EDIT.\n"

func text(documents []any) ([]byte, error) {
	b := bytes.NewBufferString(head)
	e := yaml.NewEncoder(b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b.Bytes(), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
