package strictjson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse compares with encoding/json: what is accepted here is JSON and means
// the same there, and every refusal says why.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `{`, `null`, `"x"`, `{} {}`, `{"a":1,"a":2}`, `"\ud800"`, `"\ud83d\ude00"`, `"\u0000"`, "\ufeff{}", "\"\xff\"",
		`[1.5,1e3,1e400,-0,9223372036854775808]`, `[[[[]]]]`, `{"a":{"b":["c",{"d":null}]}}`, `"\\\""`, `{"":{"":0}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse(data, Limits{Depth: 4, Fields: 8, Name: 16, Values: 64})
		if err != nil {
			var refused *Error
			require.ErrorAs(t, err, &refused)
			require.NotEmpty(t, refused.Issues)
			require.NotEmpty(t, refused.Error())
			return
		}
		require.True(t, json.Valid(data))

		var want any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&want))
		require.Equal(t, want, numbers(got))
	})
}

// numbers returns v with its numbers as encoding/json has them.
func numbers(v any) any {
	switch v := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	case Number:
		return json.Number(v)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
		return v
	default:
		return v
	}
}
