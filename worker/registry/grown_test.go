package registry

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// grown returns nil if every reader of was can read is: nothing is gone and nothing has
// another value.
func grown(was, is sample) error {
	var data [2]any
	for i, s := range []sample{was, is} {
		if err := json.Unmarshal(s.Data, &data[i]); err != nil {
			return err
		}
	}
	if was.Topic != is.Topic || was.Key != is.Key {
		return fmt.Errorf("it was told as %s/%s and is told as %s/%s", was.Topic, was.Key, is.Topic, is.Key)
	}
	for name, value := range was.Headers {
		if is.Headers[name] != value {
			return fmt.Errorf("header %s was %q and is %q", name, value, is.Headers[name])
		}
	}
	return within("data", data[0], data[1])
}

// within returns nil if is has everything that was has, with equal values.
func within(where string, was, is any) error {
	switch was := was.(type) {
	case map[string]any:
		now, ok := is.(map[string]any)
		if !ok {
			return fmt.Errorf("%s was an object", where)
		}
		for name, value := range was {
			if err := within(where+"."+name, value, now[name]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		now, ok := is.([]any)
		if !ok || len(now) != len(was) {
			return fmt.Errorf("%s was a list of %d", where, len(was))
		}
		for i := range was {
			if err := within(where, was[i], now[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(was, is) {
		return fmt.Errorf("%s was %v and is %v", where, was, is)
	}
	return nil
}

func TestASampleMayOnlyGrow(t *testing.T) {
	t.Parallel()
	of := func(data string) sample {
		return sample{Topic: "evt.a.b", Key: "1", Headers: map[string]string{"ce-type": "amends.a.b.v1"}, Data: json.RawMessage(data)}
	}
	was := of(`{"a": 1, "b": [{"c": "x"}]}`)
	require.NoError(t, grown(was, was))
	require.NoError(t, grown(was, of(`{"a": 1, "b": [{"c": "x", "new": true}], "d": 2}`)))
	for name, is := range map[string]sample{
		"a field is gone":        of(`{"b": [{"c": "x"}]}`),
		"a field has a new name": of(`{"A": 1, "b": [{"c": "x"}]}`),
		"a type is another":      of(`{"a": "1", "b": [{"c": "x"}]}`),
		"an inner field is gone": of(`{"a": 1, "b": [{"new": "x"}]}`),
		"a list is a value":      of(`{"a": 1, "b": {"c": "x"}}`),
		"another topic":          {Topic: "evt.a.c", Key: "1", Headers: was.Headers, Data: was.Data},
		"a header is gone":       {Topic: was.Topic, Key: "1", Data: was.Data},
	} {
		require.Error(t, grown(was, is), name)
	}
}
