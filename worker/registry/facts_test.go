package registry

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
)

// samples is the folder of the frozen messages: one of each type as it is told today,
// and, below released, those of every release.
const samples = "../../testdata/events"

// sample is a whole message.
type sample struct {
	Topic   string            `json:"topic"`
	Key     string            `json:"key"`
	Headers map[string]string `json:"headers"`
	Data    json.RawMessage   `json:"data"`
}

func readSample(t *testing.T, path string) (s sample) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&s), path)
	return s
}

func declared() map[string]event.Declaration {
	all := map[string]event.Declaration{}
	for _, f := range Facts() {
		all[f.Type()] = f
	}
	return all
}

func TestFactsAreDeclaredForReaders(t *testing.T) {
	t.Parallel()
	require.Len(t, declared(), len(Facts()), "two facts of one type")
	for _, r := range All {
		require.True(t, len(r.facts) > 0 || r.Listen != nil, "%s neither tells nor hears", r.Name)
		for _, f := range r.facts {
			require.Equal(t, r.Name, f.Service, f.Type())
			require.Regexp(t, `^[a-z]+(_[a-z]+)*$`, f.Name, "an element of a subject")
			require.Positive(t, f.Version, f.Type())
			require.Contains(t, []string{"order", "sku", "user", "recipient"}, f.Key, f.Type())
			require.Regexp(t, `^[A-Z].*\.$`, f.About, "%s: a sentence", f.Type())
			require.Equal(t, reflect.Struct, f.Data().Kind(), f.Type())
		}
	}
}

func TestEveryFactHasASampleThatIsReadWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(samples + "/*.json")
	require.NoError(t, err)
	frozen := map[string]bool{}
	for _, file := range files {
		frozen[strings.TrimSuffix(filepath.Base(file), ".json")] = true
		value := read(t, file)
		requireNoneZero(t, file, value)
	}
	for name := range declared() {
		require.True(t, frozen[name], "%s has no sample %s/%s.json", name, samples, name)
	}
}

// A type that was ever released is read for ever, and its sample only grows.
func TestEverySampleOfAReleaseIsRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(samples + "/released/*/*.json")
	require.NoError(t, err)
	for _, file := range files {
		read(t, file)
		require.NoError(t, grown(readSample(t, file), readSample(t, filepath.Join(samples, filepath.Base(file)))), file)
	}
}

// read requires that the current code reads the message of a file and would write it
// again with every header and every field that it has. It returns the data.
func read(t *testing.T, file string) reflect.Value {
	t.Helper()
	s := readSample(t, file)
	message := event.Message{ID: s.Headers["ce-id"], Topic: s.Topic, Key: s.Key, Header: s.Headers, Data: s.Data}
	e, err := event.Decode(message)
	require.NoError(t, err, file)
	require.Equal(t, message, event.Encode(e), file)
	require.Equal(t, strings.TrimSuffix(filepath.Base(file), ".json"), e.Type, file)

	f, known := declared()[e.Type]
	require.True(t, known, "%s: no service tells it any more", file)
	require.Equal(t, f.State, e.Sequence > 0, "%s: a sequence is that of a state fact", file)
	value := reflect.New(f.Data())
	d := json.NewDecoder(bytes.NewReader(s.Data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(value.Interface()), "%s has a field that is read no more", file)
	again, err := json.Marshal(value.Interface())
	require.NoError(t, err)
	require.JSONEq(t, string(s.Data), string(again), file)
	return value.Elem()
}

// requireNoneZero requires that a sample shows every field of its type.
func requireNoneZero(t *testing.T, where string, v reflect.Value) {
	t.Helper()
	require.False(t, v.IsZero(), "%s shows no value of it: add one to the sample", where)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				requireNoneZero(t, where+" "+f.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			requireNoneZero(t, where, v.Index(i))
		}
	default:
	}
}
