package asyncapi_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/asyncapi"
	"github.com/amends/amends/worker/registry"
)

const contract = "../../api/contract/"

type money struct {
	Minor int64 `json:"amount"` // in cents
}

type inner struct {
	Amount money `json:"amount"`
}

type sold struct {
	// Units are whole.
	Units int `json:"units"`
	inner
	Note string `json:"note,omitempty"`
}

func TestTheServedDocumentIsThatOfTheCode(t *testing.T) {
	t.Parallel()
	want, err := asyncapi.Document(os.DirFS("../.."), registry.Facts(), nil)
	require.NoError(t, err)
	got, err := os.ReadFile(contract + "asyncapi.yaml")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run make generate")
}

// A release's readers are kept: see breaking.
func TestTheDocumentBreaksNoReaderOfARelease(t *testing.T) {
	t.Parallel()
	now := read(t, contract+"asyncapi.yaml")
	files, err := filepath.Glob(contract + "released/*/asyncapi.yaml")
	require.NoError(t, err)
	for _, file := range files {
		require.Empty(t, breaking(read(t, file), now), file)
	}
}

func TestDocumentDescribesEveryVersionAndListener(t *testing.T) {
	t.Parallel()
	first := event.Declaration{Service: "shop", Name: "sold", Version: 1, Key: "sku", State: true, Urgent: true, About: "Sold."}
	second := first
	second.Version, second.State = 2, false
	facts := []event.Declaration{event.Declare[sold](first).Declaration, event.Declare[sold](second).Declaration}
	text, err := asyncapi.Document(os.DirFS("../.."), facts, []event.Listener{{Group: "query", Facts: facts}})
	require.NoError(t, err)
	doc := parse(t, text)
	require.Equal(t, "evt.shop.sold", at(doc, "channels", "shop.sold", "address"))
	require.Len(t, at(doc, "channels", "shop.sold", "messages"), 2)
	require.Equal(t, "send", at(doc, "operations", "tell.shop.sold", "action"))
	require.Equal(t, "receive", at(doc, "operations", "query.hear.shop.sold", "action"))
	require.Equal(t, true, at(doc, "components", "messages", "amends.shop.sold.v1", "x-urgent"))
	require.Contains(t, at(doc, "components", "schemas", "StateHeaders", "required"), "ce-sequence")
	require.NotContains(t, at(doc, "components", "schemas", "StepHeaders", "properties"), "ce-sequence")
	schema := []string{"components", "schemas", "amends.shop.sold.v2"}
	require.Equal(t, []any{"units", "amount"}, at(doc, append(schema, "required")...))
	require.Equal(t, "string", at(doc, append(schema, "properties", "note", "type")...))
	require.Equal(t, "integer", at(doc, append(schema, "properties", "amount", "properties", "amount", "type")...))
}

func read(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return parse(t, text)
}

func parse(t *testing.T, text []byte) (doc map[string]any) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal(text, &doc))
	return doc
}

// at returns the value at a path of keys; nil: there is none.
func at(doc map[string]any, path ...string) any {
	var here any = doc
	for _, name := range path {
		of, _ := here.(map[string]any)
		here = of[name]
	}
	return here
}
