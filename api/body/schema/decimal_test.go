package schema_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/internal/strictjson"
)

func TestDecimals(t *testing.T) {
	t.Parallel()
	share := openapi3.NewFloat64Schema().WithMin(0).WithMax(1)
	s := openapi3.NewObjectSchema().WithProperty("share", share).WithProperty("count", openapi3.NewInt64Schema()).
		WithProperty("all", openapi3.NewArraySchema().WithItems(share)).WithProperty("in", openapi3.NewObjectSchema().WithProperty("share", share))
	for text, want := range map[string][]string{
		`{"share": 0.01, "all": [0.5, 1], "in": {"share": 1e-3}}`: nil,
		`{"share": 1, "count": 7}`:                                nil,
		`{"share": 1.5}`:                                          {"/share"},
		`{"in": {"share": -0.5}}`:                                 {"/in/share"},
		`{"all": [0.5, 2.5]}`:                                     {"/all/1"},
		`{"share": 1e400}`:                                        {"/share"},
		`{"share": "0.5"}`:                                        {"/share"},
		`{"count": 1.5}`:                                          {"/count"},
		`{"count": 1e3}`:                                          {"/count"},
		`{"count": 1.0}`:                                          {"/count"},
	} {
		value, err := strictjson.Parse([]byte(text), strictjson.Limits{Depth: 10, Fields: 10, Name: 100, Values: 100})
		require.NoError(t, err)
		var got []string
		for _, f := range schema.Violations(s, value) {
			got = append(got, f.Pointer)
		}
		require.Equal(t, want, got, text)
	}
}
