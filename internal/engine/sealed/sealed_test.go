package sealed_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/engine/sealed"
)

var (
	older = sealed.Key{ID: "2026-10", Secret: bytes.Repeat([]byte{1}, 32)}
	newer = sealed.Key{ID: "2026-11", Secret: bytes.Repeat([]byte{2}, 32)}
)

func codec(t *testing.T, keys ...sealed.Key) *sealed.Codec {
	t.Helper()
	c, err := sealed.New(keys)
	require.NoError(t, err)
	return c
}

func payload(t *testing.T, v any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(v)
	require.NoError(t, err)
	return p
}

func one(t *testing.T, f func([]*commonpb.Payload) ([]*commonpb.Payload, error), p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	all, err := f([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestCodec(t *testing.T) {
	t.Parallel()

	t.Run("ShowsNothingAndOpensAgain", func(t *testing.T) {
		t.Parallel()
		c, plain := codec(t, newer), payload(t, "Birdcage Walk")
		sealedOne := one(t, c.Encode, plain)
		data, err := proto.Marshal(sealedOne)
		require.NoError(t, err)
		require.NotContains(t, string(data), "Birdcage")
		require.NotContains(t, string(data), "json/plain", "the encoding is sealed too")
		require.True(t, proto.Equal(plain, one(t, c.Decode, sealedOne)))
		require.False(t, proto.Equal(sealedOne, one(t, c.Encode, plain)), "equal values do not look equal")
	})

	t.Run("LeavesWhatIsPlainOrSealed", func(t *testing.T) {
		t.Parallel()
		c := codec(t, newer)
		before := payload(t, 1)
		require.True(t, proto.Equal(before, one(t, c.Decode, before)), "a history of before")
		raw, err := sealed.Plain("a record")
		require.NoError(t, err)
		require.True(t, proto.Equal(raw.Payload(), one(t, c.Encode, raw.Payload())))
		once := one(t, c.Encode, before)
		require.True(t, proto.Equal(once, one(t, c.Encode, once)))
	})

	t.Run("RotatesWithoutAPause", func(t *testing.T) {
		t.Parallel()
		of := payload(t, "x")
		was, both, after := codec(t, older), codec(t, older, newer), codec(t, newer, older)
		for _, writer := range []*sealed.Codec{was, both, after} {
			for _, reader := range []*sealed.Codec{both, after} {
				require.True(t, proto.Equal(of, one(t, reader.Decode, one(t, writer.Encode, of))))
			}
		}
		_, err := was.Decode([]*commonpb.Payload{one(t, after.Encode, of)})
		require.EqualError(t, err, `a payload is sealed with the key "2026-11", which is not among payload_keys`)
	})

	t.Run("RefusesWhatWasChanged", func(t *testing.T) {
		t.Parallel()
		c := codec(t, older, newer)
		p := one(t, c.Encode, payload(t, "x"))
		p.Data[len(p.Data)-1] ^= 1
		_, err := c.Decode([]*commonpb.Payload{p})
		require.ErrorContains(t, err, "does not open")
		p = one(t, c.Encode, payload(t, "x"))
		p.Metadata["encryption-key-id"] = []byte(newer.ID)
		_, err = c.Decode([]*commonpb.Payload{p})
		require.ErrorContains(t, err, "does not open")
		p.Data = nil
		_, err = c.Decode([]*commonpb.Payload{p})
		require.ErrorContains(t, err, "does not open")
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	const a, b = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="

	keys, rules := sealed.Parse("2026-10=" + a + ", 2026-11=" + b)
	require.Empty(t, rules)
	require.Equal(t, []sealed.Key{older, newer}, keys)
	keys, rules = sealed.Parse(" ")
	require.Empty(t, rules)
	require.Empty(t, keys)

	for text, want := range map[string]string{
		a[:20]:                 "must be id=key,id2=key2; entry 1 has no =",
		"a b=" + a:             "must name keys by 1 to 32 letters, digits, dots, dashes or underscores; entry 1 does not",
		"a=" + a[:40]:          "must have keys of 32 bytes in base64 (openssl rand -base64 32); that of entry 1 is not",
		"a=" + a + ",a=" + b:   "must name every key once; entries 1 and 2 have one name",
		"a=" + a + ",b=" + a:   "must have different keys; entries 1 and 2 have one",
		"a=" + a + ",":         "must be id=key,id2=key2; entry 2 has no =",
		strings.Repeat("=", 9): "must name keys by 1 to 32 letters, digits, dots, dashes or underscores; entry 1 does not",
	} {
		_, rules := sealed.Parse(text)
		require.Equal(t, []string{want}, rules, text)
	}
}
